/** Training that starts with a stored model: what it takes along, and what it refuses. */
import assert from "node:assert/strict";
import type { Json, JsonObject } from "../pipelines/stage.ts";
import train from "../stages/train.ts";
import { kernelBytes } from "./models_rig.ts";
import { checkStage, type MemoryArtifact, runStage, shapesOf, someImages } from "./stages_rig.ts";

const layers = (units: number): readonly Json[] => [
  { conv2d: { filters: 3, kernelSize: 2, activation: "relu" } },
  "batchNormalization",
  { dropout: 0.3 },
  "flatten",
  { dense: { units, activation: "softmax" } },
];
const PARAMS: JsonObject = {
  layers: layers(3),
  loss: "sparseCategoricalCrossentropy",
  optimizer: "adam",
  epochs: 1,
  batchSize: 4,
  shuffle: false,
};

const data = await someImages(11, [7, 6, 1]);
data.setAttributes({ ...data.attributes, scaling: { subtract: 0, divide: 255 } });

type Start = Readonly<Record<string, MemoryArtifact>>;

async function run(more: JsonObject = {}, start: Start = {}) {
  const { outputs } = await runStage(train, {
    with: { ...PARAMS, ...more },
    inputs: { train: [{ name: "", artifact: data }], ...start },
    kernel: kernelBytes,
    seed: 4,
  });
  const { model, history, optimizer } = outputs;
  assert.ok(model && history && optimizer);
  return { model, history, optimizer };
}

const contents = (artifact: MemoryArtifact) =>
  artifact.names.map((name) => [name, [...artifact.stored.get(name)?.values ?? []]] as const);

const complaints = (more: JsonObject, start: Start) => {
  const shapes = Object.entries(start).map(([name, artifact]) => [name, [shapesOf(artifact)]]);
  const inputs = { train: [shapesOf(data)], ...Object.fromEntries(shapes) };
  return (checkStage(train, { ...PARAMS, ...more }, inputs).issues ?? [])
    .map(({ input, message }) => `${input}: ${message}`);
};

Deno.test("with its optimizer's state a training goes on as if it had not ended", async () => {
  for (const optimizer of ["adam", "rmsprop", { type: "sgd", momentum: 0.9 }]) {
    const first = await run({ optimizer });
    const second = await run({ optimizer }, { from: first.model, optimizer: first.optimizer });
    const whole = await run({ optimizer, epochs: 2 });
    assert.deepEqual(contents(second.model), contents(whole.model));
    assert.deepEqual(contents(second.optimizer), contents(whole.optimizer));
    assert.deepEqual(second.optimizer.attributes, whole.optimizer.attributes);
    // Its own epochs are counted from one.
    assert.equal(second.history.attributes["steps"], 3);
  }
});

Deno.test("without it the weights alone come along, and any optimizer goes on with them", async () => {
  const first = await run();
  const second = await run({ optimizer: "rmsprop" }, { from: first.model });
  assert.deepEqual(second.optimizer.attributes, { type: "rmsprop", step: 3 });
  assert.notDeepEqual(contents(second.model), contents(first.model));
  const fresh = await run({ optimizer: "rmsprop" });
  assert.notDeepEqual(contents(second.model), contents(fresh.model));
  // A rate that moves nothing shows what it starts with: all but the moving statistics.
  const still = await run({ optimizer: { type: "sgd", learningRate: 1e-30 } }, {
    from: first.model,
  });
  const trained = ({ model }: typeof first) =>
    contents(model).filter(([name]) => !name.includes("moving"));
  assert.deepEqual(trained(still), trained(first));
  assert.deepEqual(still.optimizer.names, []);
});

Deno.test("the optimizer's state is that of the epoch whose weights are kept", async () => {
  const watched = { checkpoint: { monitor: "loss", mode: "max" } };
  const best = await run({ epochs: 3, ...watched });
  assert.equal(best.model.attributes["epoch"], 1);
  const first = await run();
  assert.deepEqual(contents(best.optimizer), contents(first.optimizer));
  assert.deepEqual(best.optimizer.attributes, { type: "adam", step: 3 });
});

Deno.test("check foretells the optimizer's tensors, and complains of what does not fit, at its input", async () => {
  const { model, optimizer } = await run();
  const { outputs } = checkStage(train, PARAMS, { train: [shapesOf(data)] });
  assert.deepEqual(shapesOf(optimizer).tensors, outputs?.["optimizer"]?.tensors);
  assert.deepEqual(complaints({}, { from: model, optimizer }), []);
  assert.deepEqual(complaints({ layers: layers(4) }, { from: model }), [
    'from: Cannot go on from this: it does not fit these layers: its "dense/kernel" is [90, 3], ' +
    "wanted [90, 4]",
  ]);
  const [, ...others] = layers(3);
  assert.deepEqual(complaints({ layers: others }, { from: model }), [
    'from: Cannot go on from this: it does not fit these layers: its "batch_normalization/gamma" ' +
    "is [3], wanted [1]",
  ]);
  const smaller = layers(3).filter((layer) => layer !== "batchNormalization");
  assert.deepEqual(complaints({ layers: smaller }, { from: model }), [
    "from: Cannot go on from this: it does not fit these layers: there is no place for its " +
    '"batch_normalization/gamma"',
  ]);
  assert.deepEqual(complaints({ optimizer: "rmsprop" }, { from: model, optimizer }), [
    "optimizer: Cannot go on from this: it does not fit this optimizer and these layers: there is " +
    'no place for its "conv2d/kernel/momentum"',
  ]);
  assert.deepEqual(complaints({}, { optimizer }), [
    'optimizer: Cannot go on with an optimizer\'s state alone: connect "from" to its model',
  ]);
});

Deno.test("what check could not know is refused when it is read", async () => {
  const { model, optimizer } = await run();
  const flat = ["flatten", { dense: { units: 3, activation: "softmax" } }];
  await assert.rejects(run({ layers: flat }, { from: model }), {
    message: 'Cannot go on from this model: its "dense/kernel" is [90, 3], wanted [42, 3]',
  });
  // Its slots have the same names as Adam's.
  const other = { type: "rmsprop", momentum: 0.5 };
  await assert.rejects(run({ optimizer: other }, { from: model, optimizer }), {
    message: 'Cannot go on with the optimizer\'s state: it is of "adam", wanted "rmsprop"',
  });
});
