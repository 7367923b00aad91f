/** What strategies ask of results: who is better, and what a job may know. */
import type { Told } from "../strategy.ts";
import type { Sweep } from "../sweep.ts";

type Goal = Sweep["goal"];

/** Whether the first is ranked before the second: of equal metrics the lower trial; what is not done last. */
export function isBetter(a: Told, b: Told, goal: Goal): boolean {
  if (a.result.type !== "done") return false;
  if (b.result.type !== "done") return true;
  const difference = a.result.metric - b.result.metric;
  if (difference === 0) return a.job.trial < b.job.trial;
  return goal === "maximize" ? difference > 0 : difference < 0;
}

/** The highest rung that each trial has been sent to, by trial. */
export function reachedBy(told: readonly Told[]): Uint8Array {
  const rungs = new Uint8Array(told.length);
  for (const { job } of told) rungs[job.trial] = job.rung ?? 0;
  return rungs;
}

/** The best that is done at a rung and was not sent further; null: there is none. */
export function nextOf(told: readonly Told[], rung: number, reached: Uint8Array, goal: Goal) {
  let best: Told | null = null;
  for (const one of told) {
    const { job, result } = one;
    if (job.rung !== rung || result.type !== "done" || reached[job.trial] !== rung) continue;
    if (best === null || isBetter(one, best, goal)) best = one;
  }
  return best;
}

/** How many jobs from the first one have a result when job `k` is decided, where `lag` run at once. */
export function needsOf(k: number, lag: number): number {
  return Math.max(0, k - lag + 1);
}

/**
 * What job `k` may know: results that came earlier than `lag` promises are left out, or the trials would
 * depend on their timing.
 */
export function knownTo(k: number, lag: number, told: readonly Told[]): readonly Told[] {
  const needs = needsOf(k, lag);
  const end = 1 + told.findLastIndex((one) => one.job.number < needs);
  const others = told.slice(end).map(({ job }): Told => ({ job, result: { type: "pending" } }));
  return told.slice(0, end).concat(others);
}
