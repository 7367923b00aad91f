/**
 * What a stage is, and all that it sees. A stage file default-exports `defineStage({...})`; it imports
 * this module and nothing else of the engine.
 */
import type { z } from "zod";
import type { Json, JsonObject } from "./json.ts";
import { clashIssue, declaredIssue, fileIssue, nameIssue } from "./names.ts";

export type { Json, JsonObject } from "./json.ts";

export type Dtype =
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "float32"
  | "float64";

/** The typed array that holds a dtype. */
export interface Arrays {
  uint8: Uint8Array<ArrayBuffer>;
  int8: Int8Array<ArrayBuffer>;
  uint16: Uint16Array<ArrayBuffer>;
  int16: Int16Array<ArrayBuffer>;
  uint32: Uint32Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  float32: Float32Array<ArrayBuffer>;
  float64: Float64Array<ArrayBuffer>;
}

/** A declared tensor: its element type and its number of dimensions. */
export interface TensorType {
  readonly dtype: Dtype;
  readonly rank: number;
}

/**
 * A declared artifact. `tensors`: a Zarr group that holds at least the named tensors (`open: true`: and
 * any others). `file`: one file of that name (the report's page).
 */
export type ArtifactType =
  | {
    readonly kind: "tensors";
    readonly tensors: Readonly<Record<string, TensorType>>;
    readonly open?: boolean;
    /** Which way its figures are better, where that is known: what a sweep that judges by one is to do. */
    readonly goals?: Readonly<Record<string, "maximize" | "minimize">>;
    /** Its tensors of rank 1 have a value for each `unit`, e.g. epoch; the attribute `kept` says which counts, from 1. */
    readonly curves?: { readonly unit: string; readonly kept: string };
  }
  | { readonly kind: "file"; readonly name: string };

/**
 * A declared input. `one`: one artifact, so that a producer with cells gives this stage the same cells.
 * `many`: gathers a producer's cells in declared order; with `over`, only those that differ along that
 * axis (`"pass"`), the others are joined. `named`: the stage sees the cells' names, which are therefore
 * hashed. `tensors`: what it must hold (absent for a file). `partial`, of `many`: it can do with less. With
 * --keep-going the stage then gathers what there is where some of it failed, at least one (none, if it is
 * `optional`).
 */
export interface InputType {
  readonly arity: "one" | "many";
  readonly over?: string;
  readonly named?: boolean;
  readonly optional?: boolean;
  readonly partial?: boolean;
  readonly tensors?: Readonly<Record<string, TensorType>>;
  /** What the reader of an error message should know, e.g. "labelled images". */
  readonly what: string;
}

/** What is known of a tensor before it exists; null: not known yet. */
export interface TensorShape {
  readonly dtype: Dtype;
  readonly shape: readonly (number | null)[];
}
/** Shapes of one artifact's tensors by name, with attributes that are known before the run. */
export interface ArtifactShape {
  readonly tensors: Readonly<Record<string, TensorShape>>;
}

/** A complaint of `check` about params: `path` points into `with`, e.g. ["layers", 3, "filters"]. */
export interface ParamIssue {
  readonly path: readonly (string | number)[];
  /** It is about what is connected to this input. */
  readonly input?: string;
  readonly message: string;
  /** What to do. */
  readonly help?: string;
  /** A word that is none of those that are `known` (or, without it, of the keys at its place). */
  readonly unknown?: string;
  readonly known?: readonly string[];
}

/** What `check` may answer; everything is optional. */
export interface Checked {
  /** Shapes of the outputs, as far as they follow from params and input shapes. */
  readonly outputs?: Readonly<Record<string, ArtifactShape>>;
  readonly issues?: readonly ParamIssue[];
  /** Kernel families that the run will use; their digests enter the fingerprint. */
  readonly kernels?: readonly string[];
  /** The backend's numerics class, for a stage that has one: `wasm` names no machine. */
  readonly numerics?: string;
  /** False where, with these params, the stage's `horizon` decides what comes before it, too. */
  readonly horizon?: boolean;
  /** False where, with these params, a `random` stage draws nothing: its run has no seed. */
  readonly random?: boolean;
  /**
   * The most CPU threads that the run can use ("all": as many as it gets; it may get one alone), and the
   * bytes of memory that it will need at most. Defaults: 1 and 1 GiB.
   */
  readonly resources?: { readonly threads?: number | "all"; readonly memory?: number };
}

