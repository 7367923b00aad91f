import assert from "node:assert/strict";
import { createStrategy } from "../pipelines/sweep/strategies/create.ts";
import { directionsOf, SOBOL_DIMENSIONS, sobolWord } from "../pipelines/sweep/strategies/sobol.ts";
import { isIn, textOf } from "../pipelines/sweep/space.ts";
import type { Space, StrategySpec, Sweep, Values } from "../pipelines/sweep/sweep.ts";
import {
  choice,
  float,
  int,
  numberAt,
  placesOf,
  play,
  sweepOf,
  when,
} from "./sweep_strategies_rig.ts";
import { readTruth } from "./truth_rig.ts";

const SPACE: Space = [
  choice("optimizer", "sgd", "rmsprop"),
  when(float("momentum", 0, 0.99), "optimizer", "sgd"),
  float("rate", 1e-5, 0.1, { log: true, points: 9 }),
  int("units", 16, 256, { log: true }),
];
const RANDOM: StrategySpec = { type: "random" }, SOBOL: StrategySpec = { type: "sobol" };
const TPE: StrategySpec = { type: "tpe", startup: 10, lag: 3, gamma: 0.1, candidates: 24 };

/** Points of a strategy that asks for no results. */
function points(sweep: Sweep): Values[] {
  return play(sweep, () => 0).map(({ values }) => values);
}

Deno.test("A grid tries its points in order, as many as the budget has", () => {
  const space = [choice("a", "x", "y"), int("b", 1, 3)];
  const sweep = sweepOf(space, { type: "grid" }, { trials: 4 });
  assert.equal(createStrategy(sweep).jobs, 4);
  assert.deepEqual(points(sweep), [
    { a: "x", b: 1 },
    { a: "x", b: 2 },
    { a: "x", b: 3 },
    { a: "y", b: 1 },
  ]);
  assert.equal(createStrategy(sweepOf(space, { type: "grid" }, { trials: 99 })).jobs, 6);
  assert.deepEqual(placesOf(play(sweepOf(space, { type: "grid" }), () => 0)).at(-1), [5, 5, null]);
});

Deno.test("Whichever job is asked for first, a strategy that needs no results gives the same", () => {
  for (const type of ["grid", "random", "sobol"] as const) {
    const space = SPACE.filter(({ path }) => type !== "grid" || path !== "momentum");
    const sweep = sweepOf(space, { type });
    const forward = points(sweep);
    const strategy = createStrategy(sweep);
    for (const k of [19, 3, 0, 11]) {
      const job = strategy.job(k, []);
      assert.ok(job !== null && typeof job === "object");
      assert.deepEqual(job.values, forward[k], `${type}, job ${k}`);
    }
    assert.equal(strategy.job(20, []), null);
  }
});

Deno.test("A larger budget begins with the points of the smaller", () => {
  for (const strategy of [{ type: "grid" } as const, RANDOM, SOBOL, TPE]) {
    const space = SPACE.filter(({ path }) => strategy.type !== "grid" || path !== "momentum");
    const run = (trials: number) =>
      play(sweepOf(space, strategy, { trials }), (job) => numberAt(job, "rate"));
    assert.deepEqual(run(40).slice(0, 25), run(25));
  }
});

Deno.test("Another seed gives other points", () => {
  for (const strategy of [RANDOM, SOBOL, TPE]) {
    const [one, two] = [1, 2].map((seed) => points(sweepOf(SPACE, strategy, { seed })).map(textOf));
    assert.equal(new Set([...one ?? [], ...two ?? []]).size, 40);
  }
});

Deno.test("A further param leaves the draws of the others as they are", () => {
  for (const strategy of [RANDOM, SOBOL]) {
    const before = points(sweepOf(SPACE, strategy));
    const after = points(sweepOf([...SPACE, float("dropout", 0, 0.5)], strategy));
    assert.deepEqual(after.map(({ dropout: _, ...others }) => others), before);
  }
  const moved = points(sweepOf([float("dropout", 0, 0.5), ...SPACE], RANDOM));
  assert.deepEqual(
    moved.map(({ dropout: _, ...others }) => others),
    points(sweepOf(SPACE, RANDOM)),
    "random draws do not ask where a param stands either",
  );
});

