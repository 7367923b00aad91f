/**
 * What the engine and a stage process say to each other, one JSON value a line: the engine on standard input, whose first
 * line is a token; the process on standard output, where a line that begins with the token is a reply, and all else goes
 * to the log. The process ends when its standard input does.
 */
import type { Json } from "../json.ts";
import type { Description, Digest } from "../plan/plan.ts";
import type { Failure } from "../run/event.ts";
import type { ArtifactShape, Checked, ParamIssue, Progress, StepProfile } from "../stage.ts";

/** Characters of the token. */
export const TOKEN = 64;
/** Bytes of a reply, at most. */
export const LINE_LIMIT = 16 * 1024 * 1024;

/** Everything that one stage run needs; paths are absolute. */
export interface Job {
  readonly params: Json;
  readonly seed: number | null;
  /** Object folders by input, in order. */
  readonly inputs: Readonly<
    Record<
      string,
      readonly { readonly name: string; readonly digest: Digest; readonly folder: string }[]
    >
  >;
  /** An empty folder on the store's file system; each output is written to `<scratch>/<output>`. */
  readonly scratch: string;
  readonly kernels: Readonly<Record<string, { readonly path: string; readonly digest: Digest }>>;
  readonly datasets: readonly string[];
  /** Those that it starts with. */
  readonly threads: number;
  /** Checkpoints of this run's trajectory; `anew`: they are removed first. */
  readonly progress: {
    readonly trajectory: Digest;
    readonly folder: string;
    readonly anew: boolean;
  };
  /** So many steps are timed, and no output is made; null: a run for its outputs. */
  readonly profile: { readonly steps: number } | null;
}

export type Request =
  | { readonly type: "describe" }
  | {
    readonly type: "check";
    readonly params: Json;
    readonly inputs: Readonly<Record<string, readonly (ArtifactShape | null)[]>>;
    /** Of the cells that each named input gathers. */
    readonly names: Readonly<Record<string, readonly string[]>>;
  }
  | { readonly type: "run"; readonly job: Job }
  /** From now on the run has so many threads. */
  | { readonly type: "threads"; readonly threads: number }
  | { readonly type: "cancel" };

export type Reply =
  | { readonly type: "described"; readonly description: Description }
  /** `params` after defaults; null if they are not valid, and then `issues` says why. */
  | {
    readonly type: "checked";
    readonly params: Json;
    readonly issues: readonly ParamIssue[];
    readonly checked: Checked;
  }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "log"; readonly message: string }
  /** Each output is whole in scratch, with its object info beside it; the engine publishes it. */
  | { readonly type: "done"; readonly outputs: Readonly<Record<string, Digest>> }
  /** Where the time of a step goes, which the job asked for. */
  | { readonly type: "profiled"; readonly profile: StepProfile }
  | { readonly type: "failed"; readonly failure: Failure };

/** The end of a stage that wanted more than its `memory`. */
export const OUT_OF_MEMORY: Failure = {
  type: "out-of-memory",
  message: "The stage ran out of memory",
  help: "say in the config how much it may take, as `resources: { memory: 4GB }`; " +
    "without that its `check` says it, and 1 GiB where that does not",
};
