/** Stages that fail in every way they can: what is told, the exit code, and that nothing done is lost. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Event, Failure } from "../pipelines/run/event.ts";
import { allowed, isThere, outcomes, TINY, Workplace } from "./rig.ts";
import { CONFIG, own, STAGE } from "./run_stages.ts";

/** Processes are looked for in /proc. */
const linux = allowed("Linux' /proc", Deno.build.os === "linux");

/** Runs the config, which must fail with exit code 1, and answers how the node `one` failed. */
async function failureOf(place: Workplace, env: Record<string, string> = {}): Promise<Failure> {
  const events = await place.run([CONFIG], { code: 1, env });
  const ended = events.find((event) => event.type === "node-ended" && event.failure !== undefined);
  assert.ok(ended?.type === "node-ended" && ended.failure !== undefined);
  assert.ok(ended.logPath !== undefined, "the log's path is told");
  assert.ok(Deno.statSync(ended.logPath).isFile);
  return ended.failure;
}

/** A failing stage, and what is told of it. */
const CASES: readonly {
  readonly what: string;
  readonly body: string;
  readonly more?: string;
  readonly type: Failure["type"];
  readonly message: RegExp;
}[] = [
  {
    what: "that throws",
    body: 'throw new Error("No wheels on the bus");',
    type: "threw",
    message: /^No wheels on the bus$/,
  },
  {
    what: "that ends its process",
    body: "Deno.exit(7);",
    type: "threw",
    message: /^A stage has no Deno\.exit: it ends when `run` returns, and fails when that throws$/,
  },
  {
    what: "that runs out of memory",
    body:
      'const all: string[][] = []; for (;;) all.push(Array.from({ length: 1e5 }, (_, i) => "x" + i));',
    more: "check: () => ({ resources: { memory: 64 * 1024 * 1024 } }),",
    type: "out-of-memory",
    message: /^The stage ran out of memory$/,
  },
  {
    what: "that reads a file which it did not declare",
    body: 'await Deno.readTextFile("deno.json");',
    type: "permission",
    message: /^Stage "own" may not read "deno\.json"$/,
  },
  {
    what: "that connects to a host which it did not declare",
    body: 'await fetch("http://example.org/");',
    type: "permission",
    message: /^Stage "own" may not reach "example\.org:80"$/,
  },
  {
    what: "that starts a program",
    body: 'await new Deno.Command("/bin/true").output();',
    type: "permission",
    message: /^Stage "own" may not start or end a process: "\/bin\/true"$/,
  },
  {
    what: "that draws from Math.random",
    body: "numbers[0] = Math.random();",
    type: "threw",
    message: /^A stage has no Math\.random: draw from numerics\/random\.ts/,
  },
  {
    what: "that draws a random name",
    body: "crypto.randomUUID();",
    type: "threw",
    message: /^A stage has no random names/,
  },
  {
    what: "that reads a seed which it did not declare",
    body: "numbers[0] = (arguments[0] as { seed: number }).seed;",
    type: "threw",
    message: /^This stage has no seed: declare `random: true` to get one$/,
  },
  {
    what: "that writes another dtype than it declared",
    body: 'await outputs.out.write("numbers", "float32", [1], Float32Array.of(1)); return;',
    type: "bad-output",
    message:
      /^Tensor "numbers" of output "out" is float32 of rank 1: float64 of rank 1 was declared$/,
  },
  {
    what: "that forgets an output",
    body: "return;",
    type: "bad-output",
    message: /^Output "out" lacks the tensor "numbers": nothing was written$/,
  },
];

