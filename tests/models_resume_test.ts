/** A training that is broken off goes on from its checkpoints to the very same bits. */
import assert from "node:assert/strict";
import { inMemory } from "../models/examples.ts";
import { train, type Training } from "../models/loop.ts";
import { trainSchema } from "../models/schema.ts";
import { stale } from "../models/standing.ts";
import type { Examples, NamedTensor, TrainerState } from "../models/trainer.ts";
import {
  MemoryCheckpoints,
  scripted,
  settingsOf,
  someExamples,
  wasmTrainer,
} from "./models_rig.ts";
import { createTapeTrainer } from "../models/create.ts";

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
};

type More = Readonly<Record<string, unknown>>;

/** Trains a new trainer; what comes of it, and the steps that it took. */
async function run(more: More, training: Partial<Training> = {}) {
  const settings = trainSchema.parse({ ...NETWORK, epochs: 4, batchSize: 4, ...more });
  const { optimizer, backend } = settings;
  const network = { ...NETWORK, optimizer };
  const trainer = backend === "tape"
    ? await createTapeTrainer(settingsOf(network))
    : await wasmTrainer(network);
  const steps: number[] = [];
  let isStep = false;
  const step = trainer.step.bind(trainer);
  Object.defineProperty(trainer, "step", {
    value: (...given: Parameters<typeof step>) => {
      isStep = true;
      return step(...given);
    },
  });
  const trained = await train({
    trainer,
    passes: [inMemory(someExamples(10)), inMemory(someExamples(7))],
    validation: inMemory(someExamples(6)),
    settings,
    seed: 3,
    progress({ step }) {
      // An epoch's end is told of once more, with what validation gave.
      if (isStep) steps.push(step);
      isStep = false;
    },
    ...training,
  });
  const bits = (tensors: readonly NamedTensor[]) =>
    tensors.map(({ name, values }) => [name, ...new Uint32Array(values.slice().buffer)]);
  const plain = ({ weights, slots, step }: TrainerState) => ({
    weights: bits(weights),
    slots: bits(slots),
    step,
  });
  const last = plain(trainer.readState());
  return { result: { ...trained, state: plain(trained.state), last }, steps };
}

/** Breaks off at the n-th moment at which it may save; saves there only if `saves`. */
async function breakOff(more: More, checkpoints: MemoryCheckpoints, n: number, saves: boolean) {
  const controller = new AbortController();
  let moments = 0;
  const checkpointDue = () => {
    if (++moments !== n) return false;
    controller.abort(new Error("broken off"));
    return saves;
  };
  await assert.rejects(run(more, { checkpoints, checkpointDue, signal: controller.signal }), {
    message: "broken off",
  });
}

const WATCHED: More = {
  optimizer: "adam",
  checkpoint: { monitor: "accuracy" },
  reduceOnPlateau: { monitor: "accuracy", patience: 1, factor: 0.5 },
  earlyStopping: { monitor: "val_accuracy", patience: 3 },
  learningRateSchedule: { type: "cosine" },
};

for (
  const [what, more, moments] of [
    ["with all callbacks", WATCHED, 18],
    ["whose best epoch's weights are restored", {
      optimizer: { type: "sgd", momentum: 0.9, learningRate: 0.5 },
      earlyStopping: { monitor: "val_loss", patience: 9, restoreBest: true },
    }, 18],
    ["with a limit of steps amid an epoch", { steps: 9 }, 17],
    ["on the tape", { backend: "tape", epochs: 2 }, 9],
  ] as const
) {
  Deno.test(`A training ${what}, broken off at any moment, goes on to the same bits`, async () => {
    const whole = await run(more);
    if (more === WATCHED) {
      // The callbacks have had their say.
      assert.deepEqual([whole.result.epoch, whole.result.stoppedEarly], [3, true]);
      assert.ok((whole.result.history.learning_rate[2] ?? 1) < 2e-4);
    }
    for (let n = 1; n <= moments; n++) {
      for (const saves of more === WATCHED ? [true, false] : [true]) {
        const checkpoints = new MemoryCheckpoints();
        await breakOff(more, checkpoints, n, saves);
        const [furthest = 0] = (await checkpoints.list()).toReversed();
        const { result, steps } = await run(more, { checkpoints });
        assert.deepEqual(result, whole.result, `moment ${n}`);
        assert.deepEqual(steps, whole.steps.slice(furthest), `moment ${n}`);
      }
    }
    // There are as many moments as were tried.
    await assert.rejects(breakOff(more, new MemoryCheckpoints(), moments + 1, true), {
      code: "ERR_ASSERTION",
    });
  });
}

Deno.test("A training that is broken off again and again comes to its end", async () => {
  const whole = await run(WATCHED);
  const checkpoints = new MemoryCheckpoints();
  for (let turn = 0; turn < 11; turn++) await breakOff(WATCHED, checkpoints, 1, true);
  assert.deepEqual((await run(WATCHED, { checkpoints })).result, whole.result);
});

