/** What a sweep does not come to is said before it runs, where it ends, and on its page. */
import assert from "node:assert/strict";
import { describeStrategy, limitsOf } from "../pipelines/sweep/limits.ts";
import type { Space, StrategySpec } from "../pipelines/sweep/sweep.ts";
import { Workplace } from "./rig.ts";
import { pageOf, runSweep, stateOf, writeSweep } from "./sweep_rig.ts";
import { choice, float, int, sweepOf, when } from "./sweep_strategies_rig.ts";

const GRID: StrategySpec = { type: "grid" }, RANDOM: StrategySpec = { type: "random" };
const HALVING: StrategySpec = { type: "halving", eta: 3, rungs: [1, 2, 9] };

function said(space: Space, strategy: StrategySpec, trials: number): string[] {
  const rungs = "rungs" in strategy ? { stage: "train", param: "epochs" } : null;
  return limitsOf({ ...sweepOf(space, strategy, { trials }), rungs });
}

Deno.test("a grid that its budget cuts, and a space that it exhausts, are told with their counts", () => {
  const space = [choice("a", 1, 2, 3), int("b", 1, 8), when(choice("c", 1, 2), "a", 2)];
  assert.deepEqual(said(space, GRID, 10), [
    "The grid has 32 points; the budget takes the first 10, 22 are not tried",
  ]);
  assert.equal(
    describeStrategy(sweepOf(space, GRID, { trials: 10 })),
    "the first 10 of 32 combinations",
  );
  assert.deepEqual(said(space, GRID, 32), []);
  assert.deepEqual(said(space, RANDOM, 40), [
    "The space has 32 points: all of them are tried, 8 of 40 trials of the budget are left",
  ]);
  assert.equal(
    describeStrategy(sweepOf(space, RANDOM, { trials: 40 })),
    "random search, 32 trials",
  );
  assert.deepEqual(said([...space, float("d", 0, 1)], RANDOM, 40), []);
});

Deno.test("steps that do not reach the end of their range are told with where they end", () => {
  const space = [
    int("train.units", 4, 21, { step: 8 }),
    float("train.rate", 0, 0.5, { step: 0.1 }),
  ];
  const told = ['"train.units" in steps of 8 from 4 ends at 20: 21 is not tried'];
  assert.deepEqual(said(space, GRID, 99), told);
  assert.deepEqual(said([int("train.units", 4, 20, { step: 8 })], GRID, 99), []);
  // A grid of points takes both ends.
  assert.deepEqual(said([int("train.units", 4, 21, { points: 3 })], GRID, 99), []);
});

Deno.test("rungs that too few trials begin for are told with how many it takes", () => {
  const space = [float("x", 0, 1)];
  assert.deepEqual(said(space, HALVING, 2), [
    "Of 2 trials, of which the best 1/3 go on, none is trained further than epochs: 1; 9 trials reach epochs: 9",
  ]);
  assert.deepEqual(said(space, HALVING, 8), [
    "Of 8 trials, of which the best 1/3 go on, none is trained further than epochs: 2; 9 trials reach epochs: 9",
  ]);
  assert.deepEqual(said(space, HALVING, 9), []);
  assert.equal(said([choice("x", 1, 2)], HALVING, 9).length, 2);
});

Deno.test("a grid of 24 with a budget of 10 says so with -n, in the terminal and on the page", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, {
    space: "{ y: { int: [1, 8] }, epochs: [1, 2, 3] }",
    strategy: "grid",
    budget: "4",
  });
  const note = "The grid has 24 points; the budget takes the first 4, 20 are not tried";
  const dry = await place.do(["sweep", file, "-n"]);
  assert.ok(dry.stdout.includes(`note       ${note}\n`), dry.stdout);
  assert.match(dry.stdout, /^0 trials are there, 4 would be run; 0 failed$/m);
  const whole = await place.do(["sweep", file, "-n", "--trials", "20000"]);
  assert.match(whole.stdout, /^0 trials are there, 24 would be run; 0 failed$/m);
  const { stdout } = await place.do(["sweep", file]);
  assert.equal(stdout.split(`note       ${note}\n`).length, 3, stdout);
  assert.ok(
    Deno.readTextFileSync(pageOf(place)).includes(`${note}.</p>`),
  );
});

Deno.test("a winner that has not reached the last rung is not held against the baseline that has", async () => {
  await using place = await Workplace.here();
  const file = writeSweep(place, {
    strategy: "{ type: halving, eta: 3, rungs: [1, 2] }",
    budget: "2",
  });
  const events = await runSweep(place, [file]);
  const before =
    "Of 2 trials, of which the best 1/3 go on, none is trained further than epochs: 1; 3 trials reach epochs: 2";
  const note = events.findIndex((event) => event.type === "note" && event.message === before);
  assert.ok(note >= 0 && note < events.findIndex(({ type }) => type === "run-started"));
  assert.deepEqual(stateOf(place).limits, [
    before,
    "No trial has reached epochs: 2; the winner stands at 1, and cannot be compared with the baseline, " +
    "which stands at 2",
  ]);
});
