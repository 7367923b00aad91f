/** The checked graph: what will run, on what, and what decides its result. Plain data. */
import type { Config, Resources } from "../config/config.ts";
import type { Json, JsonObject } from "../json.ts";
import type { ArtifactShape, ArtifactType, InputType } from "../stage.ts";

/** SHA-256 in hex, 64 characters. A digest names content, a key names a fingerprint. */
export type Digest = string & { readonly __brand: "Digest" };
export type Key = string & { readonly __brand: "Key" };

/** A node's address: `train`, or `train@sparse` for a cell; labels of several axes joined by `,`. */
export type NodeId = string & { readonly __brand: "NodeId" };

/** What `describe` answers of a stage. */
export interface Description {
  readonly name: string;
  readonly summary: string;
  /** JSON Schema (input side) of its params. */
  readonly params: JsonObject;
  readonly inputs: Readonly<Record<string, InputType>>;
  readonly outputs: Readonly<Record<string, ArtifactType>>;
  readonly random: boolean;
  readonly datasets: boolean;
  readonly hosts: readonly string[];
  readonly cells: { readonly count: string; readonly index: string } | null;
  readonly horizon: string | null;
  readonly profiles: boolean;
}

/** The exact code of a stage: the bundle that is stored and run, and what of it is hashed. */
export interface Code {
  /** Digest of the whole bundle, host and lock file included; it lies in `<store>/bundles/<digest>/`. */
  readonly bundle: Digest;
  /** Digest of the files that hold the stage's own code, and what the host lends it: this is in the key. */
  readonly built: Digest;
  /** Module (by its path in the project, or "./..." from the stage's file) to its digest; in no key, but for words. */
  readonly modules: Readonly<Record<string, Digest>>;
  /** Package name to `version integrity`, for the closure of the packages that the process imports. */
  readonly packages: Readonly<Record<string, string>>;
  /** The bundler and its version, whose printing the digest depends on. */
  readonly bundler: string;
}

/** One artifact that feeds an input. */
export interface Feed {
  readonly node: NodeId;
  readonly output: string;
  /** Name of the producing cell as the consumer sees it (`sparse`); empty where there is none. */
  readonly name: string;
}

export interface Node {
  readonly id: NodeId;
  /** The config's stage; its place in a config is ["stages", stage]. */
  readonly stage: string;
  /** Axis to label, in declared order, in full where the id has it cut: { variant: "sparse", seed: "2" }. */
  readonly cell: Readonly<Record<string, string>>;
  readonly description: Description;
  readonly code: Code;
  /** After defaults. */
  readonly params: Json;
  /** Null for a stage that is not random. */
  readonly seed: number | null;
  /** By input name; optional inputs that are not connected are absent. */
  readonly feeds: Readonly<Record<string, readonly Feed[]>>;
  readonly outputShapes: Readonly<Record<string, ArtifactShape>>;
  /** Family to digest of the compiled kernels that it will use, and where they lie. */
  readonly kernels: Readonly<Record<string, { readonly digest: Digest; readonly path: string }>>;
  readonly numerics: string | null;
  /** The param that only says how far it goes; null: there is none, or it decides more. */
  readonly horizon: string | null;
  /** The most CPU threads that it can use. */
  readonly threads: number | "all";
  readonly memory: number;
  readonly resources: Resources;
  readonly cache: boolean;
  /** Given by hand in the place of its code's digests; null: the code counts. */
  readonly version: string | null;
}

export interface Plan {
  readonly config: Config;
  /** In an order in which every node comes after those that feed it; declared order otherwise. */
  readonly nodes: readonly Node[];
}

/** Why a node is not a hit, or why that is not known yet. A closed list, always printed. */
export type MissReason =
  | { readonly type: "never-run" }
  | { readonly type: "forced" }
  | { readonly type: "not-cached" }
  | {
    readonly type: "params";
    readonly path: string;
    readonly old: string;
    readonly new: string;
    readonly more: number;
  }
  | { readonly type: "code"; readonly module: string; readonly more: number }
  | { readonly type: "version"; readonly old: string; readonly new: string }
  | {
    readonly type: "package";
    readonly package: string;
    readonly old: string;
    readonly new: string;
  }
  | { readonly type: "kernels"; readonly family: string }
  | { readonly type: "input"; readonly input: string; readonly node: NodeId }
  | { readonly type: "seed"; readonly old: number; readonly new: number }
  | { readonly type: "numerics"; readonly old: string; readonly new: string }
  | { readonly type: "format"; readonly old: string; readonly new: string }
  | { readonly type: "output-missing"; readonly output: string; readonly detail: string };

/** `waiting`: an input's producer is to run first and may change it. */
export type NodeStatus =
  /** `accepted`: the reason for which somebody kept it although the code changed. */
  | { readonly type: "hit"; readonly key: Key; readonly accepted?: string }
  | { readonly type: "miss"; readonly key: Key; readonly reason: MissReason }
  | { readonly type: "waiting"; readonly for: NodeId };

/** How a node ended. `blocked`: an upstream failed. */
export type Outcome = "hit" | "ran" | "failed" | "blocked" | "cancelled";
