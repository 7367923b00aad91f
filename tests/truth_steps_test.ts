/** Twenty-five steps that nobody corrects, against Keras 3 on TensorFlow from the same weights and batches. */
import assert from "node:assert/strict";
import { trainSchema } from "../models/schema.ts";
import type { NamedTensor } from "../models/trainer.ts";
import { fans } from "../models/initialize.ts";
import { type Network, wasmTrainer } from "./models_rig.ts";
import { apart, type Encoded, floatsOf, norm, pictures, readTruth, uniform } from "./truth_rig.ts";

interface Case extends Required<Pick<Network, "layers" | "loss" | "optimizer">> {
  readonly name: string;
  /** What the formulas of weights and batches are seeded with. */
  readonly number: number;
  readonly inputShape: readonly [number, number, number];
  readonly batch: number;
  readonly losses: readonly number[];
  readonly every: number;
  readonly samples: readonly Encoded[];
  readonly norms: readonly number[];
}

const { steps, cases } = await readTruth<{ steps: number; cases: readonly Case[] }>("steps");
const TOLERANCE = 1e-5;

function firstWeights(weights: readonly NamedTensor[], number: number): readonly NamedTensor[] {
  return weights.map((weight, place) => {
    if (!weight.name.endsWith("/kernel")) return weight;
    const { in: into, out } = fans(weight.shape);
    const limit = Math.sqrt(6 / (into + out));
    return { ...weight, values: uniform(1000 * number + place, weight.values.length, limit) };
  });
}

for (const one of cases) {
  Deno.test(`After ${steps} free steps, ${one.name} is where Keras is`, async () => {
    const { layers, loss, optimizer, inputShape, batch, number } = one;
    const trainer = await wasmTrainer({ layers, loss, optimizer, inputShape, batchSize: batch });
    const state = trainer.readState();
    trainer.writeState({ ...state, weights: firstWeights(state.weights, number) });
    const { learningRate } = trainSchema.shape.optimizer.parse(optimizer);
    assert.equal(one.losses.length, steps);
    for (const [step, wanted] of one.losses.entries()) {
      const examples = pictures(50_000 + 100 * number + 2 * step, batch, inputShape, 10);
      const indices = Uint32Array.from(examples.labels.keys());
      const sums = trainer.step({ examples, indices }, learningRate);
      const found = sums.loss / sums.count + sums.penalty;
      assert.ok(Math.abs(found - wanted) < TOLERANCE * wanted, `loss ${found}, not ${wanted}`);
    }
    const { weights } = trainer.readState();
    assert.equal(weights.length, one.samples.length);
    let away = 0, whole = 0;
    for (const [i, { name, values }] of weights.entries()) {
      const sample = values.filter((_, j) => j % one.every === 0);
      const wanted = floatsOf(one.samples[i] ?? assert.fail(name));
      away += apart(wanted, sample) ** 2;
      whole += norm(wanted) ** 2;
      // Against the whole: a bias under a normalisation is moved by rounding alone.
      const error = Math.abs(norm(values) - (one.norms[i] ?? NaN));
      assert.ok(error < TOLERANCE * norm(one.norms), `the norm of ${name} is off by ${error}`);
    }
    away = Math.sqrt(away / whole);
    assert.ok(away < TOLERANCE, `the weights are ${away} apart`);
  });
}
