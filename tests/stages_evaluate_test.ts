/** Evaluate on small networks that the train stage has trained a little. */
import assert from "node:assert/strict";
import type { Json, JsonObject } from "../pipelines/stage.ts";
import evaluate from "../stages/evaluate.ts";
import preprocess from "../stages/preprocess.ts";
import shapes from "../stages/shapes.ts";
import train from "../stages/train.ts";
import { kernelBytes } from "./models_rig.ts";
import { assertSame, checkStage, MemoryArtifact, runStage, shapesOf } from "./stages_rig.ts";

const LAYERS: readonly Json[] = [
  { conv2d: { filters: 4, kernelSize: 3, activation: "relu", kernelRegularizer: { l2: 0.01 } } },
  { maxPooling2d: 2 },
  { dropout: 0.2 },
  "flatten",
];
const DENSE: Json = { dense: { units: 10, activation: "softmax", name: "head" } };

function outputOf(outputs: Record<string, MemoryArtifact>, name: string): MemoryArtifact {
  const artifact = outputs[name];
  assert.ok(artifact, name);
  return artifact;
}

async function someData(scaling: Json = 255) {
  const drawn = await runStage(shapes, { with: { train: 80, test: 45, size: 8 } });
  const inputs = { train: outputOf(drawn.outputs, "train"), test: outputOf(drawn.outputs, "test") };
  return (await runStage(preprocess, { with: { scaling }, inputs })).outputs;
}

const data = await someData();
const test = outputOf(data, "test");

/** Trains for two epochs and watches the test set as validation, so that its loss is known. */
async function trained(layers: readonly Json[], loss: Json) {
  const { outputs } = await runStage(train, {
    with: { layers: [...layers], loss, optimizer: "adam", epochs: 2, batchSize: 16 },
    inputs: { train: [{ name: "", artifact: outputOf(data, "train") }], validation: test },
    kernel: kernelBytes,
  });
  return { model: outputOf(outputs, "model"), history: outputOf(outputs, "history") };
}

const softmax = await trained([...LAYERS, DENSE], "categoricalCrossentropy");

async function run(model: MemoryArtifact, on = test, params: Json = {}, seed = 1) {
  const { outputs } = await runStage(evaluate, {
    with: params,
    inputs: { model, data: on },
    kernel: kernelBytes,
    seed,
  });
  return { metrics: outputOf(outputs, "metrics"), predictions: outputOf(outputs, "predictions") };
}

/** A copy whose attributes are changed. */
function withAttributes(artifact: MemoryArtifact, attributes: JsonObject): MemoryArtifact {
  const copy = new MemoryArtifact();
  for (const [name, tensor] of artifact.stored) copy.stored.set(name, tensor);
  copy.setAttributes({ ...artifact.attributes, ...attributes });
  return copy;
}

const figures = async (artifact: MemoryArtifact, name: string) => [
  ...await artifact.tensor(name, "float64").read(),
];

Deno.test("loss and accuracy are those that training saw on the same images", async () => {
  const { metrics } = await run(softmax.model);
  const [loss = NaN] = await figures(metrics, "loss");
  const seen = (await figures(softmax.history, "val_loss")).at(-1) ?? NaN;
  assert.ok(Math.abs(loss - seen) < 1e-6 * seen, `${loss}, training saw ${seen}`);
  const seenAccuracy = (await figures(softmax.history, "val_accuracy")).at(-1);
  assert.deepEqual(await figures(metrics, "accuracy"), [seenAccuracy]);
});

