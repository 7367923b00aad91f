/** Runs that are killed, and runs beside each other: the store stays valid, and nothing is made twice. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Digest, Key } from "../pipelines/plan/plan.ts";
import { Store } from "../pipelines/store/local.ts";
import { Bundler, stopBundler } from "../pipelines/plan/bundle.ts";
import { Learner } from "../pipelines/plan/learn.ts";
import { parseHolder } from "../pipelines/store/holder.ts";
import { verifyArtifact } from "../pipelines/tensor/read.ts";
import { digests, outcomes, TINY, Workplace } from "./rig.ts";
import { CONFIG, own, STAGE } from "./run_stages.ts";

/** Every object whole to its last byte, every record naming only such. */
async function verify(place: Workplace): Promise<{ objects: number; records: number }> {
  const store = new Store(place.store);
  const list = (folder: string) => {
    try {
      return [...Deno.readDirSync(join(place.store, folder))].flatMap(({ name }) =>
        [...Deno.readDirSync(join(place.store, folder, name))].map((entry) => entry.name)
      );
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  };
  // Named by their digests and keys.
  const objects = list("objects") as Digest[];
  for (const digest of objects) await verifyArtifact(store.objectFolder(digest), digest);
  const records = list("records").filter((name) => name.endsWith(".json"));
  for (const name of records) {
    const record = store.readRecord(name.slice(0, 64) as Key);
    assert.ok(record, name);
    for (const digest of Object.values(record.outputs)) assert.ok(objects.includes(digest));
  }
  return { objects: objects.length, records: records.length };
}

/** Runs, and kills the engine at the first event that `when` fits. */
async function runAndKill(place: Workplace, config: string, when: RegExp): Promise<void> {
  let engine: Deno.ChildProcess | undefined;
  const result = await place.do(["run", config, "--json"], {
    onStart: (process) => engine = process,
    onLine: (line) => {
      if (when.test(line)) engine?.kill("SIGKILL");
    },
  });
  assert.equal(result.code, 128 + 9, result.stderr);
}

Deno.test("an engine that is killed at any moment leaves a valid store, and the next run ends as one that was never killed", async () => {
  await using clean = await Workplace.here();
  await clean.run([TINY]);
  await using place = await Workplace.here();
  const moments = [
    /"node-started","node":"shapes"/,
    /"node-ended","node":"shapes"/,
    /"node-started","node":"augment@pass=1"/,
    /"node-progress","node":"train/,
    /"node-ended","node":"train@logits"/,
    /"node-started","node":"report"/,
  ];
  let before = { objects: 0, records: 0 };
  for (const when of moments) {
    await runAndKill(place, TINY, when);
    const now = await verify(place);
    assert.ok(now.objects >= before.objects && now.records >= before.records);
    before = now;
  }
  assert.ok(before.records > 0, "what was done before the kill is kept");
  assert.ok((outcomes(await place.run([TINY]))["hit"] ?? []).length >= 5);
  assert.deepEqual(digests(place.store), digests(clean.store));
  assert.deepEqual(await verify(place), await verify(clean));
});

Deno.test("two runs of one config at once, on one store, make each node once and both end well", async () => {
  await using place = await Workplace.here();
  const [one, other] = await Promise.all([place.run([TINY]), place.run([TINY])]);
  assert.ok(one && other);
  const ran = [...outcomes(one)["ran"] ?? [], ...outcomes(other)["ran"] ?? []];
  const nodes = Object.values(outcomes(one)).flat();
  assert.deepEqual(ran.toSorted(), nodes.toSorted());
  for (const events of [one, other]) {
    assert.deepEqual(
      Object.keys(outcomes(events)).filter((name) => name !== "hit" && name !== "ran"),
      [],
    );
  }
  await verify(place);
});

Deno.test("a run that waits for another says for which, and takes over at once when that is killed", async () => {
  await using place = await Workplace.copy();
  // It says that it has begun, and lasts a minute unless it is killed.
  own(
    place,
    `progress({ done: 0, total: 1, unit: "turn" });
    if (params.text === "slow") await new Promise((resolve) => setTimeout(resolve, 60_000));`,
  );
  const words = ["run", CONFIG, "--set", "one.text=slow", "--json"];
  let first: Deno.ChildProcess | undefined;
  const begun = Promise.withResolvers<void>();
  const dead = place.do(words, {
    onStart: (process) => first = process,
    onLine: (line) => {
      if (line.includes('"node-progress"')) begun.resolve();
    },
  });
  await begun.promise;
  const lines: string[] = [];
  let second: Deno.ChildProcess | undefined;
  const waiting = place.do(words, {
    onStart: (process) => second = process,
    onLine: (line) => {
      lines.push(line);
      if (line.includes("Waits for run")) first?.kill("SIGKILL");
      // It has what the first had, and is in its own turn.
      if (line.includes('"node-progress"')) second?.kill("SIGKILL");
    },
  });
  await Promise.all([dead, waiting]);
  const told = lines.find((line) => line.includes("Waits for run")) ?? "";
  assert.match(
    told,
    /"Waits for run \d{8}-\d{6}-[0-9a-f]{4} \(process \d+ on [^)]+\), which is making the same"/,
  );
  assert.ok(lines.at(-1)?.includes('"node-progress"'), lines.join("\n"));
});

/** What a stage does when its engine is killed, and what is done to it before. */
const DEAF: Record<string, [body: string, signal: Deno.Signal | null]> = {
  "waits": ["await new Promise((resolve) => setTimeout(resolve, 600_000));", null],
  "computes without a pause": ["for (;;) void params;", null],
  "is stopped": ["await new Promise((resolve) => setTimeout(resolve, 600_000));", "SIGSTOP"],
};

for (const [what, [body, signal]] of Object.entries(DEAF)) {
  Deno.test(`a stage that ${what} ends with an engine that is killed, and the next run does not wait for it`, async () => {
    await using place = await Workplace.copy();
    own(
      place,
      `// Told apart by what it has kept, so that both runs have one key.
      if ((await checkpoints.list()).length === 0) {
        await checkpoints.write(1, { at: Uint8Array.of(1) });
        progress({ done: 0, total: 2, unit: "turn" });
        ${body}
      }`,
    );
    let engine: Deno.ChildProcess | undefined;
    let stage = 0;
    await place.do(["run", CONFIG, "--json"], {
      onStart: (process) => engine = process,
      onLine: (line) => {
        if (!line.includes('"node-progress","node":"one"')) return;
        stage = holderIn(place)?.pid ?? 0;
        if (signal !== null) Deno.kill(stage, signal);
        engine?.kill("SIGKILL");
      },
    });
    assert.notEqual(stage, 0, "the lock says which process it is");
    await gone(stage);
    // What the killed one has left is no reason to wait.
    assert.notEqual(holderIn(place), null);
    const events = await place.run([CONFIG]);
    assert.deepEqual(outcomes(events), { ran: ["one"] });
    assert.ok(!JSON.stringify(events).includes("Waits for"));
    assert.deepEqual(await verify(place), { objects: 1, records: 1 });
  });
}

Deno.test("a run leaves no lock of a stage behind, whether that ended well or not", async () => {
  await using place = await Workplace.copy();
  own(place, 'if (params.text === "throw") throw new Error("so it is");');
  await place.run([CONFIG]);
  await place.run([CONFIG, "--set", "one.text=throw"], { code: 1 });
  const left = [...Deno.readDirSync(join(place.store, "locks"))].map(({ name }) => name);
  // Who holds the store, and nobody any more.
  assert.deepEqual(left.sort(), ["store", "using"]);
  assert.deepEqual([...Deno.readDirSync(join(place.store, "locks/using"))], []);
});

Deno.test("a stage that never answers to `check` ends the plan in words, and goes with an engine that is killed", async () => {
  await using place = await Workplace.copy();
  own(place, "", "check() { for (;;) {} },");
  const learner = new Learner(new Store(place.store), 1500);
  const project = {
    root: place.root,
    configText: Deno.readTextFileSync(join(place.root, "deno.json")),
    lockText: Deno.readTextFileSync(join(place.root, "deno.lock")),
  };
  const code = await new Bundler(project, learner.store).bundle(join(place.root, STAGE));
  await stopBundler();
  await assert.rejects(learner.check(code, [{ params: {}, inputs: {}, names: {} }]), {
    name: "LearnError",
    message: /^it gave no answer within 1.5 s: .* its `check`, must be quick$/,
  });
  await learner.close();

  let engine: Deno.ChildProcess | undefined;
  const planning = place.do(["plan", CONFIG], { onStart: (process) => engine = process });
  const stage = await found(`bundles/${code.bundle}/main.js`);
  engine?.kill("SIGKILL");
  await planning;
  await gone(stage);
});

/** Who holds the lock of the only key. */
function holderIn(place: Workplace) {
  const [name = ""] = [...Deno.readDirSync(join(place.store, "locks"))]
    .map((entry) => entry.name).filter((name) => /^[0-9a-f]{64}$/.test(name));
  return parseHolder(Deno.readTextFileSync(join(place.store, "locks", name)));
}

/** Ends once there is no such process; a test that waits for ever fails by the suite's own limit. */
async function gone(pid: number): Promise<void> {
  while ((await ps(["-o", "stat=", "-p", `${pid}`])).replace(/Z.*/, "").trim() !== "");
}

/** The process with this in its command line, once there is one. */
async function found(text: string): Promise<number> {
  for (;;) {
    const line = (await ps(["-eo", "pid=,args="])).split("\n").find((one) => one.includes(text));
    if (line !== undefined) return Number.parseInt(line);
  }
}

async function ps(args: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command("ps", { args: [...args] }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("no record names what could not be put into the store", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  // A file where the folder of objects should be: a full disk would look the same to it.
  Deno.mkdirSync(place.store, { recursive: true });
  Deno.writeTextFileSync(join(place.store, "objects"), "");
  const events = await place.run([CONFIG], { code: 1 });
  assert.deepEqual(outcomes(events), { failed: ["one"] });
  Deno.removeSync(join(place.store, "objects"));
  assert.deepEqual(await verify(place), { objects: 0, records: 0 });
  assert.deepEqual(outcomes(await place.run([CONFIG])), { ran: ["one"] });
});
