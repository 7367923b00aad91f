/** Stage runs that are tried again, and those that take longer than they may. */
import assert from "node:assert/strict";
import type { Plan } from "../pipelines/plan/plan.ts";
import type { Event } from "../pipelines/run/event.ts";
import { outcomes, Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";
import { Trials } from "./run_trials.ts";

const retried = (events: readonly Event[]) =>
  events.flatMap((event) =>
    event.type === "node-retried" ? [`${event.node} ${event.attempt} ${event.failure.type}`] : []
  );

/** Fails at trial 1 as often as it says, counting by its checkpoints, which outlive a try. */
function failing(times: number, how: string): string {
  return `const tries = (await checkpoints.list()).length;
    if (params.value === 1 && params.text === "" && tries < ${times}) {
      await checkpoints.write(tries + 1, { none: numbers });
      ${how}
    }
    numbers[1] = tries;`;
}

for (
  const [type, how] of [
    ["threw", 'throw new Error("Not yet");'],
    ["out-of-memory", "const all = []; for (;;) all.push(new Uint8Array(256 << 20));"],
  ] as const
) {
  Deno.test(`a stage run that ${type} is tried again, and goes on from its checkpoints`, async () => {
    await using trials = await Trials.of(failing(2, how));
    const plan = await trials.plan([1]);
    // Forced: only its first try begins from nothing.
    const forced = new Set(plan.nodes.map(({ id }) => id));
    const { events } = await trials.run(plan, { retries: 2, forced });
    assert.deepEqual(retried(events), [`one@trial=1 2 ${type}`, `one@trial=1 3 ${type}`]);
    assert.deepEqual(outcomes(events), { ran: ["shared", "one@trial=1", "after@trial=1"] });
  });
}

Deno.test("after so many tries a stage run has failed, and only what follows it is blocked", async () => {
  await using trials = await Trials.of(failing(9, 'throw new Error("Never");'));
  const { events, nodes } = await trials.run(await trials.plan([1, 2]), { retries: 1, jobs: 1 });
  assert.deepEqual(retried(events), ["one@trial=1 2 threw"]);
  assert.deepEqual(outcomes(events), {
    ran: ["shared", "one@trial=2", "after@trial=2"],
    failed: ["one@trial=1"],
    blocked: ["after@trial=1"],
  });
  const failed = nodes.find(({ outcome }) => outcome === "failed");
  assert.equal(failed?.message, "Never");
});

for (
  const [type, how] of [
    ["permission", 'await Deno.readTextFile("deno.json");'],
    ["bad-output", "return;"],
  ] as const
) {
  Deno.test(`what fails by "${type}" would fail again: it is not tried`, async () => {
    await using trials = await Trials.of(failing(1, how));
    const { events } = await trials.run(await trials.plan([1]), { retries: 3 });
    assert.deepEqual(retried(events), []);
    const ended = events.find((event) => event.type === "node-ended" && event.failure);
    assert.ok(ended?.type === "node-ended");
    assert.equal(ended.failure?.type, type);
  });
}

/** With so many milliseconds for each run of the stage `one`. */
function within(plan: Plan, time: number): Plan {
  const nodes = plan.nodes.map((node) =>
    node.stage === "one" ? { ...node, resources: { ...node.resources, time } } : node
  );
  return { ...plan, nodes };
}

Deno.test("a stage run that takes too long saves where it stands, is told as such, and goes on when it is tried again", async () => {
  await using trials = await Trials.of(
    `const done = (await checkpoints.list()).length;
    if (params.value === 1 && params.text === "" && done === 0) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await checkpoints.write(1, { none: numbers });
    }`,
  );
  const plan = await trials.plan([1]);
  const failed = await trials.run(within(plan, 250), {});
  const ended = failed.events.find((event) => event.type === "node-ended" && event.failure);
  assert.ok(ended?.type === "node-ended" && ended.failure !== undefined);
  assert.equal(ended.failure.type, "timeout");
  assert.equal(ended.failure.message, "The stage took longer than 0.25s, which is all that it may");
  assert.match(ended.failure.help ?? "", /^give it more by `resources: \{ time \}`/);
  const again = await trials.run(within(plan, 60_000), {});
  assert.deepEqual(outcomes(again.events)["ran"], ["one@trial=1", "after@trial=1"]);
});

Deno.test("one that does not listen is killed", async () => {
  await using trials = await Trials.of(
    'if (params.value === 1 && params.text === "") for (;;) numbers[0] += 1;',
  );
  const plan = await trials.plan([1]);
  const { events } = await trials.run(within(plan, 250), { retries: 1 });
  assert.deepEqual(retried(events), ["one@trial=1 2 timeout"]);
  assert.deepEqual(outcomes(events)["failed"], ["one@trial=1"]);
});

Deno.test("a plain run ends a stage run after the time that its config gives it", async () => {
  await using place = await Workplace.copy();
  own(place, "for (;;) numbers[0] += 1;");
  place.write(CONFIG, "stages:\n  one: { uses: ./own.ts, resources: { time: 1s } }\n");
  const { code, stdout } = await place.do(["run", CONFIG]);
  assert.equal(code, 1);
  assert.match(stdout, /^error: one: The stage took longer than 1s, which is all that it may$/m);
  assert.match(stdout, /^ {2}help: give it more by `resources: \{ time \}`/m);
});
