/** Runs a stage in this process, with artifacts in memory: what its tests stand on. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { MemoryCheckpoints } from "./models_rig.ts";
import type {
  Arrays,
  ArtifactReader,
  ArtifactShape,
  ArtifactType,
  ArtifactWriter,
  Checked,
  Checkpoints,
  Context,
  Dtype,
  Gathered,
  Json,
  JsonObject,
  Stage,
  TensorReader,
} from "../pipelines/stage.ts";

interface Stored {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly values: Arrays[Dtype];
  readonly attributes: JsonObject;
}

const ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

/** An artifact in memory; both the writer and the reader of it. */
export class MemoryArtifact implements ArtifactReader, ArtifactWriter {
  readonly digest = "0".repeat(64);
  attributes: JsonObject = {};
  readonly stored = new Map<string, Stored>();
  /** Values that are still to come, by tensor. */
  readonly #missing = new Map<string, number>();
  file: Uint8Array | undefined;

  get names(): readonly string[] {
    return [...this.stored.keys()].sort();
  }
  has(name: string): boolean {
    return this.stored.has(name);
  }
  write<D extends Dtype>(
    name: string,
    dtype: D,
    shape: readonly number[],
    values: Arrays[D],
    attributes: JsonObject = {},
  ): Promise<void> {
    assert.equal(values.length, sizeOf(shape), `size of "${name}"`);
    this.stored.set(name, { dtype, shape, values: values.slice(), attributes });
    return Promise.resolve();
  }
  create<D extends Dtype>(
    name: string,
    dtype: D,
    shape: readonly number[],
    attributes: JsonObject = {},
  ): Promise<{ append(rows: Arrays[D]): Promise<void> }> {
    const values = new ARRAYS[dtype](sizeOf(shape));
    let length = 0;
    this.#missing.set(name, values.length);
    this.stored.set(name, { dtype, shape, values, attributes });
    return Promise.resolve({
      append: (rows) => {
        values.set(rows, length);
        length += rows.length;
        this.#missing.set(name, values.length - length);
        return Promise.resolve();
      },
    });
  }
  setAttributes(attributes: JsonObject): void {
    this.attributes = attributes;
  }
  writeFile(bytes: Uint8Array): Promise<void> {
    this.file = bytes;
    return Promise.resolve();
  }
  tensor<D extends Dtype>(name: string, dtype: D): TensorReader<D> {
    const stored = this.stored.get(name);
    assert.ok(stored, `There is no tensor "${name}"`);
    assert.equal(stored.dtype, dtype);
    assert.equal(this.#missing.get(name) ?? 0, 0, `rows of "${name}" that have not come`);
    const row = sizeOf(stored.shape.slice(1));
    // They were stored with this very dtype, as was just seen.
    const array = (from: number, to: number) => stored.values.slice(from, to) as Arrays[D];
    return {
      dtype,
      shape: stored.shape,
      attributes: stored.attributes,
      read: () => Promise.resolve(array(0, stored.values.length)),
      rows: (start, end, into) => {
        const rows = array(start * row, end * row);
        into?.set(rows);
        return Promise.resolve(into ?? rows);
      },
    };
  }
  /** Throws unless it holds what is declared. */
  fits(type: ArtifactType, where: string): void {
    if (type.kind === "file") {
      assert.ok(this.file, `${where} is written`);
      return;
    }
    for (const [name, { dtype, rank }] of Object.entries(type.tensors)) {
      assert.equal(this.tensor(name, dtype).shape.length, rank, `rank of "${name}" of ${where}`);
    }
    if (type.open === true) return;
    assert.deepEqual(this.names, Object.keys(type.tensors).sort(), `tensors of ${where}`);
  }
}

export interface Setting {
  readonly with?: Json;
  readonly inputs?: Readonly<Record<string, ArtifactReader | readonly Gathered[]>>;
  readonly seed?: number;
  readonly datasets?: readonly string[];
  readonly kernel?: (family: string) => Promise<Uint8Array<ArrayBuffer>>;
  readonly checkpoints?: Checkpoints;
}

/** Checks the params, runs the stage, and returns its outputs and what it logged. */
export async function runStage(
  stage: Stage,
  setting: Setting,
): Promise<{ outputs: Record<string, MemoryArtifact>; logs: string[] }> {
  const params = stage.params.parse(setting.with ?? {}) as Json; // params are JSON by the contract
  const outputs = Object.fromEntries(
    Object.keys(stage.outputs).map((name) => [name, new MemoryArtifact()]),
  );
  const logs: string[] = [];
  type AnyContext = Context<Json, Stage["inputs"], Stage["outputs"]>;
  const context: AnyContext = {
    params,
    // Each test gives what its stage declares.
    inputs: { ...unconnected(stage), ...setting.inputs } as AnyContext["inputs"],
    outputs,
    seed: setting.seed ?? 1,
    datasets: setting.datasets ?? [],
    threads: 1,
    signal: new AbortController().signal,
    kernel: setting.kernel ?? (() => Promise.reject(new Error("No kernels here"))),
    profile: null,
    checkpoints: setting.checkpoints ?? new MemoryCheckpoints(),
    checkpointDue: () => false,
    progress: () => {},
    log: (message) => logs.push(message),
  };
  await stage.run(context);
  for (const [name, type] of Object.entries(stage.outputs)) outputs[name]?.fits(type, name);
  return { outputs, logs };
}

/** As the host has it: a `many` input that is not connected gathers nothing. */
function unconnected(stage: Stage): Record<string, readonly Gathered[]> {
  const many = Object.entries(stage.inputs).filter(([, type]) => type.arity === "many");
  return Object.fromEntries(many.map(([name]) => [name, []]));
}

/** What `check` says of params (as a config has them) and input shapes. */
export function checkStage(
  stage: Stage,
  params: Json,
  inputs: Parameters<NonNullable<Stage["check"]>>[1] = {},
  names: Parameters<NonNullable<Stage["check"]>>[2] = {},
): Checked {
  return stage.check?.(stage.params.parse(params) as Json, inputs, names) ?? {}; // params are JSON by the contract
}

/** The shapes that `check` of the next stage is told of an artifact. */
export function shapesOf(artifact: MemoryArtifact): ArtifactShape {
  return {
    tensors: Object.fromEntries(
      [...artifact.stored].map(([name, { dtype, shape }]) => [name, { dtype, shape }]),
    ),
  };
}

/** The issues that a stage's schema finds in params. */
export function schemaIssues(stage: Stage, params: Json): readonly z.core.$ZodIssue[] {
  return stage.params.safeParse(params).error?.issues ?? [];
}

/** A small data set of images whose bytes count up, labels going round. */
export async function someImages(
  count: number,
  shape: readonly [number, number, number],
  classes: readonly string[] = ["a", "b", "c"],
): Promise<MemoryArtifact> {
  const data = new MemoryArtifact();
  const size = shape[0] * shape[1] * shape[2];
  const images = Uint8Array.from({ length: count * size }, (_, i) => (i * 37) % 251);
  await data.write("images", "uint8", [count, ...shape], images);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes.length);
  await data.write("labels", "uint8", [count], labels);
  data.setAttributes({ classes });
  return data;
}

