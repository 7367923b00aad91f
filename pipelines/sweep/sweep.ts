/** A complete, valid sweep as plain data: what to try, how often, and by which figure it is judged. */
import type { Json } from "../json.ts";

/** What one param may be. `path`: stage and param, e.g. `train.optimizer.learningRate`. */
export interface Parameter {
  readonly path: string;
  readonly domain: Domain;
  /** It counts only where these others have one of these values; null: always. */
  readonly when: readonly { readonly path: string; readonly is: readonly Json[] }[];
}

/** `choice`: one of these, each with a name for tables and charts. Ranges include both ends. */
export type Domain =
  | {
    readonly type: "choice";
    readonly choices: readonly { readonly name: string; readonly value: Json }[];
  }
  | {
    readonly type: "float";
    readonly min: number;
    readonly max: number;
    readonly log: boolean;
    /** Values are min + k * step; null: any. Never with `log`. */
    readonly step: number | null;
    /** How many values a grid takes of it; null: a grid cannot. */
    readonly points: number | null;
  }
  | {
    readonly type: "int";
    readonly min: number;
    readonly max: number;
    readonly log: boolean;
    /** At least 1. */
    readonly step: number;
    readonly points: number | null;
  };

/** In declared order; a parameter comes after those that its `when` names. */
export type Space = readonly Parameter[];

/** The values of one trial by path: only of the parameters that count. */
export type Values = Readonly<Record<string, Json>>;

export type StrategySpec =
  | { readonly type: "grid" }
  | { readonly type: "random" }
  | { readonly type: "sobol" }
  | {
    readonly type: "tpe";
    /** Trials that are drawn at random before it learns. */
    readonly startup: number;
    /** Job k knows the results of all jobs before k - lag + 1, so that `lag` may run at once. */
    readonly lag: number;
    /** Part of the trials that counts as good. */
    readonly gamma: number;
    /** Candidates of which the likeliest to be good is taken. */
    readonly candidates: number;
  }
  | {
    /** Rung r trains to the r-th of `rungs`, and the best 1/eta go on. */
    readonly type: "halving";
    readonly eta: number;
    readonly rungs: readonly number[];
  }
  | {
    readonly type: "asha";
    readonly eta: number;
    readonly rungs: readonly number[];
    readonly lag: number;
  };

/** Trials of one sweep at most. */
export const MOST_TRIALS = 20_000;

export type Goal = "maximize" | "minimize";

/** `Sweep<Goal | null>`: as its file says it. Without a goal that of its metric holds, which its stage knows. */
export interface Sweep<G extends Goal | null = Goal> {
  /** Absolute path of the file. */
  readonly path: string;
  /** File name without `.yaml`, for people. */
  readonly name: string;
  /** What its pages and its folder in the store are called: where the file lies, and what `--set` changes. */
  readonly page: string;
  /** Absolute path of the base config. */
  readonly base: string;
  /** What is changed of the base config for all trials, in the form of `--set`. */
  readonly overrides: readonly string[];
  /** Decides which points are drawn. The training's seeds are the config's. */
  readonly seed: number;
  readonly space: Space;
  readonly metric: {
    readonly stage: string;
    /** Name of a tensor of one of its outputs; of several values the last counts. */
    readonly tensor: string;
    /** `test`: the metric's stage keeps its inputs; `validation`: what it reads of a test set is replaced. */
    readonly on: "validation" | "test";
  };
  readonly goal: G;
  readonly strategy: StrategySpec;
  /** Stage and param that the rungs of halving count, e.g. train and epochs. */
  readonly rungs: { readonly stage: string; readonly param: string } | null;
  readonly budget: {
    /** Points that are tried at most; of halving, at the first rung. */
    readonly trials: number;
    /** Milliseconds after which no trial begins; null: no end. */
    readonly time: number | null;
  };
  /** Seeds a trial. */
  readonly replicates: number;
  /** Further tries of a stage run that fails. */
  readonly retries: number;
  /** Milliseconds that a stage run may take; null: any. */
  readonly timeout: number | null;
  /** Results are taken as they come: the trials then depend on their timing. */
  readonly asynchronous: boolean;
  /** The cell of each stage with variants that is swept, e.g. { train: "baseline" }. */
  readonly cells: Readonly<Record<string, string>>;
}
