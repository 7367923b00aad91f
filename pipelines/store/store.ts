/** What is kept: objects by digest, stage records by key, run records by id. */
import type { Json, JsonObject } from "../json.ts";
import type { Digest, Key, NodeId, Outcome } from "../plan/plan.ts";

/**
 * All that decides a result, readable, hashed once. Together they cover all bytes that a stage's process executes or is
 * given, but for the engine's own host: docs/architecture.md, "Identity". Each field has its reason:
 * - `format`: the encoding below and the host's semantics; a change of either invalidates all.
 * - `stage`: the declared name, which random streams are keyed by.
 * - `code`: the digest of the very files that run (`built`), or the pinned version; in format 1 by module.
 * - `packages`: the closure of the packages that the process imports, the host's among them.
 * - `params`: after defaults, so that a default written out is no change.
 * - `inputs`: output digests, never keys: equal outputs stop the wave. Names only where the stage sees them.
 * - `seed`: for random stages only. `numerics`: for stages with a backend. `kernels`: those its program uses.
 */
export interface Fingerprint {
  readonly format: string;
  readonly stage: string;
  readonly code: Readonly<Record<string, Digest>> | { readonly version: string };
  readonly packages: Readonly<Record<string, string>>;
  readonly params: Json;
  readonly inputs: Readonly<
    Record<string, readonly { readonly name?: string; readonly digest: Digest }[]>
  >;
  readonly seed: number | null;
  readonly numerics: string | null;
  readonly kernels: Readonly<Record<string, Digest>>;
}

/** A stage record: this fingerprint gave these outputs. */
export interface StageRecord {
  readonly version: 1;
  readonly key: Key;
  readonly fingerprint: Fingerprint;
  /** Output name to artifact digest. */
  readonly outputs: Readonly<Record<string, Digest>>;
  /** Nothing was run for this key: somebody kept the result of another one, whose code was older. */
  readonly accepted?: { readonly from: Key; readonly reason: string; readonly when: string };
  /** Not hashed: where it was made. */
  readonly made: {
    readonly run: string;
    readonly node: NodeId;
    readonly bundle: Digest;
    readonly started: string;
    readonly milliseconds: number;
    readonly peakMemory: number | null;
    /** The most CPU threads that it had at once. */
    readonly threads: number;
    readonly deno: string;
    readonly platform: string;
  };
}

/** One key, two results: what another run had made of it, and what this one has. */
export interface Divergence {
  readonly key: Key;
  /** Runs' ids; `before` made what was there. */
  readonly before: { readonly run: string; readonly outputs: Readonly<Record<string, Digest>> };
  readonly now: { readonly run: string; readonly outputs: Readonly<Record<string, Digest>> };
  /** Output and tensor where they part first; tensor null: the whole output. */
  readonly output: string;
  readonly tensor: string | null;
  /** The reason for which the result before was accepted by hand, if it was. */
  readonly accepted?: string;
}

/** `artifacts/runs/<id>.json`: what one doing of a plan did. */
export interface RunRecord {
  readonly version: 1;
  readonly id: string;
  readonly config: string;
  readonly command: readonly string[];
  readonly started: string;
  readonly milliseconds: number;
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  readonly deno: string;
  readonly overrides: readonly string[];
  readonly nodes: readonly {
    readonly node: NodeId;
    readonly key: Key | null;
    readonly outcome: Outcome;
    readonly milliseconds: number;
    /** What a hit took when it was made, in milliseconds. */
    readonly took?: number;
    readonly reason?: JsonObject;
    readonly outputs?: Readonly<Record<string, Digest>>;
    readonly message?: string;
    readonly log?: string;
    /** Why somebody kept its result although its code changed. */
    readonly accepted?: string;
    /** `version:` of the config, in the place of its code. */
    readonly version?: string;
    /** It made another result of the same key than a run before. */
    readonly diverged?: Divergence;
    /** Nodes that it, or something before it, has done without: they failed, or were blocked. */
    readonly missing?: readonly NodeId[];
  }[];
}

/** The canonical manifest of an artifact; its RFC 8785 form's SHA-256 is the artifact's digest. */
export type Manifest =
  | {
    readonly kind: "tensors";
    readonly attributes: JsonObject;
    readonly tensors: Readonly<
      Record<string, {
        readonly dtype: string;
        readonly shape: readonly number[];
        readonly attributes: JsonObject;
        /** SHA-256 of the C-order little-endian bytes. */
        readonly sha256: Digest;
      }>
    >;
  }
  | {
    readonly kind: "file";
    readonly name: string;
    readonly sha256: Digest;
    readonly size: number;
  };

/** What lies in an object's folder beside its content: the manifest and every file's own digest. */
export interface ObjectInfo {
  readonly version: 1;
  readonly manifest: Manifest;
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: Digest }>>;
}

/** Name of the file in an object's folder that holds its `ObjectInfo`. */
export const INFO = "object.json";
