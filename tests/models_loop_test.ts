/** The training loop: what it feeds to a trainer, what it keeps, and when it stops. */
import assert from "node:assert/strict";
import { inMemory } from "../models/examples.ts";
import { evaluateAll, type StepProgress, train, type Training } from "../models/loop.ts";
import { type TrainParams, trainSchema } from "../models/schema.ts";
import type { Examples, NamedTensor } from "../models/trainer.ts";
import {
  MemoryCheckpoints,
  type Network,
  scripted,
  someExamples,
  wasmTrainer,
} from "./models_rig.ts";

const NETWORK = {
  layers: [
    { conv2d: { filters: 3, kernelSize: 2, activation: "relu" } },
    { maxPooling2d: 2 },
    { dropout: 0.25 },
    "flatten",
    "batchNormalization",
    { dense: { units: 3, activation: "softmax", kernelRegularizer: { l2: 0.01 } } },
  ],
  loss: "categoricalCrossentropy",
} satisfies Network;

function settingsOf(more: Readonly<Record<string, unknown>>): TrainParams {
  return trainSchema.parse({ ...NETWORK, epochs: 2, batchSize: 4, ...more });
}

const examples = someExamples(10);

async function trainForReal(
  more: Readonly<Record<string, unknown>> = {},
  training: Partial<Training> = {},
  capacity = 4,
) {
  const settings = settingsOf(more);
  const { optimizer } = settings;
  const trainer = await wasmTrainer({ ...NETWORK, optimizer, batchSize: capacity });
  const trained = await train({
    trainer,
    passes: [inMemory(examples)],
    settings,
    seed: 3,
    ...training,
  });
  return { trainer, trained };
}

/** Loads nothing, sums nothing: only the order of the batches. */
async function orderOf(
  more: Readonly<Record<string, unknown>>,
  passes: readonly Examples[] = [examples],
  seed = 3,
) {
  const script = scripted(() => 1);
  await train({
    trainer: script.trainer,
    passes: passes.map(inMemory),
    settings: settingsOf(more),
    seed,
  });
  return script;
}

const bits = (weights: readonly NamedTensor[]) =>
  weights.map(({ name, values }) => [name, ...new Uint32Array(Float32Array.from(values).buffer)]);

Deno.test("Each epoch takes every example once, in an order of its own, and ends with a short batch", async () => {
  const { steps } = await orderOf({});
  assert.deepEqual(steps.map(({ indices }) => indices.length), [4, 4, 2, 4, 4, 2]);
  const first = steps.slice(0, 3).flatMap(({ indices }) => indices);
  const second = steps.slice(3).flatMap(({ indices }) => indices);
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  assert.deepEqual(first.toSorted((a, b) => a - b), all);
  assert.deepEqual(second.toSorted((a, b) => a - b), all);
  assert.notDeepEqual(first, all);
  assert.notDeepEqual(first, second);
});

Deno.test("The order of the examples follows from the seed alone", async () => {
  const one = await orderOf({ batchSize: 4 }), other = await orderOf({ batchSize: 3 });
  const flat = (script: typeof one) => script.steps.flatMap(({ indices }) => indices);
  assert.deepEqual(flat(one), flat(other));
  assert.notDeepEqual(flat(one), flat(await orderOf({}, [examples], 4)));
});

Deno.test("Without shuffling the examples come as they lie", async () => {
  const { steps } = await orderOf({ shuffle: false, epochs: 1 });
  assert.deepEqual(steps.map(({ indices }) => indices), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]);
});

Deno.test("Epoch e trains on pass e mod n, whatever the passes' sizes", async () => {
  const passes = [someExamples(8), someExamples(4), someExamples(5)];
  const { steps, examples: seen } = await orderOf({ epochs: 5 }, passes);
  assert.deepEqual(seen.map(({ labels }) => labels.length), [8, 8, 4, 5, 5, 8, 8, 4]);
  assert.equal(steps.length, 8);
});

Deno.test("A limit of steps ends the training amid an epoch, and the history tells of it", async () => {
  const script = scripted((step) => step);
  const settings = settingsOf({ epochs: 9, steps: 4 });
  const { trainer } = script;
  const trained = await train({ trainer, passes: [inMemory(examples)], settings, seed: 1 });
  assert.equal(trained.steps, 4);
  // Three steps of 4, 4 and 2 examples, and one more.
  assert.deepEqual(trained.history.loss, [(0 * 4 + 1 * 4 + 2 * 2) / 10, 3]);
});