Deno.test("metrics follow from the predictions that are stored beside them", async () => {
  const { metrics, predictions } = await run(softmax.model);
  const labels = await test.tensor("labels", "uint8").read();
  const predicted = await predictions.tensor("predicted", "int32").read();
  const probabilities = await predictions.tensor("probabilities", "float32").read();
  const confusion = await metrics.tensor("confusion", "int32").read();
  const again = new Array<number>(100).fill(0);
  let hits = 0;
  labels.forEach((label, i) => {
    const row = [...probabilities.subarray(i * 10, i * 10 + 10)];
    assert.equal(row.indexOf(Math.max(...row)), predicted[i]);
    assert.ok(Math.abs(row.reduce((sum, p) => sum + p, 0) - 1) < 1e-6);
    const at = label * 10 + (predicted[i] ?? 0);
    again[at] = (again[at] ?? 0) + 1;
    if (predicted[i] === label) hits++;
  });
  assert.deepEqual([...confusion], again);
  const [accuracy = NaN] = await figures(metrics, "accuracy");
  const [low = NaN, high = NaN] = await figures(metrics, "accuracyInterval");
  assert.equal(accuracy, hits / 45);
  assert.ok(low <= accuracy && accuracy <= high && low < high, `${low} to ${high}`);
  const counts = await metrics.tensor("calibrationCount", "int32").read();
  assert.equal(counts.reduce((sum, n) => sum + n), 45);
  assert.deepEqual(metrics.attributes, { classes: test.attributes["classes"], examples: 45 });
});

Deno.test("predictions do not depend on the batches, and the interval on the seed alone", async () => {
  const one = await run(softmax.model), other = await run(softmax.model, test, { batchSize: 2 });
  for (const [name, dtype] of [["predicted", "int32"], ["probabilities", "float32"]] as const) {
    assertSame(
      await other.predictions.tensor(name, dtype).read(),
      await one.predictions.tensor(name, dtype).read(),
    );
  }
  const again = await run(softmax.model, test, {}, 2);
  for (const name of one.metrics.names.filter((name) => name !== "accuracyInterval")) {
    assert.deepEqual(again.metrics.stored.get(name), one.metrics.stored.get(name), name);
  }
  const interval = (metrics: MemoryArtifact) => figures(metrics, "accuracyInterval");
  assert.deepEqual(await interval(other.metrics), await interval(one.metrics));
  const drawn = new Set<string>();
  for (const seed of [1, 2, 3, 4]) {
    const { metrics } = await run(softmax.model, test, { resamples: 100 }, seed);
    drawn.add((await interval(metrics)).join());
  }
  assert.ok(drawn.size > 1, "other seeds, other draws");
});

Deno.test("a model that gives logits has the probabilities of its twin that ends in a softmax", async () => {
  const twin = await trained([...LAYERS, { dense: { units: 10, name: "head" } }], {
    type: "sparseCategoricalCrossentropy",
    fromLogits: true,
  });
  const { topology, loss } = twin.model.attributes;
  const logits = await run(
    withAttributes(softmax.model, { topology: topology ?? null, loss: loss ?? null }),
  );
  const own = await run(softmax.model);
  const found = await logits.predictions.tensor("probabilities", "float32").read();
  const wanted = await own.predictions.tensor("probabilities", "float32").read();
  wanted.forEach((p, i) =>
    assert.ok(Math.abs(p - (found[i] ?? NaN)) < 1e-6, `${p} and ${found[i]}`)
  );
  assert.deepEqual(
    await logits.predictions.tensor("predicted", "int32").read(),
    await own.predictions.tensor("predicted", "int32").read(),
  );
});

Deno.test("one sigmoid unit tells two classes apart", async () => {
  const halves = async (artifact: MemoryArtifact) => {
    const copy = withAttributes(artifact, { classes: ["low", "high"] });
    const labels = await artifact.tensor("labels", "uint8").read();
    await copy.write("labels", "uint8", [labels.length], labels.map((label) => label < 5 ? 0 : 1));
    return copy;
  };
  const [training, testing] = [await halves(outputOf(data, "train")), await halves(test)];
  const layers = [...LAYERS, { dense: { units: 1, activation: "sigmoid" } }];
  const { outputs } = await runStage(train, {
    with: { layers, loss: "binaryCrossentropy", optimizer: "adam", epochs: 1, batchSize: 16 },
    inputs: { train: [{ name: "", artifact: training }], validation: testing },
    kernel: kernelBytes,
  });
  const { metrics, predictions } = await run(outputOf(outputs, "model"), testing);
  assert.deepEqual(predictions.tensor("probabilities", "float32").shape, [45, 2]);
  assert.deepEqual(metrics.tensor("confusion", "int32").shape, [2, 2]);
  const history = outputOf(outputs, "history");
  assert.deepEqual(await figures(metrics, "accuracy"), await figures(history, "val_accuracy"));
});

