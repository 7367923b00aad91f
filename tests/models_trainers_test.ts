/** Three trainers that share little: our kernels, the plain loops behind the same program, and TensorFlow.js. */
import assert from "node:assert/strict";
import { createTapeTrainer } from "../models/tape.ts";
import type { Trainer } from "../models/trainer.ts";
import {
  batchOf,
  distance,
  type Network,
  referenceTrainer,
  settingsOf,
  someExamples,
  wasmTrainer,
} from "./models_rig.ts";

const softmax = { dense: { units: 3, activation: "softmax" } };
const NETWORKS: Readonly<Record<string, Network>> = {
  "the baseline's layers": {
    layers: [
      { conv2d: { filters: 5, kernelSize: 2, padding: "same", activation: "relu" } },
      { maxPooling2d: 2 },
      { dropout: 0.3 },
      { conv2d: { filters: 3, kernelSize: 2, padding: "same", activation: "relu" } },
      { maxPooling2d: 2 },
      "flatten",
      { dense: { units: 7, activation: "relu" } },
      { dropout: 0.5 },
      softmax,
    ],
    loss: "categoricalCrossentropy",
  },
  "logits, strides, valid padding, average pooling and Adam": {
    layers: [
      { conv2d: { filters: 3, kernelSize: [3, 2], strides: [1, 2], activation: "tanh" } },
      { averagePooling2d: { poolSize: 2, strides: 1, padding: "same" } },
      "flatten",
      { dense: 3 },
    ],
    loss: { type: "sparseCategoricalCrossentropy", fromLogits: true },
    optimizer: "adam",
  },
  "normalisation, activations, regularisers and SGD": {
    layers: [
      { conv2d: { filters: 4, kernelSize: 3, padding: "same", kernelRegularizer: { l2: 0.01 } } },
      "batchNormalization",
      { activation: "swish" },
      { conv2d: { filters: 2, kernelSize: 2, strides: 2, activation: "elu", useBias: false } },
      { batchNormalization: { scale: false } },
      { maxPooling2d: { poolSize: [2, 1], strides: 1, padding: "same" } },
      { activation: "leakyRelu" },
      { dropout: 0.25 },
      "flatten",
      { dense: { units: 4, activation: "softplus", kernelRegularizer: { l1: 0.01, l2: 0.02 } } },
      { batchNormalization: { center: false, epsilon: 0.01, momentum: 0.9 } },
      softmax,
    ],
    loss: "sparseCategoricalCrossentropy",
    optimizer: { type: "sgd", momentum: 0.9, nesterov: true },
  },
  "one sigmoid unit": {
    layers: ["flatten", { dense: { units: 4, activation: "sigmoid" } }, {
      dense: { units: 1, activation: "sigmoid" },
    }],
    loss: "binaryCrossentropy",
    optimizer: { type: "rmsprop", momentum: 0.5 },
  },
  "probabilities that come from no softmax": {
    layers: ["flatten", { dense: { units: 3, activation: "softplus" } }],
    loss: "categoricalCrossentropy",
    optimizer: "sgd",
  },
  "sparse classes, outputs that come from no softmax": {
    layers: ["flatten", { dense: { units: 3, activation: "softplus" } }],
    loss: "sparseCategoricalCrossentropy",
    optimizer: { type: "rmsprop", learningRate: 0.01 },
  },
  "sigmoids read as logits, average pooling with padding": {
    layers: [
      { averagePooling2d: { poolSize: [3, 2], strides: [2, 1], padding: "same" } },
      "flatten",
      { dense: { units: 3, activation: "sigmoid" } },
    ],
    loss: "categoricalCrossentropy",
    optimizer: { type: "sgd", momentum: 0.5 },
  },
  "a softmax amid the layers, and one that stands alone": {
    layers: [
      { conv2d: { filters: 3, kernelSize: 1, activation: "softmax" } },
      "flatten",
      { dense: 3 },
      { activation: "softmax" },
    ],
    loss: "categoricalCrossentropy",
  },
};

const examples = someExamples(7);
const twoClasses = someExamples(7, [6, 5, 2], 2);

/** Gradients, then three steps of which the last is short, then a look without training. */
function course(network: Network, one: Trainer, other: Trainer, tolerance: number): void {
  const data = network.loss === "binaryCrossentropy" ? twoClasses : examples;
  other.writeState(one.readState());
  const batch = batchOf(data, 4, 0, 5, 1);
  assert.ok(distance(one.gradients(batch), other.gradients(batch)) < tolerance, "gradients");
  for (const indices of [[4, 0, 5, 1], [6, 2, 3, 0], [2, 5, 1]]) {
    const step = batchOf(data, ...indices);
    const sums = one.step(step, 0.002), others = other.step(step, 0.002);
    assert.ok(Math.abs(sums.loss - others.loss) < tolerance * 100, "loss");
    assert.ok(Math.abs(sums.penalty - others.penalty) < tolerance * 100, "penalty");
    assert.deepEqual([sums.correct, sums.count], [others.correct, others.count]);
  }
  const state = one.readState(), others = other.readState();
  assert.equal(state.step, 3);
  assert.ok(distance(state.weights, others.weights) < tolerance, "weights");
  if (state.slots.length > 0) {
    assert.ok(distance(state.slots, others.slots) < tolerance * 10, "slots");
  }
  const outputs = [one, other].map((trainer) => {
    const predicted = trainer.predict(batch), found = new Float32Array(predicted.length);
    assert.deepEqual(trainer.evaluate(batch, found), trainer.evaluate(batch));
    assert.deepEqual(found, predicted, "evaluating gives what predicting gives");
    return found;
  });
  const [seen, others2] = [one.evaluate(batch), other.evaluate(batch)];
  assert.ok(Math.abs(seen.loss - others2.loss) < tolerance * 100, "evaluation");
  outputs[0]?.forEach((value, i) =>
    assert.ok(Math.abs(value - (outputs[1]?.[i] ?? NaN)) < tolerance * 10, `prediction ${i}`)
  );
}

for (const [name, network] of Object.entries(NETWORKS)) {
  Deno.test(`the compiled kernels and the plain loops train alike: ${name}`, async () => {
    const one = await wasmTrainer(network), other = referenceTrainer(network);
    course(network, one, other, 1e-5);
  });

  Deno.test(`the compiled trainer and TensorFlow.js' tape train alike: ${name}`, async () => {
    const one = await wasmTrainer(network);
    const other = await createTapeTrainer(settingsOf(network));
    course(network, one, other, 2e-5);
    other.dispose();
  });
}
