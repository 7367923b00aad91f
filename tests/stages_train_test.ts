/** The train stage: what it foretells, what it stores, and what it refuses. */
import assert from "node:assert/strict";
import type { Json, JsonObject } from "../pipelines/stage.ts";
import augment from "../stages/augment.ts";
import train from "../stages/train.ts";
import { kernelBytes } from "./models_rig.ts";
import {
  assertSame,
  checkStage,
  type MemoryArtifact,
  runStage,
  shapesOf,
  someImages,
} from "./stages_rig.ts";

const scaling = { subtract: 0, divide: 255 };
const LAYERS: readonly Json[] = [
  { conv2d: { filters: 3, kernelSize: 2, activation: "relu" } },
  "batchNormalization",
  { maxPooling2d: 2 },
  { dropout: 0.3 },
  "flatten",
  { dense: { units: 3, activation: "softmax" } },
];
const PARAMS: JsonObject = {
  layers: LAYERS,
  loss: "sparseCategoricalCrossentropy",
  epochs: 2,
  batchSize: 4,
};

/** Images with what preprocess adds. */
async function preprocessed(count: number, size: readonly [number, number, number] = [7, 6, 1]) {
  const data = await someImages(count, size);
  data.setAttributes({ ...data.attributes, scaling });
  return data;
}

async function run(
  passes: readonly MemoryArtifact[],
  more: JsonObject = {},
  validation?: MemoryArtifact,
) {
  const { outputs, logs } = await runStage(train, {
    with: { ...PARAMS, ...more },
    inputs: {
      train: passes.map((artifact) => ({ name: "", artifact })),
      ...(validation === undefined ? {} : { validation }),
    },
    kernel: kernelBytes,
    seed: 4,
  });
  const { model, history } = outputs;
  assert.ok(model && history);
  return { model, history, logs };
}

/** All values of an artifact, tensor by tensor. */
const contents = (artifact: MemoryArtifact) =>
  artifact.names.map((name) => [name, [...artifact.stored.get(name)?.values ?? []]] as const);

const check = (more: JsonObject, ...shapes: readonly (readonly number[])[]) =>
  checkStage(train, { ...PARAMS, ...more }, {
    train: shapes.map((shape) => ({
      tensors: { images: { dtype: "uint8", shape }, labels: { dtype: "uint8", shape: [9] } },
    })),
  });

/** The issues of a check, as "path: message". */
const complaints = (more: JsonObject, ...shapes: readonly (readonly number[])[]) =>
  (check(more, ...shapes).issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);

const data = await preprocessed(11);

Deno.test("the weights have the names and shapes that check foretells", async () => {
  const { model } = await run([data]);
  const { outputs } = check({}, [11, 7, 6, 1]);
  assert.deepEqual(shapesOf(model).tensors, outputs?.["model"]?.tensors);
  assert.deepEqual(model.names, [
    "batch_normalization/beta",
    "batch_normalization/gamma",
    "batch_normalization/moving_mean",
    "batch_normalization/moving_variance",
    "conv2d/bias",
    "conv2d/kernel",
    "dense/bias",
    "dense/kernel",
  ]);
});

Deno.test("the history has one value an epoch, and the validation's only where there is validation", async () => {
  const { history } = await run([data], { epochs: 3 });
  assert.deepEqual(history.names, ["accuracy", "learning_rate", "loss"]);
  for (const name of history.names) {
    assert.deepEqual(history.tensor(name, "float64").shape, [3], name);
  }
  const { epochs, steps, batchSize, stoppedEarly, keptEpoch } = history.attributes;
  assert.deepEqual([epochs, steps, batchSize, stoppedEarly, keptEpoch], [3, 9, 4, false, 3]);
  const watched = await run([data], {}, await preprocessed(5));
  assert.deepEqual(watched.history.names, [
    "accuracy",
    "learning_rate",
    "loss",
    "val_accuracy",
    "val_loss",
  ]);
  assert.deepEqual(contents((await run([data])).model), contents(watched.model));
});

