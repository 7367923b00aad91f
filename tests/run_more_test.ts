/** A run that is given more nodes while it goes on, as a sweep gives them. */
import assert from "node:assert/strict";
import type { Node } from "../pipelines/plan/plan.ts";
import type { Event } from "../pipelines/run/event.ts";
import type { NodeResult } from "../pipelines/run/run.ts";
import { outcomes } from "./rig.ts";
import { Trials } from "./run_trials.ts";

/** One trial fails. */
const BODY = 'if (params.value === 99) throw new Error("Not this one");';

const added = (events: readonly Event[]) =>
  events.flatMap((event) => event.type === "nodes-added" ? [event.nodes] : []);

Deno.test("a run asks for more whenever nodes have ended, never twice at once, and does what it is given", async () => {
  await using trials = await Trials.of(BODY);
  const told: string[][] = [];
  let isAsked = false;
  const left = [7, 99, 8];
  const first = await trials.plan([5]);
  const more = async (ended: readonly NodeResult[]): Promise<readonly Node[] | null> => {
    assert.equal(isAsked, false, "it is asked once at a time");
    isAsked = true;
    told.push(ended.map(({ node, outcome }) => `${node} ${outcome}`));
    const isEnd = ended.some(({ node }) => node.startsWith("after@"));
    const value = isEnd ? left.shift() : undefined;
    // Those that all trials share are named again with each.
    const nodes = value === undefined ? [] : await trials.nodes(value);
    isAsked = false;
    return isEnd && value === undefined ? null : nodes;
  };
  const { events, nodes, plan } = await trials.run(first, { more });
  assert.deepEqual(told[0], [], "first it is asked with nothing");
  assert.deepEqual(told.flat(), [
    "shared ran",
    ...["one@trial=5 ran", "after@trial=5 ran", "one@trial=7 ran", "after@trial=7 ran"],
    ...["one@trial=99 failed", "after@trial=99 blocked", "one@trial=8 ran", "after@trial=8 ran"],
  ]);
  assert.deepEqual(
    added(events),
    [7, 99, 8].map((one) => [
      `one@trial=${one}`,
      `after@trial=${one}`,
    ]),
  );
  assert.deepEqual(nodes.map(({ node }) => node), plan.nodes.map(({ id }) => id));
  assert.equal(plan.nodes.length, 9);
  const started = events.find((event) => event.type === "run-started");
  assert.ok(started?.type === "run-started");
  assert.deepEqual(started.nodes, first.nodes.map(({ id }) => id));
  // Once more, all of it is there.
  const again = await trials.run(plan);
  assert.deepEqual(outcomes(again.events)["ran"], undefined);
  assert.equal(again.nodes.filter(({ outcome }) => outcome === "hit").length, 7);
});

Deno.test("while an answer is awaited, what is known goes on, and nobody is asked again", async () => {
  await using trials = await Trials.of("");
  const answers: (() => void)[] = [];
  let ended = 0;
  const { nodes } = await trials.run(await trials.plan([1]), {
    more: (all) =>
      new Promise((resolve) => {
        assert.equal(answers.length, 0, "it is asked once");
        assert.deepEqual(all, []);
        answers.push(() => resolve(null));
      }),
  }, (event) => {
    if (event.type === "node-ended" && ++ended === 3) answers[0]?.();
  });
  assert.deepEqual(nodes.map(({ outcome }) => outcome), ["ran", "ran", "ran"]);
});

Deno.test("who gives no nodes while nothing runs waits for nothing, which is an error", async () => {
  await using trials = await Trials.of("");
  const { nodes } = await trials.plan([1]);
  const shared = { config: trials.read.config, nodes: nodes.slice(0, 1) };
  await assert.rejects(
    trials.run(shared, { more: () => Promise.resolve([]) }),
    /^Error: Who adds nodes to this run waits for some that are not in it$/,
  );
  // A node before what feeds it is one of those.
  await assert.rejects(
    trials.run(shared, { more: () => Promise.resolve(nodes.slice(2)) }),
    /^Error: "after@trial=1" is fed by "one@trial=1", which is no node before it$/,
  );
});

Deno.test("what who is asked throws ends the run once what runs has ended", async () => {
  await using trials = await Trials.of("");
  const plan = await trials.plan([1, 2]);
  const ended: string[] = [];
  const more = (all: readonly NodeResult[]) => {
    if (all.length > 0) throw new Error("The driver is at its end");
    return Promise.resolve([]);
  };
  const run = trials.run(plan, { more }, (event) => {
    if (event.type === "node-ended") ended.push(`${event.node} ${event.outcome}`);
  });
  await assert.rejects(run, /^Error: The driver is at its end$/);
  assert.equal(ended[0], "shared ran");
  assert.equal(ended.length, plan.nodes.length);
});

Deno.test("however many nodes wait, the store is asked for each when it is ready and when it begins", async () => {
  await using trials = await Trials.of("");
  const values = Array.from({ length: 300 }, (_, index) => index);
  const plan = await trials.plan(values);
  const asked = new Map<string, number>();
  const { readRecord } = trials.store;
  trials.store.readRecord = function (key) {
    asked.set(key, (asked.get(key) ?? 0) + 1);
    return readRecord.call(this, key);
  };
  const stop = new AbortController();
  let ended = 0;
  const { nodes } = await trials.run(plan, { signal: stop.signal, jobs: 1 }, (event) => {
    if (event.type === "node-ended" && ++ended === 6) stop.abort();
  });
  const ran = nodes.filter(({ outcome }) => outcome === "ran").map(({ node }) => node);
  assert.deepEqual(ran.slice(0, 2), ["shared", "one@trial=0"]);
  assert.equal(ran.length, 6);
  const often = [...asked.values()].filter((times) => times > 1);
  // All that are ready at once, and what follows those that ended before the last.
  assert.equal(asked.size, 1 + values.length + ran.length - 2);
  assert.equal(often.length, ran.length, "only what began was looked for again");
});
