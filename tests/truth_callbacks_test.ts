/** Early stopping, best weights and reduction on a plateau, epoch by epoch, against Keras 3's callbacks. */
import assert from "node:assert/strict";
import { inMemory } from "../models/examples.ts";
import { train } from "../models/loop.ts";
import { trainSchema } from "../models/schema.ts";
import { scripted, someExamples } from "./models_rig.ts";
import { readTruth } from "./truth_rig.ts";

interface Course {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly losses: readonly number[];
}

interface Truth {
  readonly stopping: readonly (Course & {
    readonly epochs: number;
    readonly kept: number;
    readonly stopped: boolean;
  })[];
  readonly plateaus: readonly (Course & { readonly rates: readonly number[] })[];
}

const truth = await readTruth<Truth>("callbacks");

/** Trains with one step an epoch, whose losses are given. */
function run(losses: readonly number[], callbacks: Readonly<Record<string, unknown>>) {
  const settings = trainSchema.parse({
    layers: ["flatten", { dense: 3 }],
    loss: "categoricalCrossentropy",
    optimizer: { type: "sgd", learningRate: 0.5 },
    epochs: losses.length,
    ...callbacks,
  });
  const { trainer } = scripted((step) => losses[step] ?? NaN);
  return train({ trainer, passes: [inMemory(someExamples(4))], settings, seed: 1 });
}

for (const settings of unique(truth.stopping)) {
  Deno.test(`Training stops early where Keras does, with its weights: ${settings}`, async () => {
    for (const course of truth.stopping) {
      if (JSON.stringify(course.settings) !== settings) continue;
      const earlyStopping = { monitor: "loss", ...course.settings };
      const trained = await run(course.losses, { earlyStopping });
      assert.equal(trained.history.loss.length, course.epochs);
      assert.equal(trained.stoppedEarly, course.stopped);
      assert.equal(trained.epoch, course.kept);
      assert.deepEqual(trained.state.weights[0]?.values, Float32Array.of(course.kept));
    }
  });
}

for (const settings of unique(truth.plateaus)) {
  Deno.test(`The rate falls on a plateau where it does in Keras: ${settings}`, async () => {
    for (const course of truth.plateaus) {
      if (JSON.stringify(course.settings) !== settings) continue;
      const reduceOnPlateau = { monitor: "loss", ...course.settings };
      const { history } = await run(course.losses, { reduceOnPlateau });
      assert.deepEqual(history.learning_rate, course.rates);
    }
  });
}

function unique(courses: readonly Course[]): Set<string> {
  return new Set(courses.map(({ settings }) => JSON.stringify(settings)));
}
