/** What goes from a store, and what stays, through the command line. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { Store } from "../pipelines/store/local.ts";
import { digests, isThere, outcomes, type Result, Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

Deno.test("gc keeps what its rules keep, and what it removes is made again", async (t) => {
  await using place = await Workplace.copy();
  own(place, "");
  const store = new Store(place.store);
  const count = () => [[...store.keys()].length, [...store.objects()].length];
  await place.run([CONFIG]);
  await place.run([CONFIG, "--set", "one.value=2"]);
  const second = digests(place.store);
  await place.run([CONFIG, "--set", "one.value=3"]);
  assert.deepEqual(count(), [3, 3]);

  await t.step("without a rule it says which there are, and removes nothing", async () => {
    const { code, stderr } = await place.do(["gc"]);
    assert.equal(code, 2);
    assert.match(stderr, /--keep-locked, --keep-runs N, --older-than 30d or --max-size 10GB/);
    assert.equal((await place.do(["gc", "--max-size", "much"])).code, 2);
    assert.deepEqual(count(), [3, 3]);
  });

  await t.step("--dry-run says what would go", async () => {
    const { stdout } = await place.do(["gc", "--keep-runs", "1", "--dry-run"]);
    assert.match(stdout, /^records +2 /m);
    assert.match(stdout, /^objects +2 /m);
    assert.match(stdout, /^would remove /m);
    assert.deepEqual(count(), [3, 3]);
  });

  await t.step("while a run is in progress it refuses", async () => {
    const held = await store.hold(false);
    assert.ok(held);
    const { code, stderr } = await place.do(["gc", "--keep-runs", "1"]);
    assert.equal(code, 1);
    assert.match(stderr, /A run is in progress/);
    held.close();
    assert.deepEqual(count(), [3, 3]);
  });

  await t.step("and a run waits for a gc", async () => {
    const held = await store.hold(true);
    assert.ok(held);
    const result = await place.do(["run", CONFIG, "--json"], {
      onError(line) {
        if (line.includes("Waits for a gc")) held.close();
      },
    });
    assert.equal(result.code, 0);
    assert.match(result.stderr, /^Waits for a gc of this store to end$/m);
  });

  await t.step("what is used lately stays", async () => {
    await place.do(["gc", "--older-than", "1h"]);
    assert.deepEqual(count(), [3, 3]);
  });

  await t.step("what was used last stays, up to a size", async () => {
    const all = [...store.records()];
    for (const record of all) {
      const isSecond = Object.values(second).includes(record.outputs["out"] ?? "");
      const used = new Date(isSecond ? "2026-01-02" : "2026-01-01");
      Deno.utimeSync(store.recordPath(record.key), used, used);
    }
    const one = await place.do(["gc", "--max-size", "1kB", "--dry-run", "--json"]);
    const sizes = one.stdout.trimEnd().split("\n").map((line) =>
      JSON.parse(line) as { kind: string; bytes: number }
    ).filter(({ kind }) => kind === "objects").map(({ bytes }) => bytes);
    const most = Math.max(...sizes);
    await place.do(["gc", "--max-size", `${most}B`]);
    assert.deepEqual(count(), [1, 1]);
    const [left] = [...store.records()];
    assert.deepEqual(Object.values(left?.outputs ?? {}), Object.values(second));
  });

  await t.step("what a lock names stays", async () => {
    await place.run([CONFIG]);
    assert.ok(isThere(join(place.root, "configs/own.lock.yaml")));
    await place.do(["gc", "--keep-locked"]);
    assert.deepEqual(count(), [1, 1]);
    assert.deepEqual(Object.keys(outcomes(await place.run([CONFIG]))), ["hit"]);
    assert.deepEqual(Object.keys(outcomes(await place.run([CONFIG, "--set", "one.value=2"]))), [
      "ran",
    ]);
    assert.deepEqual(digests(place.store), second);
    assert.equal((await place.do(["verify"])).code, 0);
  });
});

Deno.test("what the lock of a config elsewhere names stays, though no run is remembered", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  const there = [
    join(place.root, "configs", "deeper", "exp.yaml"),
    join(place.root, "experiments", "exp.yaml"),
    join(place.folder, "exp.yaml"),
  ];
  const store = new Store(place.store);
  for (const [index, path] of there.entries()) {
    const stage = relative(dirname(path), join(place.root, "configs", "own.ts"));
    Deno.mkdirSync(dirname(path), { recursive: true });
    const uses = stage.startsWith(".") ? stage : `./${stage}`;
    Deno.writeTextFileSync(
      path,
      `stages: { one: { uses: ${uses}, with: { value: ${50 + index} } } }\n`,
    );
    await place.run([path]);
    assert.ok(isThere(path.replace(".yaml", ".lock.yaml")), path);
  }
  const before = [...store.records()].length;
  assert.equal(before, 3);
  const gone = await place.do(["gc", "--keep-locked", "--keep-runs", "0"]);
  assert.equal(gone.code, 0, gone.stderr);
  assert.deepEqual([store.readRuns().length, [...store.records()].length], [0, 3]);
  await place.do(["gc", "--keep-locked"]);
  assert.equal([...store.records()].length, 3);
  for (const path of there) Deno.removeSync(path.replace(".yaml", ".lock.yaml"));
  await place.do(["gc", "--keep-locked"]);
  assert.equal([...store.records()].length, 0);
});

Deno.test("a gc that is killed at any moment leaves a store that is whole", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  const store = new Store(place.store);
  for (let round = 0; round < 5; round++) {
    for (const value of [1, 2, 3, 4]) await place.run([CONFIG, "--set", `one.value=${value}`]);
    // Kills it as soon as some of the records are gone; what is left must be whole.
    await place.do(["gc", "--keep-runs", "0"], {
      onStart(process) {
        const watch = () => {
          if ([...store.keys()].length > round) return void setTimeout(watch, 0);
          try {
            process.kill("SIGKILL");
          } catch {
            // It had ended.
          }
        };
        watch();
      },
    });
    const { code, stdout } = await place.do(["verify"]);
    assert.equal(code, 0, stdout);
  }
});

/** Loaded before the engine: it says that it plans, and waits until somebody writes to the pipe. */
const WAITS = `
const real = Deno.renameSync.bind(Deno);
let waited = false;
Deno.renameSync = (from, to) => {
  real(from, to);
  if (waited || !String(to).includes("/bundles/")) return;
  waited = true;
  console.log(JSON.stringify({ waits: true }));
  Deno.readTextFileSync(PIPE);
};
`;

