/** First gradients of whole networks, and steps that nobody corrects, against Keras 3 from the same weights and batches. */
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
  readonly classes: number;
  readonly losses: readonly number[];
  readonly every: number;
  readonly gradients: readonly Encoded[];
  readonly gradientNorms: readonly number[];
  readonly samples: readonly Encoded[];
  readonly norms: readonly number[];
}

const { cases } = await readTruth<{ cases: readonly Case[] }>("steps");
const TOLERANCE = 1e-5;

function firstWeights(weights: readonly NamedTensor[], number: number): readonly NamedTensor[] {
  return weights.map((weight, place) => {
    if (!weight.name.endsWith("/kernel")) return weight;
    const { in: into, out } = fans(weight.shape);
    const limit = Math.sqrt(6 / (into + out));
    return { ...weight, values: uniform(1000 * number + place, weight.values.length, limit) };
  });
}

/** Each `every`-th value, and the norms of all. Against the whole: some tensors are little but rounding. */
function near(
  what: string,
  found: readonly NamedTensor[],
  samples: readonly Encoded[],
  norms: readonly number[],
  every: number,
): void {
  assert.equal(found.length, samples.length);
  let away = 0, whole = 0;
  for (const [i, { name, values }] of found.entries()) {
    const wanted = floatsOf(samples[i] ?? assert.fail(name));
    away += apart(wanted, values.filter((_, j) => j % every === 0)) ** 2;
    whole += norm(wanted) ** 2;
    const error = Math.abs(norm(values) - (norms[i] ?? NaN));
    assert.ok(error < TOLERANCE * norm(norms), `${what}: the norm of ${name} is off by ${error}`);
  }
  away = Math.sqrt(away / whole);
  assert.ok(away < TOLERANCE, `${what} are ${away} apart`);
}

for (const one of cases) {
  const steps = one.losses.length;
  Deno.test(`${one.name}: first gradients, and weights after ${steps} free steps, are Keras'`, async () => {
    const { layers, loss, optimizer, inputShape, batch, number } = one;
    const trainer = await wasmTrainer({ layers, loss, optimizer, inputShape, batchSize: batch });
    const state = trainer.readState();
    trainer.writeState({ ...state, weights: firstWeights(state.weights, number) });
    const { learningRate } = trainSchema.shape.optimizer.parse(optimizer);
    const batchOf = (step: number) => {
      const examples = pictures(50_000 + 100 * number + 2 * step, batch, inputShape, one.classes);
      return { examples, indices: Uint32Array.from(examples.labels.keys()) };
    };
    const gradients = trainer.gradients(batchOf(0));
    near("the first gradients", gradients, one.gradients, one.gradientNorms, one.every);
    for (const [step, wanted] of one.losses.entries()) {
      const sums = trainer.step(batchOf(step), learningRate);
      const found = sums.loss / sums.count + sums.penalty;
      assert.ok(Math.abs(found - wanted) < TOLERANCE * wanted, `loss ${found}, not ${wanted}`);
    }
    near("the weights", trainer.readState().weights, one.samples, one.norms, one.every);
  });
}