for (const { what, body, more, type, message } of CASES) {
  Deno.test(`a stage ${what} fails the run, and is told as such`, async () => {
    await using place = await Workplace.copy();
    own(place, body, more);
    if (body.includes("arguments[0]")) {
      place.edit(
        STAGE,
        "async run({ params, inputs, outputs, progress, log, signal, checkpoints, checkpointDue }) {",
        "async run(context) {\n    const { params, inputs, outputs, progress, log, signal } = context;\n    const { checkpoints, checkpointDue } = context;",
      );
      place.edit(STAGE, "(arguments[0] as { seed: number }).seed", "context.seed");
    }
    const failure = await failureOf(place);
    assert.equal(failure.type, type, failure.message);
    assert.match(failure.message, message);
  });
}

Deno.test({
  name: "a stage process that is killed is told as such",
  ...linux,
  async fn() {
    await using place = await Workplace.copy();
    own(
      place,
      "progress({ done: 0, total: 1, unit: 'wait' }); for (;;) await new Promise((resolve) => setTimeout(resolve, 20));",
    );
    const events = await place.run([CONFIG], {
      code: 1,
      onLine(line) {
        if (line.includes('"node-progress"')) {
          for (const pid of stagePids(place)) Deno.kill(pid, "SIGKILL");
        }
      },
    });
    const ended = events.find((event) => event.type === "node-ended");
    assert.ok(ended?.type === "node-ended");
    assert.equal(ended.failure?.type, "killed");
    assert.equal(ended.failure?.message, "The stage process was killed by SIGKILL");
  },
});

/** Processes that run a bundle of this place's store. */
function stagePids(place: Workplace): number[] {
  // Deno itself reads these files only with the right to everything. The brackets keep grep from finding itself.
  const pattern = join(place.store, "bundles").replace("/", "[/]");
  const { stdout } = new Deno.Command("sh", {
    args: ["-c", `grep -la '${pattern}' /proc/[0-9]*/cmdline`],
    stderr: "null",
  }).outputSync();
  return [...new TextDecoder().decode(stdout).matchAll(/\d+/g)].map(Number);
}