Deno.test("training on stored transforms gives the bits of training on stored images", async () => {
  const ranges = { rotation: 20, widthShift: 0.2, horizontalFlip: true, fill: "reflect" };
  const pass = async (more: JsonObject) => {
    const { outputs } = await runStage(augment, { with: { ...ranges, ...more }, inputs: { data } });
    return outputs["images"] ?? assert.fail("no images");
  };
  const drawn = await run([await pass({})]);
  const applied = await run([await pass({ materialize: false })]);
  assert.deepEqual(contents(applied.model), contents(drawn.model));
  assert.deepEqual(contents(applied.history), contents(drawn.history));
  assert.notDeepEqual(contents((await run([data])).model), contents(drawn.model));
});

Deno.test("each epoch takes its own pass", async () => {
  const other = await preprocessed(11);
  other.stored.get("images")?.values.fill(9);
  const [one, both] = [await run([data], { epochs: 2 }), await run([data, other], { epochs: 2 })];
  const lossOf = async ({ history }: typeof one) => [
    ...await history.tensor("loss", "float64").read(),
  ];
  const [first, second] = [await lossOf(one), await lossOf(both)];
  assert.equal(first[0], second[0]);
  assert.notEqual(first[1], second[1]);
});

Deno.test("the tape comes to the same weights but for rounding, under a numerics class of its own", async () => {
  const compiled = await run([data]), tape = await run([data], { backend: "tape" });
  for (const [name, values] of contents(compiled.model)) {
    const others = tape.model.stored.get(name)?.values ?? [];
    values.forEach((value, i) =>
      assert.ok(Math.abs(Number(value) - Number(others[i])) < 1e-4, `${name} ${i}`)
    );
  }
  const shape = [11, 7, 6, 1];
  assert.equal(check({}, shape).numerics, "wasm");
  assert.notEqual(check({ backend: "tape" }, shape).numerics, "wasm");
  assert.deepEqual(check({ backend: "tape" }, shape).kernels, []);
});

Deno.test("check names the kernels that a network uses and no others", () => {
  const loss = { type: "categoricalCrossentropy", fromLogits: true };
  const dense = { layers: ["flatten", { dense: 3 }], loss };
  assert.deepEqual(check(dense, [11, 7, 6, 1]).kernels, ["data", "dense", "loss", "optimizer"]);
  const more = check({}, [11, 7, 6, 1]).kernels ?? [];
  for (const family of ["conv", "norm", "pool", "dropout", "activation"]) {
    assert.ok(more.includes(family), family);
  }
});

Deno.test("the summary is logged as Keras prints it", async () => {
  const { logs } = await run([data]);
  const lines = logs[0]?.split("\n") ?? [];
  assert.equal(lines[0], 'Model: "sequential"');
  assert.ok(lines.includes(" Total params: 84 (336.00 B)"));
});

Deno.test("a layer or loss that does not fit the images is complained of at its place", () => {
  assert.deepEqual(complaints({ layers: [{ dense: 3 }] }, [9, 7, 6, 1]), [
    'layers.0: Layer "dense" (dense) does not fit: an input of rank 1 is wanted, found [7, 6, 1]; ' +
    "put flatten before it",
  ]);
  assert.deepEqual(complaints({ loss: "binaryCrossentropy" }, [9, 7, 6, 1]), [
    'layers.5: Layer "dense" is the last, with 3 units: the loss "binaryCrossentropy" wants 1',
  ]);
  assert.deepEqual(complaints({}, [9, 7, 6, 1], [9, 7, 5, 1]), [
    ": Cannot use images of [7,5,1] together with images of [7,6,1]",
  ]);
});

