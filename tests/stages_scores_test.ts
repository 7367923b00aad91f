/** What evaluate computes, against cases small enough for pen and paper. */
import assert from "node:assert/strict";
import type { Loss } from "../models/model.ts";
import { predictedClasses, probabilitiesOf } from "../stages/datasets/probabilities.ts";
import {
  bootstrapInterval,
  calibration,
  classScores,
  confusionMatrix,
} from "../stages/datasets/scores.ts";

const LABELS = [0, 0, 1, 1, 2, 2, 2], PREDICTED = [0, 1, 1, 1, 2, 0, 2];

Deno.test("the confusion matrix counts truth by row and prediction by column", () => {
  assert.deepEqual([...confusionMatrix(LABELS, PREDICTED, 3)], [1, 1, 0, 0, 2, 0, 1, 0, 2]);
});

Deno.test("precision, recall and F1 of each class follow from its row and column", () => {
  const { precision, recall, f1, support } = classScores(confusionMatrix(LABELS, PREDICTED, 3), 3);
  assert.deepEqual([...precision], [1 / 2, 2 / 3, 1]);
  assert.deepEqual([...recall], [1 / 2, 1, 2 / 3]);
  assert.deepEqual([...f1], [1 / 2, 4 / 5, 4 / 5]);
  assert.deepEqual([...support], [2, 2, 3]);
});

Deno.test("a class that is never there or never said scores 0, not NaN", () => {
  const { precision, recall, f1, support } = classScores(confusionMatrix([0, 2], [0, 0], 4), 4);
  assert.deepEqual([...precision], [1 / 2, 0, 0, 0]);
  assert.deepEqual([...recall], [1, 0, 0, 0]);
  assert.deepEqual([...f1], [2 / 3, 0, 0, 0]);
  assert.deepEqual([...support], [1, 0, 1, 0]);
});

Deno.test("calibration weighs each bin's gap between confidence and accuracy by its count", () => {
  const probabilities = [0.75, 0.25, 0.125, 0.875, 0.5, 0.5, 0.375, 0.625, 1, 0];
  const predicted = [0, 1, 0, 1, 0], correct = Uint8Array.of(1, 0, 1, 1, 1);
  const { error, count, confidence, accuracy } = calibration(
    probabilities,
    2,
    predicted,
    correct,
    4,
  );
  // (0.25, 0.5]: 0.5 right. (0.5, 0.75]: 0.75 right, 0.625 right. (0.75, 1]: 0.875 wrong, 1 right.
  assert.deepEqual([...count], [0, 1, 2, 2]);
  assert.deepEqual([...confidence], [0, 0.5, 0.6875, 0.9375]);
  assert.deepEqual([...accuracy], [0, 1, 1, 0.5]);
  assert.equal(error, 0.2 * 0.5 + 0.4 * 0.3125 + 0.4 * 0.4375);
});

/** n examples, the first k right. */
const rightOf = (k: number, n: number) => Uint8Array.from({ length: n }, (_, i) => i < k ? 1 : 0);

Deno.test("the bootstrap's interval is that of the binomial that it draws from", () => {
  // Quantiles of Binomial(n, k / n) at 2.5 and 97.5 %, summed exactly.
  for (const [k, n, low, high] of [[90, 100, 84, 95], [10, 40, 5, 16], [25, 50, 18, 32]] as const) {
    const [from, to] = bootstrapInterval(rightOf(k, n), 1, 20000);
    assert.ok(Math.abs(from * n - low) <= 1.001, `${from * n}, wanted ${low}`);
    assert.ok(Math.abs(to * n - high) <= 1.001, `${to * n}, wanted ${high}`);
  }
  // With 25 as the deviation, intervals of 90 and of 99 % would be 8 and 15 off.
  const [from, to] = bootstrapInterval(rightOf(1250, 2500), 1, 2000);
  assert.ok(Math.abs(from * 2500 - 1201) < 5 && Math.abs(to * 2500 - 1299) < 5, `${from}, ${to}`);
});

Deno.test("the bootstrap of examples that are all alike has no width", () => {
  assert.deepEqual(bootstrapInterval(rightOf(7, 7), 1, 100), [1, 1]);
  assert.deepEqual(bootstrapInterval(rightOf(0, 7), 1, 100), [0, 0]);
});

Deno.test("the bootstrap follows from its seed", () => {
  const correct = rightOf(500, 997);
  assert.deepEqual(bootstrapInterval(correct, 1, 300), bootstrapInterval(correct, 1, 300));
  assert.notDeepEqual(bootstrapInterval(correct, 1, 300), bootstrapInterval(correct, 2, 300));
});

const logits: Loss = { type: "sparseCategoricalCrossentropy", fromLogits: true };
const plain: Loss = { type: "categoricalCrossentropy", fromLogits: false };
const binary: Loss = { type: "binaryCrossentropy", fromLogits: false };
const binaryLogits: Loss = { type: "binaryCrossentropy", fromLogits: true };

function near(found: Float32Array, wanted: readonly number[]): void {
  assert.equal(found.length, wanted.length);
  wanted.forEach((value, i) => assert.ok(Math.abs((found[i] ?? NaN) - value) < 1e-6, `${found}`));
}

Deno.test("logits become probabilities by softmax, however large they are", () => {
  const LN2 = 0.6931471805599453, LN5 = 1.6094379124341003;
  near(probabilitiesOf([0, LN2, LN5, 3, 3 + LN2, 3 + LN5], 3, logits), [
    ...[1 / 8, 2 / 8, 5 / 8],
    ...[1 / 8, 2 / 8, 5 / 8],
  ]);
  near(probabilitiesOf([5000, 5000, -5000, 5000], 2, logits), [0.5, 0.5, 0, 1]);
});

Deno.test("outputs that are no logits are divided by their sum, as Keras' loss does", () => {
  near(probabilitiesOf([1, 3, 0.25, 0.75, 0, 0], 2, plain), [0.25, 0.75, 0.25, 0.75, 0.5, 0.5]);
});

Deno.test("a single unit is the probability of class 1, by sigmoid from logits", () => {
  near(probabilitiesOf([0.25, 1], 1, binary), [0.75, 0.25, 0, 1]);
  near(probabilitiesOf([0, 1.0986122886681098, -9000, 9000], 1, binaryLogits), [
    ...[0.5, 0.5],
    ...[0.25, 0.75],
    ...[1, 0],
    ...[0, 1],
  ]);
});

Deno.test("the predicted class is the first of the largest, or what the threshold says", () => {
  assert.deepEqual([...predictedClasses([0, 2, 2, -3, -2, -9], 3, logits)], [1, 1]);
  assert.deepEqual([...predictedClasses([0.4, 0.5, 0.6], 1, binary)], [0, 0, 1]);
  assert.deepEqual([...predictedClasses([-0.1, 0, 0.1], 1, binaryLogits)], [0, 0, 1]);
});
