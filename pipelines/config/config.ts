/** A complete, valid config as plain data, and where each part of it stands in the file. */
import type { Json, JsonObject } from "../json.ts";

/** A place in a source text; line and column count from 1, `length` in UTF-16 units on that line. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** A located problem in a config. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly message: string;
  /** What to do, or the nearest spelling. */
  readonly help?: string;
  readonly location: Location | null;
}

/** `stage` or `stage.output`, as written. `cell` only when written `stage@cell`. */
export interface Reference {
  readonly stage: string;
  readonly cell: string | null;
  readonly output: string | null;
}

/** What a variant replaces; maps of one `type` in `with` are merged key by key, lists are replaced. */
export interface Variant {
  readonly name: string;
  readonly with: JsonObject;
  readonly inputs: Readonly<Record<string, readonly Reference[]>>;
}

/**
 * What a stage run may use, and where a cluster runs it. Never part of its identity: how a result is made
 * is not what it is. Null: nothing is said.
 */
export interface Resources {
  /** CPU threads at most. */
  readonly cpus: number | null;
  /** Bytes; stands for what the stage's `check` says. */
  readonly memory: number | null;
  /** How a cluster is told of it; null: by the node. */
  readonly memoryPer: "cpu" | "node" | "none" | null;
  /** Tasks of one array at most: beyond, a task does several cells. */
  readonly tasks: number | null;
  /** As `sbatch --gpus` takes it, e.g. "1" or "a100:2". */
  readonly gpus: string | null;
  /** Milliseconds after which a stage run is ended. */
  readonly time: number | null;
  readonly partition: string | null;
  readonly account: string | null;
  /** Further options of `sbatch`, each one word, e.g. "--qos=long". */
  readonly sbatch: readonly string[];
}

/** One point of a sweep: a cell along the axis `trial`, which all stages that a sweep changes share. */
export interface TrialCell {
  readonly label: string;
  /** Params that stand, whole, for what `with` and a variant say of them. */
  readonly with: JsonObject;
}

export interface StageConfig {
  readonly name: string;
  /** Absolute path of the stage's module. */
  readonly module: string;
  /** As written, for messages. */
  readonly uses: string;
  readonly with: JsonObject;
  readonly inputs: Readonly<Record<string, readonly Reference[]>>;
  /** Empty if there are none. */
  readonly variants: readonly Variant[];
  /** The product of these lists makes cells; empty if there is none. */
  readonly matrix: Readonly<Record<string, readonly Json[]>>;
  /** Replicates; null: one, without the axis. */
  readonly seeds: number | null;
  readonly join: "product" | null;
  /** False: always run again. */
  readonly cache: boolean;
  /** Stands for its code and packages: as long as it is the same, their changes re-run nothing. */
  readonly version: string | null;
  /** A sweep's; empty in every config that is a file. */
  readonly trials: readonly TrialCell[];
  readonly resources: Resources;
}

/** Of a config that says nothing. */
export const NO_RESOURCES: Resources = {
  cpus: null,
  memory: null,
  memoryPer: null,
  tasks: null,
  gpus: null,
  time: null,
  partition: null,
  account: null,
  sbatch: [],
};

export interface Config {
  /** Absolute path of the file. */
  readonly path: string;
  /** File name without `.yaml`, for people. */
  readonly name: string;
  /** What a store keeps by config goes by this: where the file lies. */
  readonly place: string;
  /** The same with the overrides: what pages, exports and profiles are called. */
  readonly page: string;
  readonly seed: number;
  readonly stages: readonly StageConfig[];
}

/** Finds where a value stands: path of keys from the root, e.g. ["stages", "train", "with", "epochs"]. */
export interface SourceMap {
  readonly text: string;
  /** The value's own place, or its nearest existing parent's key if it is absent. */
  locate(path: readonly (string | number)[]): Location;
}

/** Several located problems at once; thrown to the command line, exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => d.message).join("\n"));
  }
}
