import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import { stream } from "../numerics/random.ts";
import { below, density } from "../pipelines/sweep/strategies/normal.ts";
import { ofChoices, ofRange } from "../pipelines/sweep/strategies/parzen.ts";
import { createStrategy } from "../pipelines/sweep/strategies/create.ts";
import type { Job, Result, Told } from "../pipelines/sweep/strategy.ts";
import type { Space, StrategySpec } from "../pipelines/sweep/sweep.ts";
import {
  choice,
  float,
  int,
  type Judge,
  numberAt,
  play,
  sweepOf,
  when,
} from "./sweep_strategies_rig.ts";

const tpe = (lag = 1, startup = 10): StrategySpec => ({
  type: "tpe",
  startup,
  lag,
  gamma: 0.1,
  candidates: 24,
});
const RANDOM: StrategySpec = { type: "random" };

const LINE = [float("x", 0, 1)];

/** A net as one tunes it: a rate of 1e-3, 128 units, and Adam are best; SGD wants momentum. */
const NET: Space = [
  float("rate", 1e-5, 1, { log: true }),
  choice("optimizer", "sgd", "adam", "rmsprop"),
  when(float("momentum", 0, 0.99), "optimizer", "sgd"),
  int("units", 8, 1024, { log: true }),
  float("dropout", 0, 0.8, { step: 0.1 }),
];
const net: Judge = (job) => {
  const { optimizer } = job.values;
  const sgd = () => 0.3 + (numberAt(job, "momentum") - 0.9) ** 2;
  return (Math.log10(numberAt(job, "rate")) + 3) ** 2 +
    (optimizer === "sgd" ? sgd() : optimizer === "adam" ? 0 : 0.1) +
    0.2 * (Math.log2(numberAt(job, "units")) - 7) ** 2 +
    Math.abs(numberAt(job, "dropout") - 0.3);
};

const BOWL = Array.from({ length: 5 }, (_, i) => float(`x${i}`, 0, 1));
const bowl: Judge = (job) =>
  BOWL.reduce((sum, { path }, i) => sum + (numberAt(job, path) - 0.15 * (1 + i)) ** 2, 0);

const PLANE = [float("x", -5, 10), float("y", 0, 15)];
const branin: Judge = (job) => {
  const x = numberAt(job, "x"), y = numberAt(job, "y");
  return (y - 5.1 * x * x / (4 * Math.PI ** 2) + 5 * x / Math.PI - 6) ** 2 +
    10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
};

/** The best metric of 100 trials: the median over twenty seeds. */
function median(space: Space, strategy: StrategySpec, judge: Judge): number {
  const bests = Array.from({ length: 20 }, (_, seed) => {
    const jobs = play(sweepOf(space, strategy, { trials: 100, seed }), judge, { workers: 4 });
    return Math.min(...jobs.map((job) => judge(job) ?? Infinity));
  }).sort((a, b) => a - b);
  return ((bests[9] ?? NaN) + (bests[10] ?? NaN)) / 2;
}

Deno.test("TPE is better than random search by as much as it should be, also with four at once", () => {
  // Optuna's univariate one comes to 0.0099, 0.448 and 0.0154, one after the other.
  for (
    const [space, judge, lag, most] of [
      [BOWL, bowl, 1, 0.015],
      [PLANE, branin, 1, 0.47],
      [NET, net, 4, 0.03],
    ] as const
  ) {
    const found = median(space, tpe(lag), judge), random = median(space, RANDOM, judge);
    assert.ok(found < most && random > 1.4 * found, `${found}, at random ${random}`);
  }
});

Deno.test("TPE begins with the points of a random search", () => {
  const values = (strategy: StrategySpec) =>
    play(sweepOf(NET, strategy, { trials: 12 }), net).map((job) => job.values);
  const learnt = values(tpe()), drawn = values(RANDOM);
  assert.deepEqual(learnt.slice(0, 10), drawn.slice(0, 10));
  assert.notDeepEqual(learnt[10], drawn[10]);
});

Deno.test("TPE gives the same jobs for the same lag, in whatever order they end", () => {
  const jobs = [1, 3, 8].map((lag) => {
    const sweep = sweepOf(NET, tpe(lag), { trials: 40, seed: 4 });
    const wanted = play(sweep, net);
    for (const seed of [1, 2]) {
      let n = 0;
      const draws = stream(seed, "order");
      const ends = (running: readonly Job[]) => draws.uint32(n++) % running.length;
      assert.deepEqual(play(sweep, net, { workers: 6, ends }), wanted);
    }
    return JSON.stringify(wanted);
  });
  assert.equal(new Set(jobs).size, 3, "what is known decides");
});

/** Trials at these places of the line; `judge` says how each ended. */
const toldOf = (places: readonly number[], judge: (x: number) => Result): Told[] =>
  places.map((x, number) => ({
    job: { number, trial: number, values: { x }, rung: null },
    result: judge(x),
  }));

/** Where the trial after these is drawn, with each of fifty seeds. */
function drawn(told: readonly Told[], asynchronous = true): number[] {
  return Array.from({ length: 50 }, (_, seed) => {
    const sweep = sweepOf(LINE, tpe(), { seed, trials: 1000, asynchronous });
    const job = createStrategy(sweep).job(told.length, told);
    assert.ok(job !== null && typeof job === "object");
    return numberAt(job, "x");
  });
}

