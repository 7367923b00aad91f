/** Optimizers fed with Keras' gradients, and schedules, against Keras 3 on TensorFlow. */
import assert from "node:assert/strict";
import { learningRateAt } from "../models/schedule.ts";
import { trainSchema } from "../models/schema.ts";
import { distance, wasmTrainer } from "./models_rig.ts";
import { type Encoded, floatsOf, named, readTruth } from "./truth_rig.ts";

interface Truth {
  readonly layers: readonly unknown[];
  readonly inputShape: readonly number[];
  readonly first: readonly Encoded[];
  readonly steps: readonly (readonly Encoded[])[];
  readonly cases: readonly {
    readonly name: string;
    readonly optimizer: unknown;
    readonly after: readonly (readonly Encoded[])[];
  }[];
  readonly schedules: readonly {
    readonly name: string;
    readonly schedule: unknown;
    readonly initial: number;
    readonly stepsPerEpoch?: number;
    readonly rates: Encoded;
  }[];
}

const truth = await readTruth<Truth>("optimizers");
const { layers, inputShape, steps } = truth;

for (const { name, optimizer, after } of truth.cases) {
  Deno.test(`Fed with Keras' gradients, ${name} makes Keras' weights at each of its steps`, async () => {
    const network = { layers, inputShape, optimizer, loss: "categoricalCrossentropy" };
    const trainer = await wasmTrainer(network);
    const state = trainer.readState();
    const first = named(state.weights, truth.first);
    trainer.writeState({ ...state, weights: first });
    const { learningRate } = trainSchema.shape.optimizer.parse(optimizer);
    assert.equal(after.length, steps.length);
    for (const [step, gradients] of steps.entries()) {
      trainer.applyGradients(named(first, gradients), learningRate);
      const wanted = named(first, after[step] ?? []);
      const away = distance(wanted, trainer.readState().weights);
      assert.ok(away < 1e-6, `${away} apart after step ${step + 1}`);
    }
  });
}

for (const { name, schedule, initial, stepsPerEpoch = 4, rates } of truth.schedules) {
  Deno.test(`The learning rates of ${name} are Keras'`, () => {
    const parsed = trainSchema.shape.learningRateSchedule.parse(schedule);
    for (const [step, rate] of floatsOf(rates).entries()) {
      const found = learningRateAt(parsed, initial, step, Math.floor(step / stepsPerEpoch), 32);
      assert.ok(Math.abs(found - rate) <= 1e-6 * rate, `step ${step}: ${found}, not ${rate}`);
    }
  });
}
