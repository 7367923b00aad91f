/** How a run gives the CPU's threads to its stages, and in which order these begin. */
import assert from "node:assert/strict";
import type { Key } from "../pipelines/plan/plan.ts";
import type { Event } from "../pipelines/run/event.ts";
import { Store } from "../pipelines/store/local.ts";
import { digests, TINY, Workplace } from "./rig.ts";
import { CONFIG, own, STAGE } from "./run_stages.ts";

/**
 * A stage that uses all threads it gets: it waits until it has as many as its param `text` says, if any, and
 * fails if they do not come.
 */
async function waitingPlace(config: string): Promise<Workplace> {
  const place = await Workplace.copy();
  own(
    place,
    `for (let turn = 0; params.text !== "" && context.threads !== Number(params.text); turn++) {
      if (turn > 4000) throw new Error("has " + context.threads + ", waits for " + params.text);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }`,
    'check: () => ({ resources: { threads: "all" } }),',
  );
  place.edit(
    STAGE,
    "async run({ params, inputs, outputs, progress, log, signal, checkpoints, checkpointDue }) {",
    "async run(context) {\n    const { params, inputs, outputs, progress, log, signal } = context;\n    const { checkpoints, checkpointDue } = context;",
  );
  // The same without a word of threads: it has one.
  const text = Deno.readTextFileSync(`${place.root}/${STAGE}`);
  place.write("configs/single.ts", text.replace(/check: .*\n/, ""));
  place.write(CONFIG, config);
  return place;
}

/** Starts, ends and threads, as `name: fact`, in the order in which they came. */
function told(events: readonly Event[]): string[] {
  return events.flatMap((event) => {
    switch (event.type) {
      case "node-started":
      case "node-threads":
        return [`${event.node}: ${event.threads}`];
      case "node-ended":
        return [`${event.node}: ${event.outcome}`];
      default:
        return [];
    }
  });
}

Deno.test("alone a stage has all threads, and one that says nothing of threads has one", async () => {
  await using place = await waitingPlace(
    'stages:\n  all: { uses: ./own.ts, with: { text: "3" } }\n' +
      '  one: { uses: ./single.ts, with: { text: "1" }, inputs: { before: all } }\n',
  );
  assert.deepEqual(told(await place.run([CONFIG, "--jobs", "3"])), [
    "all: 3",
    "all: ran",
    "one: 1",
    "one: ran",
  ]);
});

Deno.test("two stages share the threads, and the last one gets all while it runs", async () => {
  await using place = await waitingPlace(
    'stages:\n  a: { uses: ./own.ts, with: { text: "1" } }\n' +
      '  b: { uses: ./own.ts, with: { text: "2" } }\n',
  );
  assert.deepEqual(told(await place.run([CONFIG, "--jobs", "2"])), [
    "a: 1",
    "b: 1",
    "a: ran",
    "b: 2",
    "b: ran",
  ]);
  const store = new Store(place.store);
  const most = store.readRuns()[0]?.nodes.map(({ key }) =>
    key === null ? null : store.readRecord(key)?.made.threads
  );
  assert.deepEqual(most, [1, 2], "records name the most that each had");
});

Deno.test("a stage gives threads back to those that become ready, and gets them again", async () => {
  // `a` ends with one thread, which it has once b and c run; those wait for what is free after it.
  await using place = await waitingPlace(
    'stages:\n  a: { uses: ./own.ts, with: { text: "1" } }\n' +
      "  first: { uses: ./single.ts }\n" +
      '  b: { uses: ./own.ts, with: { text: "2", value: 2 }, inputs: { before: first } }\n' +
      '  c: { uses: ./own.ts, with: { text: "3", value: 3 }, inputs: { before: first } }\n',
  );
  assert.deepEqual(told(await place.run([CONFIG, "--jobs", "3"])), [
    "first: 1",
    "a: 2",
    "first: ran",
    "a: 1",
    "b: 1",
    "c: 1",
    "a: ran",
    "b: 2",
    "b: ran",
    "c: 3",
    "c: ran",
  ]);
});

Deno.test("with one thread the stages run one after another", async () => {
  await using place = await waitingPlace(
    'stages:\n  a: { uses: ./own.ts, with: { text: "1" } }\n' +
      '  b: { uses: ./own.ts, with: { text: "1", value: 2 } }\n' +
      '  c: { uses: ./own.ts, with: { text: "1", value: 3 } }\n',
  );
  assert.deepEqual(told(await place.run([CONFIG, "--jobs", "1"])), [
    "a: 1",
    "a: ran",
    "b: 1",
    "b: ran",
    "c: 1",
    "c: ran",
  ]);
});

Deno.test("what took longest when it was last done begins first", async () => {
  await using place = await waitingPlace(
    "stages:\n  a: { uses: ./own.ts }\n  b: { uses: ./own.ts, with: { value: 2 } }\n" +
      "  c: { uses: ./own.ts, with: { value: 3 } }\n",
  );
  const started = (events: readonly Event[]) =>
    events.flatMap((event) => event.type === "node-started" ? [event.node] : []);
  const words = [CONFIG, "--jobs", "1", "--force", "a", "--force", "b", "--force", "c"];
  assert.deepEqual(started(await place.run(words)), ["a", "b", "c"]);
  const store = new Store(place.store);
  for (const { node, key } of store.readRuns()[0]?.nodes ?? []) {
    const record = store.readRecord(key ?? "" as Key); // nodes that ran have keys
    assert.ok(record);
    const milliseconds = { a: 10, b: 900, c: 500 }[String(node)] ?? 0;
    store.writeRecord({ ...record, made: { ...record.made, milliseconds } });
  }
  assert.deepEqual(started(await place.run(words)), ["b", "c", "a"]);
});

Deno.test("results do not depend on the number of threads", async () => {
  await using one = await Workplace.here();
  await using many = await Workplace.here();
  await one.run([TINY, "--jobs", "1"]);
  await many.run([TINY, "--jobs", "5"]);
  assert.deepEqual(digests(one.store), digests(many.store));
});
