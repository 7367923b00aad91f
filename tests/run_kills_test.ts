/** Runs that are killed, and runs beside each other: the store stays valid, and nothing is made twice. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Digest, Key } from "../pipelines/plan/plan.ts";
import { Store } from "../pipelines/store/local.ts";
import { digests, outcomes, TINY, Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

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
  for (const digest of objects) assert.ok(await store.isWhole(digest), digest);
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
  assert.match(told, /"Waits for run \d{8}-\d{6}-[0-9a-f]{4}, which is making the same"/);
  assert.ok(lines.at(-1)?.includes('"node-progress"'), lines.join("\n"));
});

Deno.test("a stage whose engine is killed ends by itself, and lets go of its lock", async () => {
  await using place = await Workplace.copy();
  // It says one word, so that nothing but the end of its standard input tells it, and lasts a minute.
  own(
    place,
    `progress({ done: 0, total: 2, unit: "turn" });
    for (let i = 0; i < 6000; i++) await new Promise((resolve) => setTimeout(resolve, 10));`,
  );
  await runAndKill(place, CONFIG, /"node-progress","node":"one"/);
  const [lock, ...more] = [...Deno.readDirSync(join(place.store, "locks"))]
    .filter(({ name }) => /^[0-9a-f]{64}$/.test(name));
  assert.ok(lock && more.length === 0);
  // The lock is free when the process has ended; a process that stays would hold it for ever.
  using file = await Deno.open(join(place.store, "locks", lock.name), { write: true });
  const deadline = Promise.withResolvers<string>();
  const timer = setTimeout(() => deadline.resolve("still held"), 20_000);
  const got = await Promise.race([file.lock(true).then(() => "free"), deadline.promise]);
  clearTimeout(timer);
  assert.equal(got, "free");
  await file.unlock();
  assert.deepEqual(await verify(place), { objects: 0, records: 0 });
});

Deno.test("no record names what could not be put into the store", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  // A file where the folder of objects should be: a full disk would look the same to it.
  Deno.mkdirSync(place.store);
  Deno.writeTextFileSync(join(place.store, "objects"), "");
  const events = await place.run([CONFIG], { code: 1 });
  assert.deepEqual(outcomes(events), { failed: ["one"] });
  Deno.removeSync(join(place.store, "objects"));
  assert.deepEqual(await verify(place), { objects: 0, records: 0 });
  assert.deepEqual(outcomes(await place.run([CONFIG])), { ran: ["one"] });
});
