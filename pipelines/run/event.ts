/** Everything that happens during a run, as one union; printers switch over it exhaustively. */
import type { MissReason, NodeId, Outcome } from "../plan/plan.ts";
import type { Progress } from "../stage.ts";
import type { Divergence } from "../store/store.ts";

export interface Failure {
  /** What kind of end it was. */
  readonly type:
    | "threw"
    | "exited"
    | "killed"
    | "out-of-memory"
    | "permission"
    | "bad-output"
    | "store"
    /** An input is not what was written. */
    | "damaged"
    /** It took longer than it may. */
    | "timeout"
    | "start";
  /** One line for the user, then details. */
  readonly message: string;
  /** What to do, if known. */
  readonly help?: string;
  readonly stack?: string;
  /** Where in a file of the user's own, e.g. "configs/own.ts:20:11". */
  readonly at?: string;
  /** Of `damaged`: the object's folder, where it is known. */
  readonly folder?: string | null;
}

/** What one output tells. */
export interface Figures {
  readonly node: NodeId;
  readonly output: string;
  readonly values: Readonly<Record<string, number>>;
}

/** What a run came to, and of how many more outputs it could tell. */
export interface Told {
  readonly figures: readonly Figures[];
  readonly more: number;
}

export type Event =
  | {
    readonly type: "run-started";
    readonly run: string;
    readonly nodes: readonly NodeId[];
    readonly jobs: number;
  }
  /** Nodes that a sweep has decided on since. */
  | { readonly type: "nodes-added"; readonly nodes: readonly NodeId[] }
  /** It failed and is tried again, for the `attempt`-th time (2: the first retry). */
  | {
    readonly type: "node-retried";
    readonly node: NodeId;
    readonly attempt: number;
    readonly failure: Failure;
  }
  | {
    readonly type: "node-started";
    readonly node: NodeId;
    readonly reason: MissReason;
    readonly threads: number;
  }
  /** It was given more or fewer threads. */
  | { readonly type: "node-threads"; readonly node: NodeId; readonly threads: number }
  | { readonly type: "node-progress"; readonly node: NodeId; readonly progress: Progress }
  | { readonly type: "node-log"; readonly node: NodeId; readonly message: string }
  | {
    readonly type: "node-ended";
    readonly node: NodeId;
    readonly outcome: Outcome;
    readonly milliseconds: number;
    readonly failure?: Failure;
    readonly blockedBy?: NodeId;
    /** Nodes that failed, or were blocked, and that it, or something before it, has done without. */
    readonly missing?: readonly NodeId[];
    readonly logPath?: string;
  }
  /** A trial of a sweep has ended, or gone as far as a rung. */
  | {
    readonly type: "trial-ended";
    /** Its label: `17`, `17.1`, `baseline`. */
    readonly trial: string;
    /** Name of the metric, and its mean; null: it has none. */
    readonly metric: string;
    readonly value: number | null;
    readonly best: { readonly trial: string; readonly value: number } | null;
    /** Trials, or rungs of trials, that have ended, of those that there will be. */
    readonly ended: number;
    readonly jobs: number;
    readonly unit: "trial" | "rung";
    /** It was in the store already. */
    readonly isHit: boolean;
  }
  | { readonly type: "warning"; readonly message: string }
  | { readonly type: "note"; readonly message: string }
  /** The same key, another result than before: code that is not deterministic, or damage. */
  | { readonly type: "diverged"; readonly node: NodeId; readonly divergence: Divergence }
  | { readonly type: "report-published"; readonly path: string }
  /** What it came to, of all that is done. */
  | ({ readonly type: "figures" } & Told)
  | {
    readonly type: "run-ended";
    readonly run: string;
    readonly milliseconds: number;
    readonly counts: Readonly<Record<Outcome, number>>;
    readonly interrupted: boolean;
  };

export type Listener = (event: Event) => void;
