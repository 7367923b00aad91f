/** Small networks, random images and trainers for the tests of models. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { buildKernels } from "../kernels/build.ts";
import { FAMILIES, type Family } from "../kernels/families.ts";
import { createReferenceRunner } from "../kernels/reference/runner.ts";
import { buildModel } from "../models/build.ts";
import { createCompiledTrainer } from "../models/compiled/trainer.ts";
import { compileKernels, createWasmTrainer } from "../models/create.ts";
import type { Loss, Optimizer } from "../models/model.ts";
import { layerSchema, lossSchema, optimizerSchema } from "../models/schema.ts";
import type { Batch, Examples, NamedTensor, Trainer, TrainerSettings } from "../models/trainer.ts";
import { stream } from "../numerics/random.ts";
import type { Checkpoint, Checkpoints } from "../pipelines/stage.ts";

const cache = fileURLToPath(new URL("../artifacts/cache/kernels", import.meta.url));

/** A family's bytes, from the project's cache. */
export async function kernelBytes(family: string): Promise<Uint8Array<ArrayBuffer>> {
  const built = await buildKernels(cache);
  const known = FAMILIES.find((one) => one === family);
  assert.ok(known, `There is no family "${family}"`);
  return Uint8Array.from(await Deno.readFile(built[known].path));
}

let compiled: Promise<Partial<Record<Family, WebAssembly.Module>>> | undefined;

/** All families, compiled once a process. */
export function allModules(): Promise<Partial<Record<Family, WebAssembly.Module>>> {
  return compiled ??= compileKernels(FAMILIES, kernelBytes);
}

export interface Network {
  readonly layers: readonly unknown[];
  readonly loss: unknown;
  readonly optimizer?: unknown;
  readonly inputShape?: readonly number[];
  readonly batchSize?: number;
  readonly seed?: number;
}

/** Params as a config has them to a trainer's settings. */
export function settingsOf(network: Network): TrainerSettings {
  const { layers, loss, optimizer, inputShape = [6, 5, 2], batchSize = 4, seed = 3 } = network;
  const checked: Optimizer = optimizerSchema.parse(optimizer ?? "rmsprop");
  const checkedLoss: Loss = lossSchema.parse(loss);
  return {
    model: buildModel(layers.map((layer) => layerSchema.parse(layer)), inputShape),
    loss: checkedLoss,
    optimizer: checked,
    batchSize,
    seed,
  };
}

export async function wasmTrainer(network: Network): Promise<Trainer> {
  return createWasmTrainer(settingsOf(network), await allModules());
}

export function referenceTrainer(network: Network): Trainer {
  return createCompiledTrainer({
    ...settingsOf(network),
    fused: false,
    createRunner: createReferenceRunner,
  });
}

/** Random bytes; labels go round. */
export function someExamples(
  count: number,
  shape: readonly number[] = [6, 5, 2],
  classes = 3,
): Examples {
  const size = shape.reduce((product, n) => product * n, 1);
  const draws = stream(11, "examples");
  return {
    pixels: Uint8Array.from({ length: count * size }, (_, i) => draws.uint32(i) & 255),
    shape,
    table: Float32Array.from({ length: 256 }, (_, i) => i / 255),
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
  };
}

export function batchOf(examples: Examples, ...indices: readonly number[]): Batch {
  return { examples, indices: Uint32Array.from(indices) };
}

/** Checkpoints in memory. */
export class MemoryCheckpoints implements Checkpoints {
  readonly kept = new Map<number, Checkpoint>();

  list(): Promise<readonly number[]> {
    return Promise.resolve([...this.kept.keys()].sort((a, b) => a - b));
  }
  read(at: number): Promise<Checkpoint | null> {
    return Promise.resolve(structuredClone(this.kept.get(at) ?? null));
  }
  write(at: number, checkpoint: Checkpoint): Promise<void> {
    this.kept.set(at, structuredClone(checkpoint));
    return Promise.resolve();
  }
  remove(at: number): Promise<void> {
    this.kept.delete(at);
    return Promise.resolve();
  }
}

/** What a scripted trainer was asked to do. */
export interface Script {
  readonly trainer: Trainer;
  /** The indices of each batch, and the rate, step by step. */
  readonly steps: { readonly indices: readonly number[]; readonly rate: number }[];
  /** The examples of each step. */
  readonly examples: Examples[];
}

/**
 * A trainer that computes nothing: step s (from 0) has the loss `losses(s)`, validation after s steps `validation(s)`.
 * Its one weight is the number of steps done.
 */
export function scripted(
  losses: (step: number) => number,
  validation: (steps: number) => number = losses,
): Script {
  const steps: Script["steps"] = [], seen: Examples[] = [];
  const sums = (mean: number, count: number) => ({
    loss: mean * count,
    correct: 0,
    count,
    penalty: 0,
  });
  const refuse = () => assert.fail("the loop asks for no such thing");
  const trainer: Trainer = {
    step({ indices, examples }, rate) {
      steps.push({ indices: [...indices], rate });
      seen.push(examples);
      return sums(losses(steps.length - 1), indices.length);
    },
    evaluate: ({ indices }) => sums(validation(steps.length), indices.length),
    readState: () => ({
      weights: [{ name: "steps", shape: [1], values: Float32Array.of(steps.length) }],
      slots: [],
      step: steps.length,
    }),
    predict: refuse,
    gradients: refuse,
    applyGradients: refuse,
    writeState: refuse,
    dispose() {},
  };
  return { trainer, steps, examples: seen };
}

/** Relative L2 distance of b from a, over all values. */
export function distance(a: readonly NamedTensor[], b: readonly NamedTensor[]): number {
  assert.deepEqual(a.map(({ name }) => name), b.map(({ name }) => name));
  let squares = 0, whole = 0;
  for (const [i, { values }] of a.entries()) {
    for (const [j, value] of values.entries()) {
      const difference = value - (b[i]?.values[j] ?? NaN);
      squares += difference * difference;
      whole += value * value;
    }
  }
  return Math.sqrt(squares / whole);
}
