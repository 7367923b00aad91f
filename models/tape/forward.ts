/** Layers by TensorFlow.js' operations, which it can differentiate. */
import * as tf from "@tensorflow/tfjs-core";
import { dropoutKeys, dropoutSettings } from "../../kernels/dropout.ts";
import { dropoutHash } from "../../kernels/reference/dropout.ts";
import { type Layer, window } from "../layers.ts";
import type { ActivationName, Padding } from "../model.ts";

/** Variables by Keras' path. */
export type Weights = Map<string, tf.Variable>;

export interface Passed {
  readonly output: tf.Tensor;
  /** The input of a last softmax or sigmoid; else null. */
  readonly logits: tf.Tensor | null;
  /** New moving statistics by path. */
  readonly moving: ReadonlyMap<string, tf.Tensor>;
}

const ACTIVATIONS: Readonly<Record<ActivationName, (x: tf.Tensor) => tf.Tensor>> = {
  linear: (x) => x,
  relu: (x) => tf.relu(x),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  softmax: (x) => tf.softmax(x),
  elu: (x) => tf.elu(x),
  softplus: (x) => tf.softplus(x),
  leakyRelu: (x) => tf.leakyRelu(x, 0.2),
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
};

/** `training`: where dropout's masks come from; null without training. */
export function forwardOnTape(
  layers: readonly Layer[],
  weights: Weights,
  input: tf.Tensor,
  training: { readonly seed: number; readonly step: number } | null,
): Passed {
  const moving = new Map<string, tf.Tensor>();
  let x = input;
  let logits: tf.Tensor | null = null;
  const activate = (name: ActivationName) => {
    logits = name === "softmax" || name === "sigmoid" ? x : null;
    x = ACTIVATIONS[name](x);
  };
  for (const { spec, outputShape, position } of layers) {
    const weight = (name: string) => weights.get(`${spec.name}/${name}`);
    const needed = (name: string) => {
      const found = weight(name);
      if (found === undefined) throw new Error(`Cannot find the weight "${spec.name}/${name}"`);
      return found;
    };
    if (spec.type !== "activation") logits = null;
    switch (spec.type) {
      case "conv2d":
      case "dense": {
        const kernel = needed("kernel"), bias = weight("bias");
        x = spec.type === "conv2d"
          // The table of layers has seen to the ranks.
          ? tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, [...spec.strides], spec.padding)
          : tf.matMul(x, kernel);
        if (bias !== undefined) x = tf.add(x, bias);
        activate(spec.activation);
        break;
      }
      case "maxPooling2d":
      case "averagePooling2d": {
        const images = x as tf.Tensor4D; // the table of layers has seen to the rank
        const { poolSize, strides, padding } = spec;
        x = spec.type === "maxPooling2d"
          ? tf.maxPool(images, [...poolSize], [...strides], padding)
          : averagePool(images, poolSize, strides, padding);
        break;
      }
      case "dropout":
        if (training !== null && spec.rate > 0) {
          x = tf.mul(x, mask(x.shape, spec.rate, training, position));
        }
        break;
      case "batchNormalization": {
        const axes = x.shape.slice(0, -1).map((_, axis) => axis);
        const statistics = training === null
          ? { mean: needed("moving_mean"), variance: needed("moving_variance") }
          : tf.moments(x, axes);
        if (training !== null) {
          for (const name of ["mean", "variance"] as const) {
            const path = `moving_${name}`;
            const moved = tf.add(
              tf.mul(needed(path), spec.momentum),
              tf.mul(statistics[name], 1 - spec.momentum),
            );
            moving.set(`${spec.name}/${path}`, moved);
          }
        }
        const { mean, variance } = statistics;
        x = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, spec.epsilon)));
        const gamma = weight("gamma"), beta = weight("beta");
        if (gamma !== undefined) x = tf.mul(x, gamma);
        if (beta !== undefined) x = tf.add(x, beta);
        break;
      }
      case "activation":
        activate(spec.activation);
        break;
      case "flatten":
        x = tf.reshape(x, [x.shape[0] ?? 0, ...outputShape]);
        break;
      default:
        spec satisfies never;
    }
  }
  return { output: x, logits, moving };
}

/**
 * The mean over the positions inside the image. By frames of zeros, because the gradient of tfjs' own
 * operation divides by the whole window's area at the border, too.
 */
function averagePool(
  x: tf.Tensor4D,
  pool: readonly [number, number],
  strides: readonly [number, number],
  padding: Padding,
): tf.Tensor {
  const [, height, width] = x.shape;
  const sides = ([[height, 0], [width, 1]] as const).map(([size, axis]): [number, number] => {
    const { output, before } = window(size, pool[axis], strides[axis], padding);
    return [before, Math.max(0, (output - 1) * strides[axis] + pool[axis] - size - before)];
  });
  const framed = (images: tf.Tensor4D) =>
    // Four pairs for four axes.
    tf.avgPool(tf.pad(images, [[0, 0], ...sides, [0, 0]]) as tf.Tensor4D, [...pool], [
      ...strides,
    ], "valid");
  return tf.div(framed(x), framed(tf.onesLike(x)));
}

/** The mask that the compiled kernels use, as factors. */
function mask(
  shape: readonly number[],
  rate: number,
  { seed, step }: { readonly seed: number; readonly step: number },
  layer: number,
): tf.Tensor {
  const seedLow = seed >>> 0, seedHigh = Math.floor(seed / 4294967296) >>> 0;
  const [key0, key1] = dropoutKeys({ seedLow, seedHigh, layer, step });
  const { threshold, scale } = dropoutSettings(rate);
  const size = shape.reduce((product, n) => product * n, 1);
  const factors = Float32Array.from(
    { length: size },
    (_, i) => dropoutHash(i, key0, key1) >= threshold ? scale : 0,
  );
  return tf.tensor(factors, [...shape]);
}
