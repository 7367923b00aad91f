/** What the server tells the page: plain data, as it goes over the wire. */
import type { Outcome } from "../plan/plan.ts";

export type State = "waiting" | "running" | Outcome;

/** Nodes by state. */
export type Counts = Record<State, number>;

/** Times are in milliseconds since 1970. */
export interface About {
  readonly config: string;
  readonly sweep: string | null;
  /** Id of the Slurm job that it runs in. */
  readonly slurm: string | null;
  readonly command: readonly string[];
  readonly started: number;
}

/**
 * `broken`: its process has gone without an end. `silent`: it runs on another host, whose locks are not seen
 * here, and has told nothing for long.
 */
export type Status = "running" | "done" | "failed" | "interrupted" | "broken" | "silent";

/** A line of the list of runs. */
export interface RunView {
  readonly id: string;
  readonly about: About;
  readonly status: Status;
  readonly counts: Counts;
  /** When it told something last. */
  readonly last: number;
}

export interface NodeView {
  readonly id: string;
  readonly stage: string;
  readonly state: State;
  readonly started: number | null;
  /** How long it took; null before its end. */
  readonly milliseconds: number | null;
  readonly threads: number | null;
  /** 1, then one more for each retry. */
  readonly attempt: number;
  readonly progress: {
    readonly done: number;
    readonly total: number;
    readonly unit: string;
    readonly facts: Readonly<Record<string, string>>;
  } | null;
  /** The last line that it said, beside its log. */
  readonly said: string | null;
  /** Why it failed, or was tried again. */
  readonly failure: Fault | null;
  readonly blockedBy: string | null;
}

export interface Fault {
  readonly message: string;
  readonly help: string | null;
}

export interface StageView {
  readonly name: string;
  /** Names of the stages that feed it. */
  readonly feeds: readonly string[];
}

export interface NoteView {
  readonly at: number;
  readonly isWarning: boolean;
  readonly node: string | null;
  readonly text: string;
}

export interface End {
  readonly at: number;
  readonly milliseconds: number;
  readonly interrupted: boolean;
}

/** A point of a curve: the numbers among a node's facts, at so many of what it counts. */
export interface Sample {
  readonly done: number;
  readonly values: Readonly<Record<string, number>>;
}

/** What has changed in a run's file after the place `since`; 0: all of it. */
export interface Patch {
  readonly since: number;
  readonly position: number;
  readonly about: About | null;
  readonly end: End | null;
  readonly stages: readonly StageView[];
  /** Each whole. */
  readonly nodes: readonly NodeView[];
  /** Samples to append. */
  readonly curves: Readonly<Record<string, readonly Sample[]>>;
  /** The nodes that have curves; those of others go. */
  readonly drawn: readonly string[];
  readonly notes: readonly NoteView[];
  /** How many pages the run has published; null: as before. */
  readonly pages: number | null;
}

/** A trial of a sweep, as the table of the best shows it. */
export interface TrialView {
  readonly trial: number;
  /** Mean over its replicates. */
  readonly metric: number;
  readonly replicates: number;
  /** How far halving has let it go, in what its rungs count; null: as far as the config says. */
  readonly reached: number | null;
  readonly values: Readonly<Record<string, string | number>>;
}

export interface SweepView {
  readonly name: string;
  readonly metric: string;
  readonly goal: "maximize" | "minimize";
  /** What the rungs of halving count; null without them. */
  readonly rungs: string | null;
  /** Trials by state. */
  readonly counts: Readonly<Record<"done" | "pruned" | "failed" | "running", number>>;
  /** Of the budget; null where that is not said. */
  readonly left: number | null;
  readonly best: readonly TrialView[];
}

/** A piece of a log: `text` stands from `from` to `next`; `size` is what the log has by now, in bytes. */
export interface LogView {
  readonly text: string;
  readonly from: number;
  readonly next: number;
  readonly size: number;
}
