/**
 * What the engine and a stage process say to each other, one JSON value a line: the engine on standard
 * input, the process on standard output (the stage's own console goes to the log). The process ends when
 * its standard input does.
 *
 * A bundle is `import stage from "<module>"; import { serve } from "pipelines/host/main.ts"; await serve(stage)`.
 */
import type { Json } from "../json.ts";
import type { Description, Digest, Key } from "../plan/plan.ts";
import type { Failure } from "../run/event.ts";
import type { ArtifactShape, Checked, ParamIssue, Progress, StepProfile } from "../stage.ts";
import type { Holder } from "../store/holder.ts";

/** Everything that one stage run needs; paths are absolute. */
export interface Job {
  readonly key: Key;
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
  /** The run that it belongs to and where that runs, for others that wait for it. */
  readonly holder: Omit<Holder, "pid">;
  /** The file that is locked while the run lasts. */
  readonly lock: string;
  readonly kernels: Readonly<Record<string, { readonly path: string; readonly digest: Digest }>>;
  readonly datasets: readonly string[];
  /** Those that it starts with. */
  readonly threads: number;
  /** Checkpoints of this run's trajectory. `lock` is held while they are used; `anew`: they are removed first. */
  readonly progress: {
    readonly trajectory: Digest;
    readonly folder: string;
    readonly lock: string;
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
  }
  | { readonly type: "run"; readonly job: Job }
  /** Answers `locked`: nobody else has made the result meanwhile. */
  | { readonly type: "go" }
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
  /**
   * The job's lock is held; `before`: who is written there, and has not ended well. The engine looks for the result once
   * more, then says `go` or ends the process.
   */
  | { readonly type: "locked"; readonly before: Holder | null }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "log"; readonly message: string }
  /** Each output is whole in scratch, with its object info beside it; the engine publishes it. */
  | { readonly type: "done"; readonly outputs: Readonly<Record<string, Digest>> }
  /** Where the time of a step goes, which the job asked for. */
  | { readonly type: "profiled"; readonly profile: StepProfile }
  | { readonly type: "failed"; readonly failure: Failure };
