/** Which points a sweep tries. A strategy is a pure function of the results before it, by job. */
import type { Values } from "./sweep.ts";

/** One training of one point to one rung, with all its replicates. */
export interface Job {
  /** Counts from 0, in the order in which a strategy decides. */
  readonly number: number;
  /** The point; a trial that goes on to the next rung keeps its number. */
  readonly trial: number;
  readonly values: Values;
  /** Of halving: how far the training goes, counted from 0; null for other strategies. */
  readonly rung: number | null;
}

/** How a job ended: its metric, the mean of its replicates; or that it has none. */
export type Result =
  | { readonly type: "done"; readonly metric: number }
  /** Failed, or its metric is no finite number: the last in every ranking. */
  | { readonly type: "failed" }
  /** Not known to who decides; it may be running. */
  | { readonly type: "pending" };

export interface Told {
  readonly job: Job;
  readonly result: Result;
}

export interface Strategy {
  /** Jobs at most; it may end before. Numbers that are skipped are no jobs: ask on until null. */
  readonly jobs: number;
  /** Job `k` is decided by the results of the jobs before this number, and by no others. */
  needs(k: number): number;
  /**
   * The k-th job, given the jobs before it in order, of which those before `needs(k)` have a result. Null:
   * nothing is left to try, now and later. "skip": there is no job of this number, and later ones may come
   * all the same: the place in a rung that a failed trial leaves, or promotions that wait for results. "wait": it
   * cannot decide before more results are there (only where `told` are taken as they come).
   */
  job(k: number, told: readonly Told[]): Job | null | "skip" | "wait";
}