/** A stored tensor. Reads verify what they read. */
export interface TensorReader<D extends Dtype = Dtype> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly attributes: JsonObject;
  /** The whole tensor, C order. */
  read(): Promise<Arrays[D]>;
  /** Rows [start, end) along the first axis; `into`, which they fill, stands for a new array. */
  rows(start: number, end: number, into?: Arrays[D]): Promise<Arrays[D]>;
}

/** A stored artifact, open for reading. */
export interface ArtifactReader {
  readonly digest: string;
  readonly attributes: JsonObject;
  /** Names of its tensors, sorted. */
  readonly names: readonly string[];
  /** Throws if there is none of that name and dtype. */
  tensor<D extends Dtype>(name: string, dtype: D): TensorReader<D>;
  has(name: string): boolean;
}

/** One of a `many` input's artifacts. `name` is empty unless the input is `named`. */
export interface Gathered {
  readonly name: string;
  readonly artifact: ArtifactReader;
}

/** A tensor being written row by row along its first axis. */
export interface TensorWriter<D extends Dtype = Dtype> {
  append(rows: Arrays[D]): Promise<void>;
}

/** An artifact being written. It is published when the run ends well, and not before. */
export interface ArtifactWriter {
  /** Writes a whole tensor; `values` in C order. Names may hold `/` for groups. */
  write<D extends Dtype>(
    name: string,
    dtype: D,
    shape: readonly number[],
    values: Arrays[D],
    attributes?: JsonObject,
  ): Promise<void>;
  /** Begins a tensor that is appended to; `shape[0]` rows must have come when the run ends. */
  create<D extends Dtype>(
    name: string,
    dtype: D,
    shape: readonly number[],
    attributes?: JsonObject,
  ): Promise<TensorWriter<D>>;
  /** The group's attributes; a second call replaces them. */
  setAttributes(attributes: JsonObject): void;
  /** The one file of an output of kind `file`. */
  writeFile(bytes: Uint8Array): Promise<void>;
}

/** A fact about progress, for the person who watches; never part of a result. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** What is counted, e.g. "step", "byte", "image". */
  readonly unit: string;
  /** Values to show beside the bar, e.g. { epoch: "3/10", loss: "0.4123", accuracy: "0.8512" }. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** Where a run of a stage stands: arrays by name, of which `run` can make all that it needs to go on. */
export type Checkpoint = Readonly<Record<string, Arrays[Dtype]>>;

/**
 * Checkpoints of this run, and of all that are told apart from it by the stage's `horizon` alone. They are
 * private: going on from one, or not, may change no result. Each stands at a place that the stage counts,
 * e.g. steps done, and outlives the run.
 */
export interface Checkpoints {
  /** The places where there is one, ascending. */
  list(): Promise<readonly number[]>;
  /** Null where there is none that can be trusted; a damaged one is removed, with a line in the log. */
  read(at: number): Promise<Checkpoint | null>;
  /** Replaces what stands there. One that cannot be written is told in the log and ends nothing. */
  write(at: number, checkpoint: Checkpoint): Promise<void>;
  remove(at: number): Promise<void>;
}

/** One line of a profile: an operation, or `outside`, what a step does beside its operations. */
export interface ProfileLine {
  readonly part: "forward" | "backward" | "update" | "outside";
  readonly layer: string;
  readonly operation: string;
  /** Of a typical step: the lines' sum is the step's. */
  readonly milliseconds: number;
  /** In the quickest of the steps, line by line. */
  readonly least: number;
}

/** Where the time of a step goes. */
export interface StepProfile {
  /** Steps that were timed. */
  readonly steps: number;
  /** Examples in each. */
  readonly batch: number;
  /** Of a typical step, and of the quickest. */
  readonly milliseconds: number;
  readonly least: number;
  /** In the order in which a step does them. */
  readonly lines: readonly ProfileLine[];
}

/** What a stage has to do where its time is asked for in place of its result. */
export interface Profiling {
  /** Steps to time. */
  readonly steps: number;
  /** Milliseconds from any fixed start. */
  clock(): number;
  told(profile: StepProfile): void;
}

type InputTypes = Readonly<Record<string, InputType>>;
type OutputTypes = Readonly<Record<string, ArtifactType>>;

/** What `run` gets for one declared input. */
export type InputOf<I extends InputType> = I extends { arity: "many" } ? readonly Gathered[]
  : I extends { optional: true } ? ArtifactReader | undefined
  : ArtifactReader;

