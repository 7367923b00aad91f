/** From what a model's last layer puts out to classes and their probabilities. */
import { thresholdOf } from "../../models/losses.ts";
import type { Loss } from "../../models/model.ts";
import { exp } from "../../numerics/functions.ts";

/**
 * The class that each row of outputs [rows, units] says: the index of the largest (the first of equals), or
 * with a single unit whether it is above the loss' threshold.
 */
export function predictedClasses(
  values: ArrayLike<number>,
  units: number,
  loss: Loss,
): Int32Array<ArrayBuffer> {
  const threshold = thresholdOf(loss);
  return Int32Array.from({ length: values.length / units }, (_, row) => {
    if (units === 1) return (values[row] ?? 0) > threshold ? 1 : 0;
    let best = 0;
    for (let k = 1; k < units; k++) {
      if ((values[row * units + k] ?? 0) > (values[row * units + best] ?? 0)) best = k;
    }
    return best;
  });
}

/**
 * Probabilities f32 [rows, classes] of outputs [rows, units]: by softmax or sigmoid from logits, else
 * divided by their sum as Keras' loss does. A single unit p gives two classes, [1 - p, p]. Computed in f64 and rounded once.
 */
export function probabilitiesOf(
  values: ArrayLike<number>,
  units: number,
  loss: Loss,
): Float32Array<ArrayBuffer> {
  const rows = values.length / units;
  if (units === 1) {
    const out = new Float32Array(rows * 2);
    for (let row = 0; row < rows; row++) {
      const value = values[row] ?? 0;
      const p = loss.fromLogits ? sigmoid(value) : value;
      out[2 * row] = 1 - p;
      out[2 * row + 1] = p;
    }
    return out;
  }
  const out = new Float32Array(values.length);
  const terms = new Float64Array(units);
  for (let row = 0; row < rows; row++) {
    const start = row * units;
    let largest = 0;
    if (loss.fromLogits) {
      largest = values[start] ?? 0;
      for (let k = 1; k < units; k++) largest = Math.max(largest, values[start + k] ?? 0);
    }
    let sum = 0;
    for (let k = 0; k < units; k++) {
      const value = values[start + k] ?? 0;
      const term = loss.fromLogits ? exp(value - largest) : value;
      terms[k] = term;
      sum += term;
    }
    // Outputs that are all 0 say nothing of any class.
    for (let k = 0; k < units; k++) out[start + k] = sum === 0 ? 1 / units : (terms[k] ?? 0) / sum;
  }
  return out;
}

/** Never the exponential of a large number, so never Infinity / Infinity. */
function sigmoid(x: number): number {
  const e = exp(-Math.abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}
