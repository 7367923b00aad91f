import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import { stream } from "../numerics/random.ts";
import { createStrategy } from "../pipelines/sweep/strategies/create.ts";
import type { Job, Told } from "../pipelines/sweep/strategy.ts";
import type { StrategySpec } from "../pipelines/sweep/sweep.ts";
import {
  float,
  int,
  type Judge,
  numberAt,
  placesOf,
  play,
  sweepOf,
} from "./sweep_strategies_rig.ts";

const SPACE = [float("x", 0, 1)];
const HALVING: StrategySpec = { type: "halving", eta: 2, rungs: [1, 2, 4] };
const asha = (lag: number, eta = 2): StrategySpec => ({ type: "asha", eta, rungs: [1, 2, 4], lag });

/** Metrics by trial, a row for each rung; null fails. */
const table = (...rows: (readonly (number | null)[])[]): Judge => ({ rung, trial }) =>
  rows[rung ?? 0]?.[trial] ?? null;

/** A fixed metric that is noisy at low rungs; one in ten fails. */
const noisy: Judge = (job) => {
  const draws = stream(3, "noise", job.trial, job.rung ?? 0);
  return draws.uniform(0) < 0.1
    ? null
    : numberAt(job, "x") + draws.uniform(1) / (1 + Number(job.rung));
};

/** Ends the running jobs in an order of its own for each seed. */
const shuffled = (seed: number) => {
  let n = 0;
  const draws = stream(seed, "order");
  return (running: readonly Job[]) => draws.uint32(n++) % running.length;
};

Deno.test("Halving lets the best half of each rung go on, best first, of equal ones the lower trial", () => {
  const judge = table(
    [5, 3, 3, null, 1, 9, null, 7],
    [1, null, 2, null, 2],
    [0, 0, 0],
  );
  const first = Array.from({ length: 8 }, (_, trial) => [trial, trial, 0]);
  const jobs = play(sweepOf(SPACE, HALVING, { trials: 8 }), judge);
  assert.deepEqual(placesOf(jobs), [
    ...first,
    [8, 4, 1],
    [9, 1, 1],
    [10, 2, 1],
    [11, 0, 1],
    [12, 0, 2],
    [13, 2, 2],
  ]);
  for (const { trial, values } of jobs) assert.deepEqual(values, jobs[trial]?.values);
  const most = play(sweepOf(SPACE, HALVING, { trials: 8, goal: "maximize" }), judge);
  assert.deepEqual(placesOf(most).slice(8), [
    [8, 5, 1],
    [9, 7, 1],
    [10, 0, 1],
    [11, 1, 1],
    [12, 0, 2],
  ]);
});

Deno.test("A failed trial never goes on: its place is skipped, and the later rungs keep their numbers", () => {
  const judge = table([null, 2, null, null, 1, null, null, null], [0, 0, 0, 0, 5, 0, 0], [0, 0]);
  const jobs = play(sweepOf(SPACE, HALVING, { trials: 8 }), judge);
  assert.deepEqual(placesOf(jobs).slice(8), [[8, 4, 1], [9, 1, 1], [12, 1, 2], [13, 4, 2]]);
  const none = play(sweepOf(SPACE, HALVING, { trials: 8 }), () => null);
  assert.equal(none.length, 8);
});

Deno.test("A rung's jobs need the results of the rungs before it, and of no other job", () => {
  const strategy = createStrategy(sweepOf(SPACE, HALVING, { trials: 9 }));
  assert.equal(strategy.jobs, 9 + 4 + 2);
  const needs = Array.from({ length: 15 }, (_, k) => strategy.needs(k));
  assert.deepEqual(needs, [...new Array(9).fill(0), 9, 9, 9, 9, 13, 13]);
});

Deno.test("Rungs that no trial is left for are none, and points that a space has not got are no jobs", () => {
  const eta: StrategySpec = { type: "halving", eta: 3, rungs: [1, 3, 9, 27] };
  assert.equal(createStrategy(sweepOf(SPACE, eta, { trials: 10 })).jobs, 10 + 3 + 1);
  const small = sweepOf([int("x", 1, 4)], HALVING, { trials: 50 });
  assert.equal(createStrategy(small).jobs, 4 + 2 + 1);
  assert.equal(play(small, (job) => numberAt(job, "x")).length, 7);
});

Deno.test("Halving gives the same jobs in whatever order they end, with any number of workers", () => {
  for (const asynchronous of [false, true]) {
    const sweep = sweepOf(SPACE, HALVING, { trials: 30, asynchronous });
    const wanted = play(sweep, noisy);
    assert.ok(wanted.length > 40);
    for (const seed of [1, 2, 3]) {
      assert.deepEqual(play(sweep, noisy, { workers: 7, ends: shuffled(seed) }), wanted);
    }
  }
});