export interface Context<P, I extends InputTypes, O extends OutputTypes> {
  readonly params: P;
  readonly inputs: { readonly [K in keyof I]: InputOf<I[K]> };
  readonly outputs: { readonly [K in keyof O]: ArtifactWriter };
  /** The run's seed; reading it throws unless the stage says `random: true`. */
  readonly seed: number;
  /** Folders that may hold data sets, in the order to try (only with `datasets: true`). */
  readonly datasets: readonly string[];
  /**
   * CPU threads to use now. It changes while the stage runs, as others begin and end: ask anew for each
   * piece of work, do not keep it. No result may depend on it.
   */
  readonly threads: number;
  /** Aborted when the run should end. */
  readonly signal: AbortSignal;
  /** Bytes of a compiled kernel family that `check` named. */
  kernel(family: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Null but for a stage that `profiles`, where its profile is wanted and no output. */
  readonly profile: Profiling | null;
  readonly checkpoints: Checkpoints;
  /** True when a checkpoint should be written soon: none was for a while, or the run is to end. */
  checkpointDue(): boolean;
  progress(progress: Progress): void;
  log(message: string): void;
}

export interface StageDefinition<
  S extends z.ZodType = z.ZodType,
  I extends InputTypes = InputTypes,
  O extends OutputTypes = OutputTypes,
> {
  /** The declared name; part of the identity, unlike the node's. */
  readonly name: string;
  /** One line for `--help` and editors. */
  readonly summary: string;
  /** A union of a map and a short form of it says by `.meta({ short: "units" })` for which key that stands. */
  readonly params: S;
  readonly inputs: I;
  readonly outputs: O;
  /** True if results depend on the seed, which is then part of the identity. */
  readonly random?: boolean;
  /** True if it reads data sets from the folders that hold them: Crisol's own stages alone, since no key has their content. */
  readonly datasets?: boolean;
  /** Hosts that it may connect to, e.g. "example.org:443". */
  readonly hosts?: readonly string[];
  /** Param `count: n` makes n cells along the axis `index`, the i-th (from 0) with param `index: i`. */
  readonly cells?: { readonly count: string; readonly index: string };
  /**
   * The param that says how far a run goes and decides nothing on the way there, e.g. "epochs": runs that
   * it alone tells apart share their checkpoints.
   */
  readonly horizon?: string;
  /** True if it can say where its time goes: see `Context.profile`. */
  readonly profiles?: boolean;
  /**
   * Looks at params and input shapes before anything runs. Must be quick and without effects.
   * `inputs` has an entry for each input that is connected: one shape, or a list for `many`; null: not known.
   * `names` has those of the cells that each `named` input gathers, as far as they are known.
   */
  check?(
    params: z.output<S>,
    inputs: Readonly<Record<string, readonly (ArtifactShape | null)[]>>,
    names: Readonly<Record<string, readonly string[]>>,
  ): Checked;
  run(context: Context<z.output<S>, I, O>): Promise<void>;
}

/** A stage with its type parameters forgotten; what the host serves. */
export interface Stage extends Omit<StageDefinition, "run" | "check"> {
  check?(
    params: Json,
    inputs: Readonly<Record<string, readonly (ArtifactShape | null)[]>>,
    names: Readonly<Record<string, readonly string[]>>,
  ): Checked;
  run(context: Context<Json, InputTypes, OutputTypes>): Promise<void>;
}

/**
 * Declares a stage. `const` keeps the literal kinds of inputs and outputs, so that `run` is typed by them.
 */
export function defineStage<
  S extends z.ZodType,
  const I extends InputTypes,
  const O extends OutputTypes,
>(
  definition: StageDefinition<S, I, O>,
): Stage {
  for (const name of Object.keys(definition.inputs)) refuse(declaredIssue("input", name));
  for (const [name, type] of Object.entries(definition.outputs)) {
    refuse(declaredIssue("output", name));
    if (type.kind === "file") refuse(fileIssue(type.name));
    else {
      const before: string[] = [];
      for (const tensor of Object.keys(type.tensors)) {
        refuse(nameIssue(tensor) ?? clashIssue(tensor, before));
        before.push(tensor);
      }
    }
  }
  // The host gives `run` and `check` what the declarations describe: params parsed by `params`, one reader
  // an input and one writer an output. That agreement is what the cast states.
  return definition as unknown as Stage;
}

/** A name that no artifact can have is told before a run, and not after it. */
function refuse(issue: string | null): void {
  if (issue !== null) throw new Error(issue);
}