Deno.test("gc keeps away from a command that has planned and not begun, and names it", async (t) => {
  for (
    const words of [
      ["run", CONFIG],
      ["plan", CONFIG],
      ["explain", CONFIG, "one"],
      ["show", CONFIG],
      ["verify", CONFIG],
    ]
  ) {
    await t.step(words.join(" "), async () => {
      await using place = await Workplace.copy();
      own(place, "");
      const pipe = join(place.folder, "pipe");
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      const preload = place.write(
        "../waits.js",
        WAITS.replace("PIPE", () => JSON.stringify(pipe)),
      );
      let gc: Promise<Result> | null = null;
      const { code, stdout, stderr } = await place.do(words, {
        preload: pathToFileURL(preload).href,
        onLine(line) {
          if (!line.startsWith('{"waits"')) return;
          // A gc that keeps nothing takes the bundle that was just put there.
          gc = place.do(["gc", "--max-size", "0B"]).finally(() => Deno.writeTextFile(pipe, "go"));
        },
      });
      assert.ok(gc, `it has planned: ${stdout}${stderr}`);
      const refused = await (gc as Promise<Result>); // set by the callback
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /^error: A run is in progress on the store/);
      const named = `it is \`deno task ${words.join(" ")} --store`;
      assert.ok(refused.stderr.includes(named), refused.stderr);
      assert.match(refused.stderr, /\(process \d+, since 20/);
      assert.equal(code, 0, `${stdout}${stderr}`);
      assert.equal((await place.do(["gc", "--max-size", "0B"])).code, 0, "it has let go");
      assert.deepEqual([...Deno.readDirSync(join(place.store, "locks/using"))], []);
    });
  }
});