/** Waits until there is no such process; fails the test after ten seconds. */
async function noStages(place: Workplace): Promise<void> {
  const last = performance.now() + 10_000;
  while (stagePids(place).length > 0) {
    assert.ok(performance.now() < last, "stage processes are left");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const TWO = `stages:
  one: { uses: ./own.ts, with: { value: 1 } }
  bad: { uses: ./own.ts, with: { text: fail } }
  after: { uses: ./own.ts, with: { value: 2 }, inputs: { before: bad } }
  last: { uses: ./own.ts, with: { value: 3 }, inputs: { before: one } }
`;

async function twoPlace(): Promise<Workplace> {
  const place = await Workplace.copy();
  own(place, 'if (params.text === "fail") throw new Error("Asked to fail");');
  place.write(CONFIG, TWO);
  return place;
}

Deno.test("after a failure nothing is begun, what was done is kept, and the next run goes on from there", async () => {
  await using place = await twoPlace();
  const first = outcomes(await place.run([CONFIG, "--jobs", "1"], { code: 1 }));
  assert.deepEqual(first, {
    ran: ["one"],
    failed: ["bad"],
    blocked: ["after"],
    cancelled: ["last"],
  });
  place.write(CONFIG, TWO.replace("text: fail", "text: fine"));
  const second = outcomes(await place.run([CONFIG]));
  assert.deepEqual(second["hit"], ["one"]);
  assert.deepEqual(second["ran"]?.sort(), ["after", "bad", "last"]);
});

Deno.test("with --keep-going all runs that does not depend on what failed", async () => {
  await using place = await twoPlace();
  const found = outcomes(await place.run([CONFIG, "--keep-going"], { code: 1 }));
  assert.deepEqual(found["ran"]?.sort(), ["last", "one"]);
  assert.deepEqual(found["failed"], ["bad"]);
  assert.deepEqual(found["blocked"], ["after"]);
});

Deno.test("a failure is printed with its node, its help and its log, and no stack but with --debug", async () => {
  await using place = await twoPlace();
  const plain = await place.do(["run", CONFIG]);
  assert.equal(plain.code, 1);
  assert.match(
    plain.stdout,
    /^error: bad: Asked to fail\n {2}at: configs\/own\.ts:14:39\n {2}log: .*bad\.log$/m,
  );
  assert.doesNotMatch(plain.stdout + plain.stderr, /\bat .*\.(?:js|ts):\d.*\)/);
  const debug = await place.do(["run", CONFIG, "--debug"]);
  assert.match(debug.stdout, /\bat Object\.run \(.*:\d+:\d+\)/);
});

const WAITS = `progress({ done: 0, total: 1, unit: "wait" });
    await new Promise((resolve) => signal.addEventListener("abort", resolve));`;

Deno.test({
  name: "an interrupt ends every process and exits with 130; the next run does what is left",
  ...linux,
  async fn() {
    await using place = await Workplace.copy();
    own(place, `if (params.text === "wait") { ${WAITS} }`);
    place.write(
      CONFIG,
      "stages:\n  one: { uses: ./own.ts }\n  two: { uses: ./own.ts, with: { text: wait }, inputs: { before: one } }\n",
    );
    let engine: Deno.ChildProcess | undefined;
    const events = await place.run([CONFIG], {
      code: 130,
      onStart: (process) => engine = process,
      onLine(line) {
        if (line.includes('"node-progress"')) engine?.kill("SIGINT");
      },
    });
    await noStages(place);
    assert.deepEqual(outcomes(events), { ran: ["one"], cancelled: ["two"] });
    place.write(
      CONFIG,
      "stages:\n  one: { uses: ./own.ts }\n  two: { uses: ./own.ts, with: { value: 4 }, inputs: { before: one } }\n",
    );
    assert.deepEqual(outcomes(await place.run([CONFIG])), { hit: ["one"], ran: ["two"] });
  },
});

Deno.test({
  name: "stage processes end by themselves when the engine is killed, and the store is valid",
  ...linux,
  async fn() {
    await using place = await Workplace.copy();
    own(
      place,
      WAITS.replace(
        /await new[^;]+;/,
        "for (;;) await new Promise((resolve) => setTimeout(resolve, 20));",
      ),
    );
    let engine: Deno.ChildProcess | undefined;
    const result = await place.do(["run", CONFIG, "--json"], {
      onStart: (process) => engine = process,
      onLine(line) {
        if (line.includes('"node-progress"')) engine?.kill("SIGKILL");
      },
    });
    assert.notEqual(result.code, 0);
    await noStages(place);
    own(place, "");
    assert.deepEqual(outcomes(await place.run([CONFIG])), { ran: ["one"] });
  },
});

Deno.test("values that are not finite are stored, and told", async () => {
  await using place = await Workplace.copy();
  own(place, "numbers[2] = NaN;");
  const events: Event[] = await place.run([CONFIG]);
  const told = events.flatMap((event) => event.type === "node-log" ? [event.message] : []);
  assert.deepEqual(told, ['Tensor "numbers" of output "out" holds values that are not finite: 1']);
});

const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;

async function mount(...words: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command("mount", { args: words, stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** Whether file systems can be mounted here; containers often may not. */
const canMount = isRoot && await (async () => {
  const folder = await Deno.makeTempDir();
  const done = await mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", folder);
  if (done) await new Deno.Command("umount", { args: [folder] }).output();
  await Deno.remove(folder);
  return done;
})();

Deno.test({
  name: "a full disk is told with its help, and what fitted before is kept",
  ...allowed("the right to mount a small tmpfs", canMount),
  async fn() {
    await using place = await Workplace.copy();
    own(place, 'if (params.text === "big") numbers.fill(crypto.subtle ? 1 : 0);');
    await Deno.mkdir(place.store, { recursive: true });
    assert.ok(await mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", place.store));
    try {
      await place.run([CONFIG]);
      const { code, stdout } = await fillAndRun(place);
      assert.equal(code, 1, stdout);
      assert.match(stdout, /No room is left in the store|Cannot write to the store/);
      assert.match(stdout, /help: make room, or name another place by --store/);
      Deno.removeSync(join(place.store, "filler"));
      assert.deepEqual(outcomes(await place.run([CONFIG])), { hit: ["one"] });
    } finally {
      await new Deno.Command("umount", { args: [place.store] }).output();
    }
  },
});

Deno.test({
  name: "a run that cannot fit is refused before it begins, unless it is not to be checked",
  ...allowed("the right to mount a small tmpfs", canMount),
  async fn() {
    await using place = await Workplace.here();
    await Deno.mkdir(place.store, { recursive: true });
    assert.ok(await mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", place.store));
    try {
      const words = [
        "run",
        TINY,
        "shapes",
        "--set",
        "shapes.train=60000",
        "--set",
        "shapes.size=28",
      ];
      const refused = await place.do(words);
      assert.equal(refused.code, 1, refused.stdout);
      assert.match(
        refused.stderr,
        /The run needs about 47 MB in ".*", where [\d.]+ [kM]?B are free; nothing was run\n {2}help: make room/,
      );
      assert.deepEqual(isThere(join(place.store, "objects")), false);
      const { code, stdout } = await place.do([...words, "--no-space-check"]);
      assert.equal(code, 1, stdout);
      assert.match(stdout, /No space left on device.*\n {2}help: make room/s);
      // What was written before the end came is gone, and what fits still runs.
      const [left] = [...Deno.readDirSync(join(place.store, "tmp"))];
      assert.equal(left, undefined);
      assert.deepEqual(outcomes(await place.run([TINY, "shapes"])), { ran: ["shapes"] });
    } finally {
      await new Deno.Command("umount", { args: [place.store] }).output();
    }
  },
});

Deno.test("plan says what a run will take, by what it took before", async () => {
  await using place = await Workplace.here();
  const first = (await place.do(["plan", TINY])).stdout;
  assert.match(first, /\ntakes about [\d.]+ kB; how long is not known yet\n$/);
  await place.run([TINY]);
  assert.match((await place.do(["plan", TINY])).stdout, /\nhit 11, to run 0, waiting 0\n$/);
  const again = (await place.do(["plan", TINY, "--set", "train.epochs=3"])).stdout;
  assert.match(again, /\ntakes about [\d.]+ s and [\d.]+ [kM]B, by earlier runs\n$/);
});

async function fillAndRun(place: Workplace) {
  const file = await Deno.open(join(place.store, "filler"), { write: true, create: true });
  try {
    for (const size of [65536, 4096]) {
      const block = new Uint8Array(size);
      try {
        for (;;) await file.write(block);
      } catch {
        // It is full now, to this size of block.
      }
    }
  } finally {
    file.close();
  }
  return await place.do(["run", CONFIG, "--set", "one.value=5", "--no-space-check"]);
}

Deno.test({
  name: "a read-only store serves hits; what must be written is refused with its help",
  ...allowed("the right to mount a read-only file system", canMount),
  async fn() {
    await using place = await Workplace.copy();
    own(place, "");
    await place.run([CONFIG]);
    assert.ok(await mount("--bind", place.store, place.store));
    try {
      assert.ok(await mount("-o", "remount,bind,ro", place.store));
      const hit = await place.do(["run", CONFIG]);
      assert.equal(hit.code, 0, hit.stdout + hit.stderr);
      assert.match(hit.stdout, /hit 1/);
      assert.match(hit.stdout, /This run is not recorded/);
      const miss = await place.do(["run", CONFIG, "--set", "one.value=5"]);
      assert.equal(miss.code, 1, miss.stdout + miss.stderr);
      assert.match(miss.stdout + miss.stderr, /The store ".*" cannot be written/);
      assert.match(
        miss.stdout + miss.stderr,
        /help: make it writable, or name another place by --store/,
      );
    } finally {
      await new Deno.Command("umount", { args: [place.store] }).output();
    }
  },
});
