/** What evaluate measures, from probabilities and labels; plain numbers in, plain numbers out. */
import { stream } from "../../numerics/random.ts";

/** Counts [classes, classes]: row the true class, column the predicted one. */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): Int32Array<ArrayBuffer> {
  const counts = new Int32Array(classes * classes);
  for (let i = 0; i < labels.length; i++) {
    const at = (labels[i] ?? 0) * classes + (predicted[i] ?? 0);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

export interface ClassScores {
  /** All f64 [classes]; 0 where nothing was predicted, or nothing was there. */
  readonly precision: Float64Array<ArrayBuffer>;
  readonly recall: Float64Array<ArrayBuffer>;
  readonly f1: Float64Array<ArrayBuffer>;
  /** Examples of each class. */
  readonly support: Int32Array<ArrayBuffer>;
}

/** Precision, recall and their harmonic mean by class. */
export function classScores(confusion: Int32Array, classes: number): ClassScores {
  const precision = new Float64Array(classes), recall = new Float64Array(classes);
  const f1 = new Float64Array(classes), support = new Int32Array(classes);
  for (let k = 0; k < classes; k++) {
    let there = 0, said = 0;
    for (let j = 0; j < classes; j++) {
      there += confusion[k * classes + j] ?? 0;
      said += confusion[j * classes + k] ?? 0;
    }
    const hits = confusion[k * classes + k] ?? 0;
    support[k] = there;
    precision[k] = said === 0 ? 0 : hits / said;
    recall[k] = there === 0 ? 0 : hits / there;
    f1[k] = there + said === 0 ? 0 : 2 * hits / (there + said);
  }
  return { precision, recall, f1, support };
}

/** Percentile bootstrap of a mean of 0s and 1s over resamples of the examples: [2.5 %, 97.5 %]. */
export function bootstrapInterval(
  correct: Uint8Array,
  seed: number,
  resamples: number,
): readonly [number, number] {
  const n = correct.length;
  const draws = stream(seed, "evaluate", "bootstrap");
  const means = new Float64Array(resamples);
  let word = 0;
  for (let r = 0; r < resamples; r++) {
    let hits = 0;
    // The bias of taking 2^32 to n places is below n / 2^32: nothing beside the interval's width.
    for (let i = 0; i < n; i++) {
      hits += correct[Math.floor(draws.uint32(word++) / 4294967296 * n)] ?? 0;
    }
    means[r] = hits / n;
  }
  means.sort();
  const at = (part: number) => means[Math.round(part * (resamples - 1))] ?? 0;
  return [at(0.025), at(0.975)];
}

export interface Calibration {
  /** Expected calibration error: mean |accuracy - confidence| of the bins, weighted by their counts. */
  readonly error: number;
  /** By bin: examples, mean confidence, accuracy (both 0 in an empty bin). */
  readonly count: Int32Array<ArrayBuffer>;
  readonly confidence: Float64Array<ArrayBuffer>;
  readonly accuracy: Float64Array<ArrayBuffer>;
}

/** Bins of equal width by the probability of the predicted class; bin b is (b / bins, (b + 1) / bins]. */
export function calibration(
  probabilities: ArrayLike<number>,
  classes: number,
  predicted: ArrayLike<number>,
  correct: Uint8Array,
  bins: number,
): Calibration {
  const count = new Int32Array(bins);
  const confidence = new Float64Array(bins), accuracy = new Float64Array(bins);
  for (let i = 0; i < correct.length; i++) {
    const p = probabilities[i * classes + (predicted[i] ?? 0)] ?? 0;
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(p * bins) - 1));
    count[bin] = (count[bin] ?? 0) + 1;
    confidence[bin] = (confidence[bin] ?? 0) + p;
    accuracy[bin] = (accuracy[bin] ?? 0) + (correct[i] ?? 0);
  }
  let error = 0;
  for (let bin = 0; bin < bins; bin++) {
    const n = count[bin] ?? 0;
    if (n === 0) continue;
    confidence[bin] = (confidence[bin] ?? 0) / n;
    accuracy[bin] = (accuracy[bin] ?? 0) / n;
    error += n / correct.length * Math.abs((accuracy[bin] ?? 0) - (confidence[bin] ?? 0));
  }
  return { error, count, confidence, accuracy };
}
