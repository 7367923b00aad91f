/** What a loss wants of a model's last layer, and how a prediction becomes a class. */
import type { Layer } from "./layers.ts";
import type { Loss } from "./model.ts";

/** Why the last layer's output is not of the loss' shape, if it is not. */
export function lossIssue(layers: readonly Layer[], loss: Loss): string | null {
  const last = layers.at(-1);
  if (last === undefined) return "A model needs at least one layer";
  const { outputShape: shape, spec } = last;
  if (shape.length !== 1) {
    return `Layer "${spec.name}" is the last, with the output [${shape.join(", ")}]: ` +
      `the loss "${loss.type}" wants an output of rank 1; end with a dense layer`;
  }
  const units = shape[0] ?? 0;
  if (loss.type === "binaryCrossentropy" && units !== 1) {
    return `Layer "${spec.name}" is the last, with ${units} units: ` +
      `the loss "binaryCrossentropy" wants 1`;
  }
  if (loss.type !== "binaryCrossentropy" && units < 2) {
    return `Layer "${spec.name}" is the last, with 1 unit: the loss "${loss.type}" wants one a ` +
      `class; for two classes and one unit use "binaryCrossentropy"`;
  }
  return null;
}

/** How many classes the last layer and its loss tell apart; one unit tells two. */
export function classesTold(layers: readonly Layer[], loss: Loss): number {
  return loss.type === "binaryCrossentropy" ? 2 : layers.at(-1)?.outputShape[0] ?? 0;
}

/**
 * Above this a single unit says class 1. Keras takes 0.5 for logits as well, which is a trap: a logit of 0 is
 * the even chance, so that is where ours is.
 */
export function thresholdOf(loss: Loss): number {
  return loss.fromLogits ? 0 : 0.5;
}