Deno.test("Progress counts to the foreseen number of steps", async () => {
  const seen: StepProgress[] = [];
  await trainForReal({}, { progress: (one) => seen.push(one) });
  assert.deepEqual(seen.map(({ step, epoch }) => [step, epoch]), [
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 2],
    [5, 2],
    [6, 2],
  ]);
  assert.ok(seen.every(({ steps, epochs }) => steps === 6 && epochs === 2));
  assert.ok(seen.every(({ loss, accuracy }) => loss > 0 && accuracy >= 0 && accuracy <= 1));
});

Deno.test("Progress tells what the last validation came to, as soon as it is known", async () => {
  const seen: StepProgress[] = [];
  const { trained } = await trainForReal({}, {
    validation: inMemory(someExamples(2)),
    progress: (one) => seen.push(one),
  });
  const { val_loss } = trained.history;
  assert.deepEqual(seen.map(({ step, validation }) => [step, validation?.loss]), [
    [1, undefined],
    [2, undefined],
    [3, undefined],
    [3, val_loss[0]],
    [4, val_loss[0]],
    [5, val_loss[0]],
    [6, val_loss[0]],
    [6, val_loss[1]],
  ]);
});

Deno.test("The same settings give the same bits, alone or interleaved with another training", async () => {
  const { trained } = await trainForReal();
  const [one, other] = await Promise.all([trainForReal(), trainForReal({ batchSize: 3 })]);
  assert.deepEqual(bits(one.trained.state.weights), bits(trained.state.weights));
  assert.deepEqual(one.trained.history, trained.history);
  assert.notDeepEqual(bits(other.trained.state.weights), bits(trained.state.weights));
});

Deno.test("Room for larger batches than come changes no bit", async () => {
  const { trained } = await trainForReal(), { trained: roomy } = await trainForReal({}, {}, 37);
  assert.deepEqual(bits(roomy.state.weights), bits(trained.state.weights));
  assert.deepEqual(roomy.history, trained.history);
});

Deno.test("Looking at validation data changes no bit of the training", async () => {
  const { trained } = await trainForReal();
  const validation = inMemory(someExamples(7));
  const { trained: watched, trainer } = await trainForReal({}, { validation });
  assert.deepEqual(bits(watched.state.weights), bits(trained.state.weights));
  assert.deepEqual(watched.history.loss, trained.history.loss);
  // The last epoch's values are those of the weights that are kept.
  const { loss, accuracy } = await evaluateAll(trainer, validation, 4);
  assert.equal(watched.history.val_loss.at(-1), loss);
  assert.equal(watched.history.val_accuracy.at(-1), accuracy);
});

Deno.test("Evaluating in other batches gives the same accuracy, and the loss but for rounding", async () => {
  const { trainer } = await trainForReal();
  const one = await evaluateAll(trainer, inMemory(examples), 4),
    other = await evaluateAll(trainer, inMemory(examples), 1);
  assert.equal(one.accuracy, other.accuracy);
  assert.ok(Math.abs(one.loss - other.loss) < 1e-12);
});

Deno.test("Training goes on from a state to the bit", async () => {
  const batch = { examples, indices: Uint32Array.of(3, 1, 4, 5) };
  for (const optimizer of ["rmsprop", "adam", { type: "sgd", momentum: 0.9 }]) {
    const one = await wasmTrainer({ ...NETWORK, optimizer });
    one.step(batch, 0.01);
    const other = await wasmTrainer({ ...NETWORK, optimizer });
    other.writeState(one.readState());
    for (const trainer of [one, other]) trainer.step(batch, 0.01);
    assert.deepEqual(bits(one.readState().weights), bits(other.readState().weights));
    assert.deepEqual(bits(one.readState().slots), bits(other.readState().slots));
  }
});

Deno.test("Training learns: the loss falls and the classes are found", async () => {
  const bright: Examples = {
    ...examples,
    pixels: examples.pixels.map((byte, i) => (byte >> 2) + 95 * (Math.floor(i / 60) % 3)),
  };
  // Without normalisation, whose moving statistics need hundreds of steps.
  const layers = NETWORK.layers.filter((layer) => layer !== "batchNormalization");
  const optimizer = { type: "adam", learningRate: 0.02 };
  const settings = settingsOf({ layers, optimizer, epochs: 60 });
  const trainer = await wasmTrainer({ ...NETWORK, layers, optimizer });
  const trained = await train({ trainer, passes: [inMemory(bright)], settings, seed: 3 });
  const [first = NaN] = trained.history.loss;
  const { loss, accuracy } = await evaluateAll(trainer, inMemory(bright), 4);
  assert.ok(loss < 0.5 * first, `${first} to ${loss}`);
  assert.equal(accuracy, 1);
});