Deno.test("a callback that watches validation wants validation connected", () => {
  assert.deepEqual(complaints({ earlyStopping: {} }, [9, 7, 6, 1]), [
    'earlyStopping.monitor: Cannot monitor "val_loss": the input "validation" is not connected',
  ]);
});

Deno.test("a network that no memory holds is refused before it runs", () => {
  const layers = ["flatten", { dense: 16_000_000 }, ...LAYERS.slice(-1)];
  const [complaint] = complaints({ layers }, [9, 700, 600, 3]);
  assert.match(complaint ?? "", /^batchSize: Cannot hold this network with batches of 4: .*4 GiB/);
  assert.deepEqual(complaints({ batchSize: 65536 }, [9, 7, 6, 1]), []);
  assert.equal(complaints({ batchSize: 65536 }, [9, 300, 300, 3]).length, 1);
});

Deno.test("labels that the last layer has no place for are refused with their example", async () => {
  const labels = data.stored.get("labels")?.values.slice() ?? assert.fail("no labels");
  const spoilt = await preprocessed(11);
  labels[7] = 3;
  spoilt.stored.get("labels")?.values.set(labels);
  await assert.rejects(run([spoilt]), {
    message:
      "Cannot use the training data: label 3 of example 7 is out of range, the model's last " +
      "layer and its loss leave room for 0 to 2",
  });
});

Deno.test("images whose bytes have no meaning, or two, are refused", async () => {
  await assert.rejects(run([await someImages(5, [7, 6, 1])]), /connect the output of preprocess/);
  const other = await preprocessed(11);
  other.setAttributes({ ...other.attributes, scaling: { subtract: 1, divide: 255 } });
  await assert.rejects(run([data, other]), {
    message:
      "Cannot train: pass 1 of the training data is scaled in another way than the first pass",
  });
  const watched = await preprocessed(5);
  watched.setAttributes({ ...watched.attributes, scaling: { subtract: 1, divide: 255 } });
  await assert.rejects(run([data], {}, watched), {
    message: "Cannot train: the validation data is scaled in another way than the first pass",
  });
});

Deno.test("a last layer for other classes than the data has is told before the first step", async () => {
  const layers = (units: number, activation: string) => [
    ...LAYERS.slice(0, -1),
    { dense: { units, activation } },
  ];
  for (const loss of ["sparseCategoricalCrossentropy", "categoricalCrossentropy"]) {
    await assert.rejects(run([data], { loss, layers: layers(4, "softmax") }), {
      message: `Cannot train: layer "dense", the last, and the loss "${loss}" tell 4 classes ` +
        'apart, the data has 3: "a", "b", "c"',
    });
  }
  const binary = { loss: "binaryCrossentropy", layers: layers(1, "sigmoid") };
  await assert.rejects(run([data], binary), /tell 2 classes apart, the data has 3: "a", "b", "c"$/);
});

Deno.test("data of other classes than the first pass is refused, though its labels would do", async () => {
  const other = await preprocessed(11);
  other.setAttributes({ ...other.attributes, classes: ["a", "c", "b"] });
  const told = ' has the classes "a", "c", "b", the first pass "a", "b", "c"';
  await assert.rejects(run([data], {}, other), {
    message: `Cannot train: the validation data${told}`,
  });
  await assert.rejects(run([data, other]), {
    message: `Cannot train: pass 1 of the training data${told}`,
  });
});