Deno.test("data that is scaled in another way than the model learned is refused, with both", async () => {
  const other = outputOf(await someData({ subtract: 128, divide: 64 }), "test");
  await assert.rejects(run(softmax.model, other), {
    message: "Cannot evaluate: the model was trained with the scaling (byte - 0) / 255, " +
      "the data has (byte - 128) / 64",
  });
  const drawn = await runStage(shapes, { with: { train: 1, test: 2, size: 8 } });
  await assert.rejects(
    run(softmax.model, outputOf(drawn.outputs, "test")),
    /connect the output of preprocess, not the raw data$/,
  );
});

Deno.test("data of other classes or another size is refused, with both", async () => {
  await assert.rejects(run(softmax.model, withAttributes(test, { classes: ["a", "b"] })), {
    message:
      /^Cannot evaluate: the model was trained with the classes "disc", .*, the data has "a", "b"$/,
  });
  const small = new MemoryArtifact();
  await small.write("images", "uint8", [1, 4, 8, 1], new Uint8Array(32));
  await small.write("labels", "uint8", [1], new Uint8Array(1));
  small.setAttributes(test.attributes);
  await assert.rejects(run(softmax.model, small), {
    message:
      "Cannot evaluate: the model was trained with images of [8, 8, 1], the data has [4, 8, 1]",
  });
});

Deno.test("images that carry transforms are refused, before the run where that is known", async () => {
  const message =
    "Cannot evaluate on images that carry transforms: connect an output of preprocess";
  const carrying = withAttributes(test, {});
  await carrying.write("transforms", "float32", [45, 8], new Float32Array(45 * 8));
  const { issues } = checkStage(evaluate, {}, { model: [null], data: [shapesOf(carrying)] });
  assert.deepEqual(issues, [{ path: [], message }]);
  await assert.rejects(run(softmax.model, carrying), { message });
});

Deno.test("a model whose outputs are not finite is refused", async () => {
  const broken = withAttributes(softmax.model, {});
  await broken.write("head/bias", "float32", [10], new Float32Array(10).fill(NaN));
  await assert.rejects(run(broken), {
    message: "Cannot evaluate: the model's output for example 0 is NaN, wanted a finite number; " +
      "look at the model's training",
  });
});

Deno.test("a model with more outputs than there are classes is refused", async () => {
  // As train, which says it before its first step, would not store it.
  const layers = [...LAYERS, { dense: { units: 12, activation: "softmax" } }];
  const told = "tell 12 classes apart, the data has 10: ";
  await assert.rejects(
    trained(layers, "categoricalCrossentropy"),
    ({ message }: Error) =>
      message.startsWith(
        'Cannot train: layer "dense", the last, and the loss "categoricalCrossentropy" ' + told,
      ),
  );
  const topology = JSON.parse(JSON.stringify(softmax.model.attributes["topology"]));
  topology.layers.at(-1).units = 12;
  await assert.rejects(run(withAttributes(softmax.model, { topology })), {
    message: "Cannot evaluate: the model's last layer tells 12 classes apart, its data has 10",
  });
});

Deno.test("check foretells the shapes of the predictions as far as they are known", async () => {
  const { predictions } = await run(softmax.model);
  const { outputs, kernels = [] } = checkStage(evaluate, {}, {
    model: [shapesOf(softmax.model)],
    data: [shapesOf(test)],
  });
  const found = shapesOf(predictions).tensors;
  assert.deepEqual(outputs?.["predictions"]?.tensors, {
    predicted: found["predicted"],
    probabilities: { dtype: "float32", shape: [45, null] },
  });
  for (const family of ["conv", "dense", "loss"]) assert.ok(kernels.includes(family), family);
  assert.ok(checkStage(evaluate, {}, { model: [null], data: [null] }).kernels);
});
