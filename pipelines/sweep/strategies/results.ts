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

/** The best of those that are done and whose trial is not among the ones named; null: there is none. */
export function bestOf(told: readonly Told[], goal: Goal, without: ReadonlySet<number>) {
  let best: Told | null = null;
  for (const one of told) {
    if (one.result.type !== "done" || without.has(one.job.trial)) continue;
    if (best === null || isBetter(one, best, goal)) best = one;
  }
  return best;
}

/** The jobs at one rung, in order. */
export function atRung(told: readonly Told[], rung: number): Told[] {
  return told.filter((one) => one.job.rung === rung);
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
  return told.map((one) =>
    one.job.number < needs ? one : { job: one.job, result: { type: "pending" } }
  );
}
