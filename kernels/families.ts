/**
 * Which compiled module (family) holds which operation. A program's code identity is the digests of
 * the families that it uses, so that a change in one kernel re-trains only what calls it.
 */
import type { Ops } from "./ops.ts";

export const FAMILIES = [
  "activation",
  "conv",
  "data",
  "dense",
  "dropout",
  "fused",
  "loss",
  "norm",
  "normpool",
  "optimizer",
  "pool",
  "winograd",
] as const;

/** A WebAssembly module of kernels, and the name of its source in `assembly/`. */
export type Family = typeof FAMILIES[number];

/** An operation's name. */
export type OpName = keyof Ops;

/** The family of each operation. */
export const FAMILY_OF: Readonly<Record<OpName, Family>> = {
  conv2dFrames: "conv",
  conv2dForward: "conv",
  conv2dInputGradient: "conv",
  conv2dWeightGradient: "conv",
  convPoolForward: "fused",
  convPoolInputGradient: "fused",
  convPoolWeightGradient: "fused",
  denseForward: "dense",
  denseInputGradient: "dense",
  denseWeightGradient: "dense",
  biasGradient: "dense",
  activationForward: "activation",
  activationBackward: "activation",
  softmaxForward: "activation",
  softmaxBackward: "activation",
  maxPoolForward: "pool",
  maxPoolBackward: "pool",
  averagePoolForward: "pool",
  averagePoolBackward: "pool",
  dropout: "dropout",
  batchNormForward: "norm",
  batchNormInference: "norm",
  batchNormBackward: "norm",
  normPoolForward: "normpool",
  normPoolInference: "normpool",
  normPoolBackward: "normpool",
  categoricalCrossEntropy: "loss",
  binaryCrossEntropy: "loss",
  correct: "loss",
  regularizerGradient: "optimizer",
  regularizerLoss: "optimizer",
  rmsprop: "optimizer",
  adam: "optimizer",
  sgd: "optimizer",
  lookUp: "data",
  add: "data",
};

/** The families that these operations need, each once, in alphabetical order. */
export function familiesOf(ops: Iterable<OpName>): Family[] {
  const needed = new Set<Family>();
  for (const op of ops) needed.add(FAMILY_OF[op]);
  return FAMILIES.filter((family) => needed.has(family));
}
