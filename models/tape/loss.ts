/** Keras' losses by TensorFlow.js' operations. */
import * as tf from "@tensorflow/tfjs-core";
import type { WeightSpec } from "../layers.ts";
import type { Loss } from "../model.ts";
import type { Weights } from "./forward.ts";

const FUZZ = 1e-7;

/** The loss of each example. Where the output is a softmax or sigmoid, `logits` is what it was made of. */
export function lossesOnTape(
  loss: Loss,
  output: tf.Tensor,
  logits: tf.Tensor | null,
  labels: Int32Array,
): tf.Tensor {
  const from = loss.fromLogits ? output : logits;
  if (loss.type === "binaryCrossentropy") {
    const target = tf.tensor(Float32Array.from(labels), [labels.length, 1]);
    if (from !== null) {
      // max(x, 0) - x t + log(1 + e^-|x|)
      const rest = tf.log1p(tf.exp(tf.neg(tf.abs(from))));
      return tf.squeeze(tf.add(tf.sub(tf.relu(from), tf.mul(from, target)), rest), [1]);
    }
    const p = tf.clipByValue(output, FUZZ, 1 - FUZZ);
    const yes = tf.mul(target, tf.log(p));
    const no = tf.mul(tf.sub(1, target), tf.log(tf.sub(1, p)));
    return tf.squeeze(tf.neg(tf.add(yes, no)), [1]);
  }
  const target = tf.oneHot(tf.tensor1d(labels, "int32"), output.shape[1] ?? 0);
  const limited = (p: tf.Tensor) => tf.clipByValue(p, FUZZ, 1 - FUZZ);
  const logarithms = from !== null
    ? tf.logSoftmax(from)
    : loss.type === "sparseCategoricalCrossentropy"
    ? tf.logSoftmax(tf.log(limited(output)))
    : tf.log(limited(tf.div(output, tf.sum(output, -1, true))));
  return tf.neg(tf.sum(tf.mul(target, logarithms), -1));
}

/** The sum of the regularisers' penalties. */
export function penaltyOnTape(
  specs: readonly (WeightSpec & { readonly path: string })[],
  weights: Weights,
): tf.Scalar {
  let sum: tf.Tensor = tf.scalar(0);
  for (const { path, regularizer } of specs) {
    const weight = weights.get(path);
    if (regularizer === null || weight === undefined) continue;
    const { l1, l2 } = regularizer;
    if (l1 !== 0) sum = tf.add(sum, tf.mul(l1, tf.sum(tf.abs(weight))));
    if (l2 !== 0) sum = tf.add(sum, tf.mul(l2, tf.sum(tf.square(weight))));
  }
  return sum as tf.Scalar; // sums of scalars
}