Deno.test("a layer whose weights no artifact can hold under its name is refused in the plan, at the layer", async () => {
  const named = (...names: readonly string[]) => [
    "flatten",
    ...names.map((name) => ({ dense: { units: 3, name } })),
    ...LAYERS.slice(-1),
  ];
  const told = (...names: readonly string[]) =>
    complaints({ layers: named(...names) }, [9, 7, 6, 1]);
  const name = (path: string, why: string) => `A tensor cannot have the name "${path}": ${why}`;
  const beside = "a file of this name lies beside the tensors";
  for (const taken of ["zarr.json", "object.json", "Zarr.JSON", "Object.json"]) {
    assert.deepEqual(told(taken), [
      `layers.1: Layer "${taken}": ${name(`${taken}/kernel/momentum`, beside)}`,
    ]);
  }
  assert.deepEqual(told("__x"), [
    `layers.1: Layer "__x": ${name("__x/kernel/momentum", 'what begins with "__" is Zarr\'s')}`,
  ]);
  const long = "n".repeat(195);
  assert.match(told(long)[0] ?? "", /^layers\.1: .*: it has 211 letters, wanted at most 200$/);
  assert.deepEqual(told("fc", "FC"), [
    'layers.2: Layers "FC" and "fc" differ only in case, which not every file system keeps',
  ]);
  assert.deepEqual(told("Dense"), [
    'layers.2: Layers "dense" and "Dense" differ only in case, which not every file system keeps',
  ]);
  assert.deepEqual(told("c", "aux", "zarr", "_x", "n".repeat(184)), []);
  // Where the plan did not know the images: before the first step.
  await assert.rejects(run([data], { layers: named("zarr.json") }), /^Error: Layer "zarr\.json": /);
});

Deno.test("layers may be called as what JavaScript's maps inherit", async () => {
  const names = ["constructor", "toString", "hasOwnProperty"];
  const layers = (named: readonly string[]) => [
    { conv2d: { filters: 2, kernelSize: 2, name: named[0] ?? "" } },
    { batchNormalization: { name: named[1] ?? "" } },
    "flatten",
    { dense: { units: 3, activation: "softmax", name: named[2] ?? "" } },
  ];
  const odd = await run([data], { layers: layers(names) });
  const plain = await run([data], { layers: layers(["one", "other", "third"]) });
  assert.deepEqual(contents(odd.history), contents(plain.history));
  assert.ok(odd.model.names.includes("constructor/kernel"));
});

Deno.test("the same seed gives the same model, and another another", async () => {
  const [one, other] = [await run([data]), await run([data])];
  assert.deepEqual(contents(one.model), contents(other.model));
  const { outputs } = await runStage(train, {
    with: PARAMS,
    inputs: { train: [{ name: "", artifact: data }] },
    kernel: kernelBytes,
    seed: 5,
  });
  const kernel = (artifact?: MemoryArtifact) => artifact?.stored.get("conv2d/kernel")?.values ?? [];
  assert.throws(() => assertSame(kernel(outputs["model"]), kernel(one.model)));
});

Deno.test("a training that runs away stores the kept epoch, and says in log and history where it did", async () => {
  const outputLayer = {
    dense: { units: 3, activation: "softmax", kernelRegularizer: { l2: 0.01 } },
  };
  const more = {
    layers: [...LAYERS.slice(0, -1), outputLayer],
    optimizer: { type: "sgd", learningRate: 1e4 },
    checkpoint: { monitor: "loss" },
    epochs: 9,
  };
  const { checkpoint: _, ...withoutKeeping } = more;
  const { model, history, logs } = await run([data], more);
  const { ranAway, keptEpoch, epochs } = history.attributes;
  assert.ok(isMap(ranAway) && typeof ranAway["epoch"] === "number");
  assert.equal(ranAway["learningRate"], 1e4);
  assert.deepEqual([keptEpoch, model.attributes["epoch"]], [1, 1]);
  assert.deepEqual(history.tensor("loss", "float64").shape, [ranAway["epoch"] - 1]);
  assert.equal(epochs, ranAway["epoch"] - 1);
  for (const [name, values] of contents(model)) assert.ok(values.every(Number.isFinite), name);
  const said =
    /^Ran away: .* step \d+ \(epoch \d+\) with learning rate 10000; what is kept is epoch 1,/;
  assert.ok(logs.some((line) => said.test(line)), logs.join("\n"));
  await assert.rejects(run([data], withoutKeeping), /^RunAwayError: Cannot go on/);
});

function isMap(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
