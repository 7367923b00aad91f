/** A trained model, read back from what `train` stored. */
import type { Family } from "../kernels/families.ts";
import { readModel } from "./build.ts";
import { familiesUsed } from "./compiled/program.ts";
import { compileKernels, createWasmTrainer } from "./create.ts";
import { checkLabels, inMemory, readScaling, type Scaling } from "./examples.ts";
import { type Layer, layersOf } from "./layers.ts";
import { lossIssue } from "./losses.ts";
import type { Loss, Model, Optimizer } from "./model.ts";
import { evaluateAll } from "./loop.ts";
import type { Examples, NamedTensor } from "./trainer.ts";

/** What the attributes of a model artifact say. */
export interface StoredModel {
  readonly model: Model;
  readonly loss: Loss;
  readonly layers: readonly Layer[];
  readonly scaling: Scaling;
  /** Names by label. */
  readonly classes: readonly string[];
}

export interface Predictor {
  /**
   * Mean loss with the regularisers' penalty, and accuracy, as Keras' `evaluate`. `outputs` takes the last layer's
   * output for all examples, [count, units] row-major: logits where the loss takes logits.
   */
  evaluate(
    examples: Examples,
    outputs: Float32Array,
  ): Promise<{ readonly loss: number; readonly accuracy: number }>;
  readonly units: number;
  dispose(): void;
}

/** Predicting takes the optimizer that needs no memory. */
const NO_OPTIMIZER: Optimizer = { type: "sgd", learningRate: 0, momentum: 0, nesterov: false };

/** @throws Error if the attributes are not those of a model */
export function readStoredModel(attributes: Readonly<Record<string, unknown>>): StoredModel {
  const { model, loss } = readModel(attributes["topology"], attributes["loss"]);
  const layers = layersOf(model);
  const issue = lossIssue(layers, loss);
  if (issue !== null) throw new Error(`Cannot read the model's topology: ${issue}`);
  const classes = attributes["classes"];
  if (!Array.isArray(classes) || !classes.every((name) => typeof name === "string")) {
    throw new Error('Cannot read the model: its attribute "classes" is not a list of names');
  }
  return {
    model,
    loss,
    layers,
    scaling: readScaling(attributes["scaling"]),
    classes: [...classes],
  };
}

/** Kernel families that predicting and evaluating use: a part of those of training. */
export function familiesOfModel({ layers, loss }: Pick<StoredModel, "layers" | "loss">) {
  return familiesUsed(layers, loss, NO_OPTIMIZER).families;
}

/**
 * Loads a model. `weight` reads a tensor by Keras' path ("conv2d/kernel"); `kernel` gives a compiled family's bytes;
 * `threads` says how many threads may be used now.
 * @throws Error if a weight has another size than the topology says
 */
export async function createPredictor(
  stored: StoredModel,
  weight: (path: string) => Promise<Float32Array>,
  kernel: (family: Family) => Promise<Uint8Array<ArrayBuffer>>,
  batchSize: number = 128,
  threads: () => number = () => 1,
): Promise<Predictor> {
  const { model, loss, layers } = stored;
  const weights: NamedTensor[] = [];
  for (const { path, shape } of layers.flatMap((layer) => layer.weights)) {
    weights.push({ name: path, shape, values: await weight(path) });
  }
  const modules = await compileKernels(familiesOfModel(stored), kernel);
  const trainer = createWasmTrainer(
    { model, loss, optimizer: NO_OPTIMIZER, batchSize, seed: 0 },
    modules,
    threads,
  );
  trainer.writeState({ weights, slots: [], step: 0 });
  const units = layers.at(-1)?.outputShape[0] ?? 0;
  return {
    units,
    async evaluate(examples, outputs) {
      const source = inMemory(examples);
      await checkLabels("the data", source, layers, loss);
      return await evaluateAll(trainer, source, batchSize, undefined, outputs);
    },
    dispose: () => trainer.dispose(),
  };
}
