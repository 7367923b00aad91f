/** All jobs of a sweep that are decided, with what became of each; asks the strategy for the next. */
import type { Digest, NodeId } from "../plan/plan.ts";
import type { Figure } from "./figures.ts";
import type { Planned, Unplanned } from "./plan.ts";
import type { Point } from "./trials.ts";
import type { Job, Result, Strategy, Told } from "./strategy.ts";

/** The metric of one replicate. */
export interface Replicate extends Figure {
  /** The seed's label; empty where there is one seed. */
  readonly seed: string;
  readonly node: NodeId;
  readonly outputs: Readonly<Record<string, Digest>>;
}

/** Why a job has no metric. */
export interface Loss {
  readonly node: NodeId | "";
  readonly message: string;
  /** Path of the log of what failed. */
  readonly log: string | null;
}

/** One job, or the baseline, with its nodes and how it ended. */
export interface Entry {
  readonly point: Point;
  /** Null: not planned yet. */
  planned: Planned | Unplanned | null;
  result: Result;
  /** By seed, in order; those that are done. */
  replicates: readonly Replicate[];
  loss: Loss | null;
}

export interface JobEntry extends Entry {
  readonly job: Job;
}

export function pending(point: Point): Entry {
  return { point, planned: null, result: { type: "pending" }, replicates: [], loss: null };
}

export class Ledger {
  readonly #entries: JobEntry[] = [];
  /** What the strategy is shown. */
  readonly #told: { job: Job; result: Result }[] = [];
  /** Number of the next job; some are skipped. */
  #next = 0;
  /** Entries before this index show their result; those before `#settled` have one. */
  #shown = 0;
  #settled = 0;
  #open = 0;
  #isOver = false;

  /** `asynchronous`: the strategy sees each result as soon as it is there. */
  constructor(readonly strategy: Strategy, readonly asynchronous: boolean) {}

  /** In the order of their numbers. */
  get entries(): readonly JobEntry[] {
    return this.#entries;
  }
  /** Jobs without a result. */
  get open(): number {
    return this.#open;
  }
  /** Nothing more will be decided. */
  get isOver(): boolean {
    return this.#isOver;
  }
  /** Decides nothing more: the time is over. */
  end(): void {
    this.#isOver = true;
  }

  /** The next job, which is to be `add`ed before another is asked for; null: none now, or (`isOver`) none any more. */
  next(): Job | null {
    while (!this.#isOver) {
      const needs = this.asynchronous ? 0 : this.strategy.needs(this.#next);
      const isWaiting = this.#settled < this.#entries.length &&
        (this.#entries[this.#settled]?.job.number ?? 0) < needs;
      if (isWaiting) return null;
      while ((this.#entries[this.#shown]?.job.number ?? needs) < needs) this.#show(this.#shown++);
      const told: readonly Told[] = this.#told;
      const job = this.strategy.job(this.#next, told);
      if (job === null) return this.#over();
      if (job === "wait") return this.#open === 0 ? this.#over() : null;
      if (job !== "skip") return job;
      this.#next++;
    }
    return null;
  }

  /** Takes a job that `next` has given, or that was decided before. */
  add(job: Job, point: Point): JobEntry {
    if (job.number < this.#next) throw new Error(`Job ${job.number} was decided before`);
    this.#next = job.number + 1;
    const entry = { job, ...pending(point) };
    this.#entries.push(entry);
    this.#told.push({ job, result: entry.result });
    this.#open++;
    return entry;
  }

  /** What became of a job; a node that was healed says it again. */
  settle(entry: JobEntry, result: Result): void {
    if (entry.result.type === "pending") this.#open--;
    entry.result = result;
    while ((this.#entries[this.#settled]?.result.type ?? "pending") !== "pending") this.#settled++;
    if (this.asynchronous) this.#show(this.#entries.indexOf(entry));
  }

  #show(index: number): void {
    const entry = this.#entries[index], told = this.#told[index];
    if (entry !== undefined && told !== undefined) told.result = entry.result;
  }

  #over(): null {
    this.#isOver = true;
    return null;
  }
}