Deno.test("ASHA promotes as soon as a trial is among the best of its rung", () => {
  const judge = table([5, 3, 4, 1], [0, 3, 0, 2], [0, 0, 0, 0]);
  assert.deepEqual(placesOf(play(sweepOf(SPACE, asha(1), { trials: 4 }), judge)), [
    [0, 0, 0],
    [1, 1, 0],
    [2, 1, 1],
    [3, 2, 0],
    [4, 3, 0],
    [5, 3, 1],
    [6, 3, 2],
  ]);
});

Deno.test("Where trials of two rungs may go on, ASHA promotes that of the higher one", () => {
  const sweep = sweepOf(SPACE, asha(1), { trials: 6 });
  const places = [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [5, 0], [0, 1], [1, 1]] as const;
  const told = places.map(([trial, rung], number): Told => ({
    job: { number, trial, values: { x: 0.1 * trial }, rung },
    result: { type: "done", metric: trial },
  }));
  const next = { number: 8, trial: 0, values: { x: 0 }, rung: 2 };
  assert.deepEqual(createStrategy(sweep).job(8, told), next);
});

Deno.test("ASHA skips numbers while only results under way can tell, and ends when none can", () => {
  const judge = table([5, 3, 4, 1], [0, 3, 0, 2], [0, 0, 0, 0]);
  // Job 5 knows jobs 0 and 1; the last results are known to job 7 + 3.
  assert.deepEqual(placesOf(play(sweepOf(SPACE, asha(4), { trials: 4 }), judge)), [
    [0, 0, 0],
    [1, 1, 0],
    [2, 2, 0],
    [3, 3, 0],
    [5, 1, 1],
    [7, 3, 1],
    [11, 3, 2],
  ]);
});

Deno.test("ASHA gives the same jobs for the same lag, in whatever order they end", () => {
  for (const lag of [1, 4, 9]) {
    const sweep = sweepOf(SPACE, asha(lag, 3), { trials: 60 });
    const wanted = play(sweep, noisy);
    assert.ok(wanted.some(({ rung }) => rung === 2));
    for (const seed of [1, 2, 3]) {
      assert.deepEqual(play(sweep, noisy, { workers: 6, ends: shuffled(seed) }), wanted);
    }
  }
});

/** Throws unless the trial is among the best 1/eta of what its former rung has finished. */
function checkPromotion(job: Job, told: readonly Told[], eta: number): void {
  if (job.rung === 0 || job.rung === null) return;
  const before = told.filter((one) => one.job.rung === Number(job.rung) - 1);
  const finished = before.filter(({ result }) => result.type !== "pending");
  const metrics = finished.flatMap(({ result }) => result.type === "done" ? [result.metric] : []);
  const own = before.find((one) => one.job.trial === job.trial)?.result;
  assert.ok(own?.type === "done", `trial ${job.trial} has a metric`);
  const better = metrics.filter((metric) => metric < own.metric).length;
  assert.ok(
    better < Math.floor(finished.length / eta),
    `${better} of ${finished.length} are better`,
  );
  assert.ok(!told.some((one) => one.job.trial === job.trial && one.job.rung === job.rung));
}

Deno.test("Told as they come, ASHA promotes none outside the best 1/eta, none twice, and comes to an end", () => {
  const runs = [1, 2, 3, 4].map((seed) => {
    const sweep = sweepOf(SPACE, asha(1, 3), { trials: 60, asynchronous: true });
    const jobs = play(sweep, noisy, {
      workers: 5,
      ends: shuffled(seed),
      watch: (job, told) => checkPromotion(job, told, 3),
    });
    assert.equal(jobs.filter(({ rung }) => rung === 0).length, 60);
    assert.ok(jobs.length >= 60 + 20 && jobs.length <= createStrategy(sweep).jobs);
    return JSON.stringify(placesOf(jobs));
  });
  assert.equal(new Set(runs).size, 4, "the order of results decides");
  const all = play(sweepOf(SPACE, asha(1), { trials: 9, asynchronous: true }), () => null);
  assert.equal(all.length, 9);
});

Deno.test("ASHA ranks failed trials last, and they count as finished", () => {
  // One of the two may go on, and it is the one that has a metric.
  const jobs = play(sweepOf(SPACE, asha(1), { trials: 2 }), table([null, 8], [0, 0], [0, 0]));
  assert.deepEqual(placesOf(jobs), [[0, 0, 0], [1, 1, 0], [2, 1, 1]]);
});

Deno.test("Halving and ASHA decide thousands of jobs in well under a second", () => {
  for (const strategy of [{ ...HALVING, eta: 3 }, asha(8, 3)]) {
    const sweep = sweepOf(SPACE, strategy, { trials: 1400 });
    const decider = createStrategy(sweep);
    const told: Told[] = [];
    const started = cpuUsage();
    for (let k = 0;; k++) {
      const job = decider.job(k, told);
      if (job === null) break;
      if (typeof job === "string") continue;
      told.push({ job, result: { type: "done", metric: numberAt(job, "x") } });
    }
    assert.ok(told.length > 2000);
    // Of this process: the machine may be busy with other tests.
    const seconds = cpuUsage(started).user / 1e6;
    assert.ok(seconds < 1, `${strategy.type} took ${seconds} s`);
  }
});
