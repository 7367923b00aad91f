/** What a sweep's page is drawn from: plain data, no tensors. */
import type { Json } from "../json.ts";

/** One swept param, as charts need it. */
export interface SweepParameter {
  /** As `--set` writes it: `train.optimizer.learningRate`. */
  readonly path: string;
  readonly type: "choice" | "float" | "int";
  readonly log: boolean;
  /** Names of choices, or the two ends of a range. */
  readonly domain: readonly (string | number)[];
}

/** `pruned`: halving has not let it go on. `running`: begun, or waiting for its turn. */
export type TrialState = "done" | "pruned" | "failed" | "running";

/**
 * `at`: of which `unit`, e.g. epoch, it is, from 1, where its stage keeps one of several. `single`: it is a
 * float32.
 */
export interface Measured {
  readonly seed: string;
  readonly value: number;
  readonly at?: number;
  readonly single?: boolean;
}

export interface SweepTrial {
  /** Its number, from 0. */
  readonly trial: number;
  readonly state: TrialState;
  /** Name of a choice or a number by path; a param that does not count here is absent. */
  readonly values: Readonly<Record<string, string | number>>;
  /** As `--set` takes them. */
  readonly settings: Readonly<Record<string, Json>>;
  /** Epochs (or what the rungs count) that it was trained to; null: as the config says. */
  readonly reached: number | null;
  /** The metric of each replicate that is done, by seed; at the last rung that it reached. */
  readonly metrics: readonly Measured[];
  /** Seconds of all its stage runs as they were made, replicates and rungs together; hits count what they took once. */
  readonly seconds: number;
  /** Curves of its first replicate by epoch: only of the best ten. Names as Keras': val_accuracy. */
  readonly curves: Readonly<Record<string, readonly number[]>> | null;
  /** Of a failed one: what it said, and where its log lies. */
  readonly failure: {
    readonly node: string;
    readonly message: string;
    readonly log: string | null;
  } | null;
  /** It belongs to an earlier form of the file, whose space was another. */
  readonly earlier: boolean;
}

export interface SweepData {
  readonly name: string;
  /** The file as the user would write its path, and the base config's. */
  readonly file: string;
  readonly base: string;
  /** `evaluate.accuracy`. */
  readonly metric: string;
  /** What it was measured on: `preprocess.validation`; empty where that is not known. */
  readonly on: string;
  /** What the metric's stage keeps one of, e.g. "epoch". */
  readonly unit?: string;
  readonly goal: "maximize" | "minimize";
  /** In words: "TPE, 20 of 200 trials at random". */
  readonly strategy: string;
  /** What the rungs count ("epochs"), and the rungs; null without halving. */
  readonly rungs: { readonly param: string; readonly values: readonly number[] } | null;
  readonly asynchronous: boolean;
  readonly replicates: number;
  readonly parameters: readonly SweepParameter[];
  /** Each trial once, by number. */
  readonly trials: readonly SweepTrial[];
  /** The base config as it stands, measured in the same way with the same seeds; null: not there (yet). */
  readonly baseline: SweepTrial | null;
  readonly winner: {
    readonly trial: number;
    /** What makes the base config the winner's, as `--set` takes it: the sweep's own changes first. */
    readonly sets: readonly string[];
    /** A whole config, ready to run. */
    readonly yaml: string;
    /** The test set, touched once; null where that is not done, or failed. */
    readonly test: readonly Measured[] | null;
  } | null;
  readonly cost: {
    /** Stage runs that were made for this sweep, and those that were there already. */
    readonly ran: number;
    readonly hits: number;
    /** Of all stage runs, made whenever. */
    readonly seconds: number;
    /** What hits would have cost. */
    readonly saved: number;
    /** Wall clock since this command began. */
    readonly wall: number;
  };
  /** Trials that the budget still has; 0: it is over. */
  readonly left: number;
  /** What it does not come to, in sentences: points that are not tried, a rung that none reaches. */
  readonly limits?: readonly string[];
}