Deno.test("More epochs train the difference alone, fewer go on from the nearest checkpoint", async () => {
  const checkpoints = new MemoryCheckpoints();
  const more = (epochs: number) => ({ epochs, checkpoint: { monitor: "val_loss" } });
  const { steps } = await run(more(6), { checkpoints });
  // Passes of three and of two steps in turn.
  assert.equal(steps.length, 15);
  const raised = await run(more(8), { checkpoints });
  assert.deepEqual(raised.steps, [16, 17, 18, 19, 20]);
  assert.deepEqual(raised.result, (await run(more(8))).result);
  // The ends of every second epoch are kept.
  assert.deepEqual(await checkpoints.list(), [5, 10, 15, 20]);
  const lowered = await run(more(5), { checkpoints });
  assert.deepEqual(lowered.steps, [11, 12, 13]);
  assert.deepEqual(lowered.result, (await run(more(5))).result);
  assert.deepEqual(await checkpoints.list(), [5, 10, 13, 15, 20]);
  assert.deepEqual((await run(more(8), { checkpoints })).steps, []);
});

Deno.test("It says where it goes on from, before its first step", async () => {
  const checkpoints = new MemoryCheckpoints();
  const said: unknown[] = [];
  const training = { checkpoints, resumed: (from: unknown) => said.push(from) };
  await run({ epochs: 2 }, training);
  assert.deepEqual(said, []);
  await run({ epochs: 3 }, training);
  assert.deepEqual(said, [{ step: 5, steps: 8, epoch: 3, isOver: false }]);
  await run({ epochs: 3 }, training);
  assert.deepEqual(said[1], { step: 8, steps: 8, epoch: 4, isOver: true });
  const stops = { epochs: 9, earlyStopping: { monitor: "loss", minDelta: 9, patience: 1 } };
  const { resumed } = training;
  const stopped = { checkpoints: new MemoryCheckpoints(), resumed };
  await run(stops, stopped);
  await run({ ...stops, epochs: 10 }, stopped);
  assert.deepEqual(said[2], { step: 5, steps: 25, epoch: 3, isOver: true });
});

Deno.test("A training that ran away, broken off before, ends with the very same kept epoch", async () => {
  // The penalty makes weights hundreds of times larger with each step, until their squares are none.
  const optimizer = { type: "sgd", learningRate: 1e4 };
  const more = { epochs: 6, optimizer, checkpoint: { monitor: "loss" } };
  const whole = await run(more);
  const { ranAway, epoch } = whole.result;
  assert.ok(ranAway !== null && epoch === 1 && ranAway.epoch > 1, JSON.stringify(ranAway));
  const checkpoints = new MemoryCheckpoints();
  for (let turn = 0; turn < 4; turn++) await breakOff(more, checkpoints, 1, true);
  const { last: _, ...resumed } = (await run(more, { checkpoints })).result;
  const { last: __, ...wanted } = whole.result;
  assert.deepEqual(resumed, wanted);
});

Deno.test("A checkpoint that cannot be read, or does not fit, is passed over", async () => {
  const checkpoints = new MemoryCheckpoints();
  await run({ epochs: 3 }, { checkpoints });
  const places = await checkpoints.list();
  assert.deepEqual(places, [3, 5, 8]);
  checkpoints.kept.set(8, { place: Float64Array.of(1) });
  const read = checkpoints.read.bind(checkpoints);
  checkpoints.read = (at) => at === 5 ? Promise.resolve(null) : read(at);
  const { steps, result } = await run({ epochs: 3 }, { checkpoints });
  assert.deepEqual(steps, [4, 5, 6, 7, 8]);
  assert.deepEqual(result, (await run({ epochs: 3 })).result);
});

Deno.test("While it trains, the newest two are kept beside every k-th", async () => {
  const checkpoints = new MemoryCheckpoints();
  const seen: (readonly number[])[] = [];
  const passes: Examples[] = [someExamples(4)];
  const settings = trainSchema.parse({ ...NETWORK, epochs: 11, batchSize: 4 });
  const { trainer } = scripted(() => 1);
  const write = checkpoints.write.bind(checkpoints);
  checkpoints.write = async (at, checkpoint) => {
    seen.push(await checkpoints.list());
    await write(at, checkpoint);
  };
  await train({ trainer, passes: passes.map(inMemory), settings, seed: 1, checkpoints });
  assert.deepEqual(seen.slice(4), [
    [1, 2, 3, 4],
    [2, 4, 5],
    [2, 4, 5, 6],
    [2, 4, 6, 7],
    [2, 4, 6, 7, 8],
    [2, 4, 6, 8, 9],
    [4, 8, 9, 10],
  ]);
  assert.deepEqual(await checkpoints.list(), [4, 8, 11]);
});

Deno.test("Of many epochs four checkpoints are kept at most, and the last", () => {
  for (const epochs of [1, 4, 5, 20, 1000]) {
    const places = Array.from({ length: epochs }, (_, i) => 3 * (i + 1));
    const gone = stale(places, [3], []);
    const kept = places.filter((at) => !gone.includes(at));
    assert.equal(kept.at(-1), 3 * epochs);
    assert.ok(kept.length <= 5 && kept.length > Math.min(epochs, 4) / 2, kept.join());
  }
  assert.deepEqual(stale([3, 4, 5, 6, 8], [3, 2], []), [4, 6]);
});