/** An IDX file of unsigned bytes. */
export function idx(shape: readonly number[], values: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0800 + shape.length);
  shape.forEach((size, axis) => view.setUint32(4 + 4 * axis, size));
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}

export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** The folder of the real Fashion-MNIST. None: null with the reason printed, or with CI=true an error. */
export async function realFashion(): Promise<string | null> {
  const beside = fileURLToPath(new URL("../../shared/data", import.meta.url));
  const named = Deno.env.get("CRISOL_DATASETS");
  for (const folder of named === undefined ? [beside] : [named, beside]) {
    const path = `${folder}/fashion-mnist/train-images-idx3-ubyte.gz`;
    if (await Deno.stat(path).then((found) => found.isFile, () => false)) return folder;
  }
  const why = "Fashion-MNIST was not found: name the folder of data sets in CRISOL_DATASETS";
  if (Deno.env.get("CI") === "true") throw new Error(why);
  console.log(`skipped: ${why}`);
  return null;
}

/** Compares many numbers; `deepEqual` would draw the whole difference, which takes minutes. */
export function assertSame(found: ArrayLike<number>, wanted: ArrayLike<number>, what = ""): void {
  assert.equal(found.length, wanted.length, what);
  for (let i = 0; i < wanted.length; i++) {
    if (found[i] !== wanted[i]) {
      assert.fail(`${what} value ${i} is ${found[i]}, wanted ${wanted[i]}`);
    }
  }
}