Deno.test("A checkpoint keeps the weights of the best epoch, and early stopping does not overrule it", async () => {
  const losses = [5, 3, 4, 2.9, 6, 7], validation = [3, 9, 1, 4, 5, 6];
  const script = () => scripted((s) => losses[s] ?? NaN, (s) => validation[s - 1] ?? NaN);
  const run = (more: Readonly<Record<string, unknown>>) =>
    train({
      trainer: script().trainer,
      passes: [inMemory(someExamples(4))],
      validation: inMemory(someExamples(2)),
      settings: settingsOf({ epochs: 6, ...more }),
      seed: 1,
    });
  const byValidation = await run({ checkpoint: {} });
  assert.deepEqual([byValidation.epoch, byValidation.state.weights[0]?.values[0]], [3, 3]);
  const byLoss = await run({ checkpoint: { monitor: "loss" } });
  assert.deepEqual([byLoss.epoch, byLoss.history.loss.length], [4, 6]);
  const both = await run({
    checkpoint: { monitor: "loss" },
    earlyStopping: { patience: 1, restoreBest: true },
  });
  // Validation stops it after the second epoch, whose training loss was the best so far.
  assert.deepEqual([both.epoch, both.history.loss.length, both.stoppedEarly], [2, 2, true]);
});

Deno.test("Without a callback the last weights are kept", async () => {
  const { trained } = await trainForReal({ epochs: 3 });
  assert.equal(trained.epoch, 3);
  assert.equal(trained.stoppedEarly, false);
});

Deno.test("A schedule decides each step's rate, and the history holds the last of each epoch", async () => {
  const schedule = { type: "exponential", decaySteps: 3, decayRate: 0.5, staircase: true };
  const optimizer = { type: "sgd", learningRate: 0.5 };
  const more = { optimizer, learningRateSchedule: schedule };
  const { steps } = await orderOf(more);
  assert.deepEqual(steps.map(({ rate }) => rate), [0.5, 0.5, 0.5, 0.25, 0.25, 0.25]);
  const { trained } = await trainForReal(more);
  assert.deepEqual(trained.history.learning_rate, [0.5, 0.25]);
  const cosine = await orderOf({ optimizer, learningRateSchedule: { type: "cosine" } });
  assert.equal(cosine.steps[0]?.rate, 0.5);
  assert.equal(cosine.steps[3]?.rate, 0.25);
});

Deno.test("A reduction on a plateau lowers a schedule's rates as well, and not below the least", async () => {
  const script = scripted(() => 1);
  await train({
    trainer: script.trainer,
    passes: [inMemory(someExamples(4))],
    settings: settingsOf({
      epochs: 5,
      optimizer: { type: "sgd", learningRate: 1 },
      learningRateSchedule: { type: "step", every: 1, factor: 0.5 },
      reduceOnPlateau: { monitor: "loss", patience: 1, factor: 0.25, minLearningRate: 0.1 },
    }),
    seed: 1,
  });
  // The schedule itself goes below 0.1 in the end.
  assert.deepEqual(
    script.steps.map(({ rate }) => rate),
    [1, 0.5, 0.1, 0.1, 0.0625].map(Math.fround),
  );
});

Deno.test("The first loss that is not finite stops the training with step and learning rate", async () => {
  const optimizer = { type: "sgd", learningRate: 1e30 };
  await assert.rejects(trainForReal({ optimizer, epochs: 30 }), {
    message:
      /^Cannot go on training: the loss is (NaN|Infinity) at step \d+ \(epoch \d+\) with learning rate 1e\+30; try a lower/,
  });
  const script = scripted((step) => step === 7 ? NaN : 1);
  const settings = settingsOf({ epochs: 5 });
  await assert.rejects(
    train({ trainer: script.trainer, passes: [inMemory(examples)], settings, seed: 1 }),
    {
      message:
        "Cannot go on training: the loss is NaN at step 8 (epoch 3) with learning rate 0.001; " +
        "try a lower learning rate, and look at the data",
    },
  );
  assert.equal(script.steps.length, 8);
});

