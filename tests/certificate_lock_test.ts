/** Lock files through the command line: written, held against, accepted; and what a rerun is held against. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Event } from "../pipelines/run/event.ts";
import { command, isThere, linesOf, ROOT, TINY, Workplace } from "./rig.ts";
import { CONFIG, own, STAGE, stageText } from "./run_stages.ts";

const LOCK = "configs/own.lock.yaml";

function messages(events: readonly Event[], type: "note" | "warning"): string[] {
  return events.flatMap((event) => event.type === type ? [event.message] : []);
}

Deno.test("a config's lock is made by its first whole run, held against by others, and accepted on demand", async (t) => {
  await using place = await Workplace.copy();
  own(place, "numbers[1] = 5;");
  const lock = join(place.root, LOCK);

  await t.step("neither a plan, nor a run of a part, nor one with --set makes it", async () => {
    await place.do(["run", CONFIG, "--dry-run"]);
    await place.run([CONFIG, "one"]);
    await place.run([CONFIG, "--set", "one.value=3"]);
    assert.ok(!isThere(lock));
  });

  await t.step("--frozen without one says what to do", async () => {
    const { code, stderr } = await place.do(["run", CONFIG, "--frozen"]);
    assert.equal(code, 2);
    assert.match(stderr, /There is no lock file "configs\/own\.lock\.yaml"/);
    assert.match(stderr, /`deno task run configs\/own\.yaml` makes it/);
  });

  await t.step("a whole run makes it, and another changes nothing", async () => {
    assert.match(messages(await place.run([CONFIG]), "note").join(), /made own\.lock\.yaml/);
    const text = Deno.readTextFileSync(lock);
    assert.match(text, /version: 1\nnodes:\n {2}one:\n/);
    assert.match(text, /\n {6}out:\n {8}numbers: [0-9a-f]{64}\n/);
    const again = await place.run([CONFIG]);
    assert.deepEqual(messages(again, "note"), ["All tensors are those of own.lock.yaml"]);
    assert.deepEqual(messages(again, "warning"), []);
    assert.equal(Deno.readTextFileSync(lock), text);
    assert.equal((await place.do(["run", CONFIG, "--frozen"])).code, 0);
  });

  await t.step("a change of code that moves no bit runs anew and changes no lock", async () => {
    const before = Deno.readTextFileSync(lock);
    place.write(STAGE, stageText("const five = 2 + 3; numbers[1] = five;"));
    const events = await place.run([CONFIG, "--frozen"]);
    assert.ok(events.some((event) => event.type === "node-started"));
    assert.equal(Deno.readTextFileSync(lock), before);
  });

  await t.step("a change that moves a bit is told, with the element, and why", async () => {
    place.write(STAGE, stageText("numbers[1] = 5.5;"));
    const { code, stderr } = await place.do(["run", CONFIG, "--frozen"]);
    assert.equal(code, 3);
    assert.match(
      stderr,
      /error: one\.out, tensor "numbers" is [0-9a-f]{12}, [0-9a-f]{12} in the lock/,
    );
    assert.match(stderr, /first at \[1\]: 5\.5, 5 in the lock/);
    assert.match(stderr, /why: the code changed: configs\/own\.ts/);
    const [warning = ""] = messages(await place.run([CONFIG]), "warning");
    assert.match(warning, /This run is not that of own\.lock\.yaml: one\.out, tensor "numbers"/);
    assert.match(warning, /--update-lock accepts it/);
  });

  await t.step("another store's values are found by --against", async () => {
    const other = join(place.folder, "other");
    const words = ["run", CONFIG, "--frozen", "--store", other, "--reports", place.reports];
    const { stderr } = await command(place.root, words);
    assert.match(stderr, /the values that the lock names are not in the store/);
    const found = await command(place.root, [...words, "--against", place.store]);
    assert.match(found.stderr, /first at \[1\]: 5\.5, 5 in the lock/);
  });

  await t.step("--update-lock accepts it, and nothing but it is changed", async () => {
    const before = Deno.readTextFileSync(lock).split("\n");
    assert.match(messages(await place.run([CONFIG, "--update-lock"]), "note").join(), /wrote own/);
    const now = Deno.readTextFileSync(lock).split("\n");
    assert.equal(now.filter((line, i) => line !== before[i]).length, 1);
    assert.equal((await place.do(["run", CONFIG, "--frozen"])).code, 0);
  });

  await t.step("settings that are not the lock's are told before anything runs", async () => {
    place.write(CONFIG, "seed: 3\nstages:\n  one:\n    uses: ./own.ts\n    with: { value: 4 }\n");
    const { code, stdout, stderr } = await place.do(["run", CONFIG, "--frozen", "--json"]);
    assert.equal(code, 3);
    assert.equal(stdout, "");
    assert.match(stderr, /one: value is 4, 1 in the lock/);
  });

  await t.step("what is no lock is told with its place", async () => {
    place.write(
      LOCK,
      "version: 1\nnodes:\n  one: { params: {}, outputs: { out: { numbers: 12 } } }\n",
    );
    const { code, stderr } = await place.do(["run", CONFIG, "--frozen"]);
    assert.equal(code, 2);
    assert.match(stderr, /own\.lock\.yaml:3:\d+/);
  });

  await t.step("flags that contradict each other are refused", async () => {
    for (
      const flags of [["--frozen", "--update-lock"], ["--frozen", "--set", "one.value=1"], [
        "--update-lock",
        "one",
      ], ["--against", place.store]]
    ) {
      assert.equal((await place.do(["run", CONFIG, ...flags])).code, 2, flags.join(" "));
    }
  });
});

for (const config of ["configs/quickstart.yaml", TINY]) {
  Deno.test(`${config} comes to the bits of its committed lock, says so, and its figures`, async () => {
    await using place = await Workplace.here();
    const { code, stdout, stderr } = await place.do(["run", config, "--frozen"]);
    assert.equal(code, 0, stdout + stderr);
    const lock = config.replace(".yaml", ".lock.yaml");
    const figures = "figures +loss +accuracy +calibrationError\n" +
      "(evaluate@[a-z-]+ +\\d[\\d.]* +[01](\\.\\d+)? +[01](\\.\\d+)?\n){3,4}";
    const end = new RegExp(`${figures}ran .*\nnote {7}All tensors are those of ${lock}\n$`);
    assert.match(stdout, end);
  });
}

Deno.test("a rerun in an empty store is a certificate", async () => {
  await using place = await Workplace.here();
  await place.run([TINY, "shapes", "preprocess"]);
  const { code, stdout, stderr } = await place.do(["verify", TINY, "--rerun"]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^preprocess +10 {2}same +same$/m);
  assert.match(stdout, /^train@logits +31 {2}same +not there$/m);
  assert.match(stdout, /^report +0 {2}not compared +not compared$/m);
  assert.match(stdout, /^the same bits: 137 tensors of 10 nodes\nnot compared, .*: report$/m);
  assert.deepEqual([...Deno.readDirSync(join(place.store, "tmp"))], []);
  const json = await place.do(["verify", TINY, "preprocess", "--rerun", "--json"]);
  const [made, ...nodes] = linesOf(json.stdout);
  assert.deepEqual(made?.["against"], ["the lock", "the store"]);
  assert.deepEqual(nodes.map((one) => one["node"]), ["shapes", "preprocess"]);
  assert.deepEqual(nodes.flatMap((one) => one["differences"]), []);
});

Deno.test("a stage that gives another result each time is caught: by two runs, and when its key comes again", async () => {
  await using place = await Workplace.copy();
  // How long a wait was can be counted in turns, and no two are alike.
  own(
    place,
    `let isOver = false, turns = 0;
    setTimeout(() => isOver = true, 50);
    while (!isOver) { turns++; await new Promise((resolve) => setImmediate(resolve)); }
    numbers[1] = turns;`,
  );
  const checked = await place.do(["verify", CONFIG, "--check-determinism"]);
  assert.equal(checked.code, 3, checked.stdout + checked.stderr);
  assert.match(checked.stdout, /one +1 {2}DIFFERS/);
  assert.match(checked.stdout, /differs from the second run: one\.out, tensor "numbers"/);

  const first = await place.run([CONFIG]);
  const events = await place.run([CONFIG, "--force", "one"]);
  const run = (all: readonly Event[]) => {
    const started = all.find((event) => event.type === "run-started");
    return started?.type === "run-started" ? started.run : "";
  };
  const diverged = events.find((event) => event.type === "diverged");
  assert.ok(diverged?.type === "diverged");
  const { before, now, output, tensor } = diverged.divergence;
  assert.deepEqual([before.run, now.run, output, tensor], [
    run(first),
    run(events),
    "out",
    "numbers",
  ]);
  assert.notDeepEqual(before.outputs, now.outputs);
  assert.equal([...Deno.readDirSync(join(place.store, "diverged"))].length, 1);
  const text = await place.do(["run", CONFIG, "--force", "one"]);
  assert.match(text.stdout, /^diverged {3}one gave another result than run /m);
});

Deno.test("every committed config that runs without a network has a lock, and no lock is without a config", () => {
  const names = [...Deno.readDirSync(join(ROOT, "configs"))].map(({ name }) => name);
  for (const name of names.filter((one) => one.endsWith(".lock.yaml"))) {
    assert.ok(names.includes(name.replace(".lock.yaml", ".yaml")), name);
  }
  assert.ok(names.includes("quickstart.lock.yaml") && names.includes("fashion.lock.yaml"));
});
