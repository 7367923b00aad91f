/** Runs a stage in this process, with artifacts in memory: what its tests stand on. */
import assert from "node:assert/strict";
import { z } from "zod";
import type {
  Arrays,
  ArtifactReader,
  ArtifactWriter,
  Context,
  Dtype,
  Json,
  JsonObject,
  Stage,
  TensorReader,
} from "../pipelines/stage.ts";

interface Stored {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly values: number[];
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

/** An artifact in memory; both the writer and the reader of it. */
export class MemoryArtifact implements ArtifactReader, ArtifactWriter {
  readonly digest = "0".repeat(64);
  attributes: JsonObject = {};
  readonly stored = new Map<string, Stored>();
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
    assert.equal(values.length, shape.reduce((a, b) => a * b, 1), `size of "${name}"`);
    this.stored.set(name, { dtype, shape, values: Array.from(values), attributes });
    return Promise.resolve();
  }
  create<D extends Dtype>(
    name: string,
    dtype: D,
    shape: readonly number[],
    attributes: JsonObject = {},
  ): Promise<{ append(rows: Arrays[D]): Promise<void> }> {
    const values: number[] = [];
    this.stored.set(name, { dtype, shape, values, attributes });
    return Promise.resolve({
      append: (rows) => {
        for (const value of rows) values.push(value);
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
    assert.equal(
      stored.values.length,
      stored.shape.reduce((a, b) => a * b, 1),
      `rows of "${name}"`,
    );
    const row = stored.shape.slice(1).reduce((a, b) => a * b, 1);
    // The table gives the array of this very dtype, which indexing by a type parameter cannot say.
    const array = (values: number[]) => ARRAYS[dtype].from(values) as Arrays[D];
    return {
      dtype,
      shape: stored.shape,
      attributes: stored.attributes,
      read: () => Promise.resolve(array(stored.values)),
      rows: (start, end) => Promise.resolve(array(stored.values.slice(start * row, end * row))),
    };
  }
}

export interface Setting {
  readonly with?: Json;
  readonly inputs?: Readonly<Record<string, ArtifactReader>>;
  readonly seed?: number;
  readonly datasets?: readonly string[];
  readonly kernel?: (family: string) => Promise<Uint8Array<ArrayBuffer>>;
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
  const context: Context<Json, Stage["inputs"], Stage["outputs"]> = {
    params,
    inputs: setting.inputs ?? {},
    outputs,
    seed: setting.seed ?? 1,
    datasets: setting.datasets ?? [],
    threads: 1,
    signal: new AbortController().signal,
    kernel: setting.kernel ?? (() => Promise.reject(new Error("No kernels here"))),
    progress: () => {},
    log: (message) => logs.push(message),
    checkpointDue: () => false,
  };
  await stage.run(context);
  return { outputs, logs };
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
