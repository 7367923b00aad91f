/**
 * The second trainer: TensorFlow.js' automatic differentiation on its `cpu` backend, in plain JavaScript.
 * Slow (0.6 s a sample for the course's network), so it is a second opinion on tiny shapes. It shares with the
 * compiled trainer the table of layers, the first weights, the dropout masks and nothing else.
 */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
// It registers the gradients, which the core's own bundle for Node leaves out.
import "@tensorflow/tfjs-layers";
import { resampleInto, ROW } from "../numerics/resample.ts";
import { initialize } from "./initialize.ts";
import { layersOf, sizeOf } from "./layers.ts";
import { lossIssue, thresholdOf } from "./losses.ts";
import { forwardOnTape, type Weights } from "./tape/forward.ts";
import { lossesOnTape, penaltyOnTape } from "./tape/loss.ts";
import { slotsOnTape, updateOnTape } from "./tape/update.ts";
import type { Batch, BatchSums, NamedTensor, Trainer, TrainerSettings } from "./trainer.ts";

/** Makes the trainer. Its bits are those of `Math`, which in a stage is numerics' own. */
export async function createTapeTrainer(settings: TrainerSettings): Promise<Trainer> {
  const { model, loss, optimizer, seed } = settings;
  // Else the backend advertises another package on the terminal.
  tf.enableProdMode();
  await tf.setBackend("cpu");
  await tf.ready();
  const layers = layersOf(model);
  const issue = lossIssue(layers, loss);
  if (issue !== null) throw new Error(issue);
  const specs = layers.flatMap((layer) => layer.weights);
  const weights: Weights = new Map(
    initialize(layers, seed).map(({ name, shape, values }, i) => [
      name,
      tf.variable(tf.tensor(values, [...shape]), specs[i]?.trainable ?? false),
    ]),
  );
  const trainable = specs.filter((spec) => spec.trainable);
  const slots = slotsOnTape(optimizer, trainable);
  let step = 0;

  function inputOf({ examples, indices }: Batch): tf.Tensor {
    const { pixels, shape, table, transforms } = examples;
    const size = sizeOf(shape);
    const values = new Float32Array(indices.length * size);
    const moved = new Uint8Array(size);
    for (const [i, index] of indices.entries()) {
      let image = pixels.subarray(index * size, (index + 1) * size);
      if (transforms !== undefined) {
        const row = transforms.rows.subarray(index * ROW, (index + 1) * ROW);
        resampleInto(image, shape, row, transforms.fill, transforms.constant, moved);
        image = moved;
      }
      for (const [j, byte] of image.entries()) values[i * size + j] = table[byte] ?? NaN;
    }
    return tf.tensor(values, [indices.length, ...shape]);
  }

  const labelsOf = ({ examples, indices }: Batch) =>
    Int32Array.from(indices, (index) => examples.labels[index] ?? -1);

  function pass(batch: Batch, training: boolean) {
    return forwardOnTape(layers, weights, inputOf(batch), training ? { seed, step } : null);
  }

  function judge(
    batch: Batch,
    training: boolean,
    outputs?: Float32Array,
  ): { sums: BatchSums; mean: tf.Scalar } {
    const labels = labelsOf(batch);
    const { output, logits, moving } = pass(batch, training);
    const losses = lossesOnTape(loss, output, logits, labels);
    const penalty = penaltyOnTape(specs, weights);
    for (const [name, value] of moving) weights.get(name)?.assign(value);
    const values = Float32Array.from(output.dataSync());
    outputs?.set(values);
    const units = output.shape[1] ?? 1;
    let correct = 0;
    labels.forEach((label, row) => {
      const scores = values.subarray(row * units, (row + 1) * units);
      const found = units === 1
        ? Number((scores[0] ?? 0) > thresholdOf(loss))
        : scores.indexOf(scores.reduce((best, score) => Math.max(best, score)));
      if (found === label) correct++;
    });
    const total = Float32Array.from(losses.dataSync()).reduce((sum, value) => sum + value, 0);
    const shown = penalty.dataSync()[0] ?? 0;
    return {
      sums: { loss: total, correct, count: labels.length, penalty: shown },
      mean: tf.add(tf.mean(losses), penalty) as tf.Scalar, // a mean has no axes left
    };
  }

  /** The gradients in the order of the weights, and what the forward pass showed. */
  function differentiate(batch: Batch): { gradients: tf.Tensor[]; sums: BatchSums } {
    let sums: BatchSums | undefined;
    const variables = trainable.map(({ path }) => weightOf(path));
    const { grads } = tf.variableGrads(() => {
      const judged = judge(batch, true);
      sums = judged.sums;
      return judged.mean;
    }, variables);
    if (sums === undefined) throw new Error("Cannot differentiate: the tape did not run");
    const gradients = variables.map((variable) => {
      const gradient = grads[variable.name];
      if (gradient === undefined) throw new Error(`Cannot differentiate by "${variable.name}"`);
      return gradient;
    });
    return { gradients, sums };
  }

  function weightOf(path: string): tf.Variable {
    const variable = weights.get(path);
    if (variable === undefined) throw new Error(`Cannot find the weight "${path}"`);
    return variable;
  }

  function update(gradients: readonly tf.Tensor[], learningRate: number): void {
    for (const [i, { path }] of trainable.entries()) {
      const gradient = gradients[i], own = slots[i];
      if (gradient === undefined || own === undefined) continue;
      updateOnTape(optimizer, weightOf(path), gradient, own, learningRate, step + 1);
    }
    step++;
  }

  const read = (name: string, tensor: tf.Tensor): NamedTensor => ({
    name,
    shape: tensor.shape,
    values: Float32Array.from(tensor.dataSync()),
  });

  const slotsByName = () =>
    trainable.flatMap(({ path }, i) =>
      [...slots[i] ?? []].map(([name, slot]) => [`${path}/${name}`, slot] as [string, tf.Variable])
    );

  function write(what: string, target: tf.Variable | undefined, tensor: NamedTensor): void {
    if (target === undefined) throw new Error(`Cannot set ${what}: there is no "${tensor.name}"`);
    scoped(() => target.assign(tf.tensor(tensor.values, target.shape)));
  }

  return {
    step: (batch, learningRate) =>
      scoped(() => {
        const { gradients, sums } = differentiate(batch);
        update(gradients, learningRate);
        return sums;
      }),
    evaluate: (batch, outputs) => scoped(() => judge(batch, false, outputs).sums),
    predict: (batch) => scoped(() => Float32Array.from(pass(batch, false).output.dataSync())),
    gradients: (batch) =>
      scoped(() => {
        const kept = specs.filter(({ trainable }) => !trainable)
          .map(({ path }) => [weightOf(path), tf.clone(weightOf(path))] as const);
        const { gradients } = differentiate(batch);
        for (const [variable, before] of kept) variable.assign(before);
        return gradients.map((gradient, i) => read(trainable[i]?.path ?? "", gradient));
      }),
    applyGradients: (gradients, learningRate) =>
      scoped(() =>
        update(gradients.map(({ values, shape }) => tf.tensor(values, [...shape])), learningRate)
      ),
    readState: () => ({
      weights: specs.map(({ path }) => read(path, weightOf(path))),
      slots: slotsByName().map(([name, slot]) => read(name, slot)),
      step,
    }),
    writeState(state) {
      for (const tensor of state.weights) write("weights", weights.get(tensor.name), tensor);
      const known = new Map(slotsByName());
      for (const tensor of state.slots) write("slots", known.get(tensor.name), tensor);
      step = state.step;
    },
    dispose() {
      for (const variable of weights.values()) variable.dispose();
      for (const [, slot] of slotsByName()) slot.dispose();
    },
  };
}

/** As tf.tidy, whatever the body returns: tensors that it made and did not keep are freed. */
function scoped<T>(body: () => T): T {
  tf.engine().startScope();
  try {
    return body();
  } finally {
    tf.engine().endScope();
  }
}
