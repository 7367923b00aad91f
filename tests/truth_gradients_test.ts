/** One step from Keras' own weights, network by network, against Keras 3 on TensorFlow. */
import assert from "node:assert/strict";
import type { Batch } from "../models/trainer.ts";
import { distance, type Network, wasmTrainer } from "./models_rig.ts";
import {
  apart,
  type Encoded,
  floatsOf,
  integersOf,
  named,
  norm,
  pixelsOf,
  readTruth,
  TABLE,
} from "./truth_rig.ts";

interface Case extends Required<Pick<Network, "layers" | "loss" | "inputShape">> {
  readonly name: string;
  readonly pixels: Encoded;
  readonly labels: Encoded;
  readonly weights: readonly Encoded[];
  readonly value: number;
  readonly gradients: readonly Encoded[];
  readonly predicted: Encoded;
  readonly moved: readonly Encoded[];
}

const { cases } = await readTruth<{ cases: readonly Case[] }>("gradients");
const TOLERANCE = 1e-5;

for (const one of cases) {
  Deno.test(`A step's gradients are Keras': ${one.name}`, async () => {
    const { layers, loss, inputShape } = one;
    const labels = integersOf(one.labels);
    const trainer = await wasmTrainer({ layers, loss, inputShape, batchSize: labels.length + 2 });
    const state = trainer.readState();
    trainer.writeState({ ...state, weights: named(state.weights, one.weights) });
    const examples = { pixels: pixelsOf(one.pixels), shape: inputShape, table: TABLE, labels };
    const batch: Batch = { examples, indices: Uint32Array.from(labels.keys()) };

    const predicted = floatsOf(one.predicted);
    assert.ok(
      apart(predicted, trainer.predict(batch)) < TOLERANCE * norm(predicted),
      "predictions",
    );

    const found = trainer.gradients(batch);
    const wanted = named(found, one.gradients);
    const whole = distance(wanted, found);
    assert.ok(whole < TOLERANCE, `all gradients are ${whole} apart`);
    // A gradient that is nothing but rounding, as that of a bias under a normalisation, has no digits to compare.
    const floor = 1e-3 * norm(wanted.flatMap(({ values }) => [...values]));
    for (const [i, { name, values }] of wanted.entries()) {
      const away = apart(values, found[i]?.values ?? []) / Math.max(norm(values), floor);
      assert.ok(away < TOLERANCE, `the gradient of ${name} is ${away} apart`);
    }

    const sums = trainer.step(batch, 0);
    const value = sums.loss / sums.count + sums.penalty;
    assert.ok(
      Math.abs(value - one.value) < TOLERANCE * one.value,
      `loss ${value}, not ${one.value}`,
    );
    const after = trainer.readState().weights.filter(({ name }) => name.includes("/moving_"));
    if (after.length > 0) assert.ok(distance(named(after, one.moved), after) < TOLERANCE, "moved");
  });
}