Deno.test("Failed trials, and those that run, keep the next ones away", () => {
  const places = Array.from({ length: 40 }, (_, i) => (i + 0.5) / 40);
  const metric = (x: number): Result => ({ type: "done", metric: Math.abs(x - 0.5) });
  const near = (values: readonly number[]) => values.filter((x) => x > 0.5).length;
  const before = near(drawn(toldOf(places, metric)));
  assert.ok(before > 10 && before < 40, `${before} of 50 lie above the middle`);
  for (const type of ["failed", "pending"] as const) {
    const told = toldOf(places, (x) => x > 0.5 ? { type } : metric(x));
    const after = near(drawn(told));
    assert.ok(after < before / 2, `${type}: ${after} of 50 lie above the middle, before ${before}`);
  }
});

Deno.test("Where all trials have failed, or run, the next is drawn at random", () => {
  const places = Array.from({ length: 20 }, (_, i) => (i + 0.5) / 20);
  for (const type of ["failed", "pending"] as const) {
    const values = drawn(toldOf(places, () => ({ type })));
    assert.ok(Math.min(...values) < 0.1 && Math.max(...values) > 0.9);
  }
});

Deno.test("A trial of an earlier space is learnt from as far as its values lie in this one", () => {
  const told = toldOf([0.1, 0.2, 0.3], (x) => ({ type: "done", metric: x }))
    .map((one) => ({
      ...one,
      job: { ...one.job, values: { ...one.job.values, gone: 1, c: "old" } },
    }));
  const sweep = sweepOf([...LINE, choice("c", "new", "newer")], tpe(1, 2));
  const job = createStrategy(sweep).job(3, told);
  assert.ok(job !== null && typeof job === "object");
  assert.deepEqual(Object.keys(job.values), ["x", "c"]);
});

Deno.test("The normal distribution is right to ten digits", () => {
  // From SciPy's stats.norm.
  for (
    const [z, part] of [
      [0, 0.5],
      [1, 0.8413447460685429],
      [-1.959963984540054, 0.025],
      [3.2, 0.9993128620620841],
      [-5, 2.866515718791933e-07],
    ] as const
  ) {
    assert.ok(Math.abs(below(z) / part - 1) < 1e-10, `below ${z}: ${below(z)}`);
    const height = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
    assert.ok(Math.abs(density(z) / height - 1) < 1e-10);
  }
  assert.deepEqual([below(-40), below(40), density(40)], [0, 1, 0]);
});

Deno.test("An estimate of a range is a density on it: it comes to 1, in parts or point by point", () => {
  for (const seen of [[], [0], [1, 1, 1], [0.2, 0.21, 0.9], [0.5]]) {
    const estimate = ofRange(seen.map((x) => [x, x]));
    let parts = 0, points = 0;
    for (let i = 0; i < 2000; i++) {
      parts += estimate.at([i / 2000, (i + 1) / 2000]);
      points += estimate.at([(i + 0.5) / 2000, (i + 0.5) / 2000]) / 2000;
    }
    assert.ok(Math.abs(parts - 1) < 1e-6 && Math.abs(points - 1) < 1e-6, `${parts}, ${points}`);
  }
});

Deno.test("However often one value was seen, its kernel has a width, and all others stay possible", () => {
  const estimate = ofRange(new Array(30).fill([0.1, 0.1]));
  // A deviation of 1 / 32; the prior, which is one of 31, is nearly flat, and the last of the 30 kernels
  // reaches over to it.
  const peak = estimate.at([0.1, 0.1]), far = 31 * estimate.at([0.98, 0.98]);
  assert.ok(peak > 11 && peak < 14, `${peak}`);
  assert.ok(far > 0.95 && far < 1.2, `${far}`);
});

Deno.test("What is drawn of an estimate lies as its density says", () => {
  const estimate = ofRange([[0.1, 0.1], [0.15, 0.15], [0.8, 0.8]]);
  const picks = stream(1, "pick"), normals = stream(1, "normal");
  const n = 20000, counts = new Array<number>(10).fill(0);
  for (let i = 0; i < n; i++) {
    const x = estimate.draw(picks.uniform(i), (k) => normals.normal(64 * i + k));
    assert.ok(x >= 0 && x <= 1);
    const place = Math.min(9, Math.floor(10 * x));
    counts[place] = (counts[place] ?? 0) + 1;
  }
  const chi = counts.reduce((sum, count, i) => {
    const wanted = n * estimate.at([i / 10, (i + 1) / 10]);
    return sum + (count - wanted) ** 2 / wanted;
  }, 0);
  // Chi-squared with 9 degrees of freedom is above 33 once in 8,000 seeds.
  assert.ok(chi < 33, `${chi}: ${counts}`);
});

Deno.test("Choices count as often as they were seen and once more", () => {
  const thirds = [[0, 1 / 3], [1 / 3, 2 / 3], [2 / 3, 1]] as const;
  const estimate = ofChoices(3, [thirds[1], thirds[1], thirds[2]]);
  assert.deepEqual(thirds.map((part) => Math.round(6 * estimate.at(part))), [1, 3, 2]);
  const places = [0, 0.16, 0.17, 0.66, 0.67, 1].map((pick) => estimate.draw(pick, () => 0));
  assert.deepEqual(places.map((place) => Math.floor(3 * place)), [0, 0, 1, 1, 2, 2]);
});

Deno.test("A thousand trials of TPE are decided in under five seconds", () => {
  // Of this process: the machine may be busy with other tests.
  const started = cpuUsage();
  assert.equal(play(sweepOf(NET, tpe(4), { trials: 1000 }), net, { workers: 4 }).length, 1000);
  const seconds = cpuUsage(started).user / 1e6;
  assert.ok(seconds < 5, `${seconds} s`);
});