Deno.test("Random points are spread evenly, log ranges in the logarithm, and no two params alike", () => {
  const space = [
    float("rate", 1e-5, 1, { log: true }),
    float("dropout", 0, 1),
    choice("c", 0, 1, 2, 3, 4),
  ];
  const all = points(sweepOf(space, RANDOM, { trials: 5000 }));
  const parts: readonly ((values: Values) => number)[] = [
    (values) => Math.floor(2 * (Math.log10(Number(values["rate"])) + 5)),
    (values) => Math.floor(10 * Number(values["dropout"])),
    (values) => 2 * Number(values["c"]) + (Number(values["dropout"]) < 0.5 ? 0 : 1),
  ];
  for (const part of parts) {
    const counts = new Array<number>(10).fill(0);
    for (const values of all) {
      const i = Math.min(9, part(values));
      counts[i] = (counts[i] ?? 0) + 1;
    }
    // Chi-squared with 9 degrees of freedom is above 33 once in 8,000 seeds.
    const chi = counts.reduce((sum, n) => sum + (n - 500) ** 2 / 500, 0);
    assert.ok(chi < 33, `${chi}: ${counts}`);
  }
});

Deno.test("A small space is tried once as a whole, and then the search ends", () => {
  const space = [
    choice("a", "x", "y"),
    when(int("b", 1, 4), "a", "x"),
    when(choice("c", true, false), "a", "y"),
  ];
  for (const strategy of [RANDOM, SOBOL, TPE]) {
    const jobs = play(sweepOf(space, strategy, { trials: 50 }), (job) => job.number % 3);
    assert.equal(new Set(jobs.map(({ values }) => textOf(values))).size, 6, strategy.type);
    assert.equal(jobs.length, 6);
    assert.ok(jobs.every(({ values }) => isIn(space, values)));
  }
});

Deno.test("Unshifted points of Sobol's sequence are those of SciPy in every dimension", async () => {
  const { points } = await readTruth<{ points: Record<string, number[]> }>("sobol");
  assert.ok(Object.keys(points).length >= 8);
  const directions = Array.from({ length: SOBOL_DIMENSIONS }, (_, i) => directionsOf(i));
  for (const [index, wanted] of Object.entries(points)) {
    assert.deepEqual(directions.map((one) => sobolWord(one, Number(index))), wanted);
  }
});

Deno.test("Of 64 Sobol points each 64th of every param, and each square of 8 by 8, has one", () => {
  // Each of the first dimensions, and pairs that Joe and Kuo's numbers make even.
  const space = Array.from({ length: 6 }, (_, i) => float(`p${i}`, 0, 1));
  const all = points(sweepOf(space, SOBOL, { trials: 64, seed: 5 }));
  for (const { path } of space) {
    assert.equal(new Set(all.map((values) => Math.floor(64 * Number(values[path])))).size, 64);
  }
  const squares = all.map((values) =>
    `${Math.floor(8 * Number(values["p0"]))} ${Math.floor(8 * Number(values["p1"]))}`
  );
  assert.equal(new Set(squares).size, 64);
});

Deno.test("More params than Sobol's sequence has dimensions are refused with their number", () => {
  const space = Array.from({ length: SOBOL_DIMENSIONS + 1 }, (_, i) => float(`p${i}`, 0, 1));
  assert.throws(() => createStrategy(sweepOf(space, SOBOL)), {
    message: "Sobol's sequence has 50 dimensions here, and the space 51 params: sweep fewer, or " +
      'take the strategy "random"',
  });
  assert.equal(points(sweepOf(space.slice(1), SOBOL, { trials: 3 })).length, 3);
});