Deno.test("A last step that spoils weights, or a validation loss that is no number, is no training", async () => {
  const script = scripted(() => 1);
  const state = script.trainer.readState;
  const infinite = [{ name: "dense/kernel", shape: [2], values: Float32Array.of(1, Infinity) }];
  const run = (more: Partial<typeof script.trainer>, validation?: Examples) =>
    train({
      trainer: { ...scripted(() => 1, () => NaN).trainer, ...more },
      passes: [inMemory(examples)],
      validation: validation && inMemory(validation),
      settings: settingsOf({ epochs: 1 }),
      seed: 1,
    });
  const end = "after step 3 (epoch 1) with learning rate 0.001; try a lower learning rate, " +
    "and look at the data";
  await assert.rejects(run({ readState: () => ({ ...state(), weights: infinite }) }), {
    message: `Cannot go on training: the weight "dense/kernel" holds Infinity ${end}`,
  });
  await assert.rejects(run({ readState: () => ({ ...state(), slots: infinite }) }), {
    message: `Cannot go on training: the optimizer's "dense/kernel" holds Infinity ${end}`,
  });
  await assert.rejects(run({}, examples), {
    message: `Cannot go on training: the validation loss is NaN ${end}`,
  });
  // With real kernels: the step's own loss is finite, what it makes of the weights is not.
  const layers = ["flatten", { dense: { units: 3, activation: "softmax" } }];
  const optimizer = { type: "sgd", learningRate: 3e38 };
  const bright = { ...examples, table: Float32Array.from({ length: 256 }, (_, i) => i) };
  const settings = settingsOf({ layers, optimizer, steps: 1 });
  const trainer = await wasmTrainer({ ...NETWORK, layers, optimizer });
  await assert.rejects(
    train({ trainer, passes: [inMemory(bright)], settings, seed: 1 }),
    /the weight "dense\/kernel" holds -?Infinity after step 1 /,
  );
});

Deno.test("A training that runs away after an epoch that a callback keeps ends with that epoch", async () => {
  // Epochs of three steps: the first is the best, the loss of the tenth step is no number.
  const losses = (step: number) => step === 9 ? NaN : 1 + step;
  const run = (more: Readonly<Record<string, unknown>>, checkpoints?: MemoryCheckpoints) => {
    const script = scripted(losses, (steps) => steps);
    const settings = settingsOf({ epochs: 8, ...more });
    const passes = [inMemory(examples)];
    return train({
      trainer: script.trainer,
      passes,
      validation: inMemory(someExamples(4)),
      settings,
      seed: 1,
      ...checkpoints && { checkpoints },
    });
  };
  for (
    const more of [
      { checkpoint: { monitor: "loss" } },
      { earlyStopping: { monitor: "val_loss", restoreBest: true, patience: 5 } },
    ]
  ) {
    const checkpoints = new MemoryCheckpoints();
    const trained = await run(more, checkpoints);
    assert.deepEqual([trained.epoch, trained.state.step], [1, 3]);
    assert.equal(trained.history.loss.length, 3, "of all epochs that are whole");
    assert.equal(trained.history.val_loss.length, 3);
    assert.equal(trained.stoppedEarly, false);
    const { ranAway } = trained;
    assert.ok(ranAway !== null);
    assert.deepEqual([ranAway.what, ranAway.step, ranAway.epoch], ["the loss is NaN at", 10, 4]);
    assert.equal(ranAway.learningRate, Math.fround(0.001));
    assert.deepEqual(await checkpoints.list(), [3, 6, 9], "it can be gone on from");
  }
  // Nothing is kept: as good as no training.
  await assert.rejects(run({ earlyStopping: { monitor: "loss", patience: 5 } }), {
    message: /^Cannot go on training: the loss is NaN at step 10 \(epoch 4\)/,
  });
  await assert.rejects(run({}), { name: "RunAwayError" });
});

Deno.test("A callback that watches validation says so where there is none", async () => {
  await assert.rejects(trainForReal({ earlyStopping: {} }), {
    message: 'Cannot monitor "val_loss": there is no validation data; connect "validation"',
  });
});

Deno.test("An aborted training ends after the step that it is in", async () => {
  const controller = new AbortController();
  let steps = 0;
  const progress = ({ step }: StepProgress) => {
    steps = step;
    if (step === 2) controller.abort(new Error("enough"));
  };
  const { signal } = controller;
  await assert.rejects(trainForReal({ epochs: 50 }, { signal, progress }), { message: "enough" });
  assert.equal(steps, 2);
});
