/** What a config may say of a model: short forms, defaults, and messages for what it may not. */
import assert from "node:assert/strict";
import { buildModel, readModel } from "../models/build.ts";
import { describeModel } from "../models/describe.ts";
import { layersOf, resolve } from "../models/layers.ts";
import { lossIssue } from "../models/losses.ts";
import { layerSchema, lossSchema, placeOf, trainSchema } from "../models/schema.ts";
import { paramIssues } from "../pipelines/host/issues.ts";
import { settingsOf } from "./models_rig.ts";

const build = (layers: readonly unknown[], inputShape: readonly number[] = [8, 8, 1]) =>
  buildModel(layers.map((layer) => layerSchema.parse(layer)), inputShape);

/** The complaints about params, as "path: message". */
function complaints(more: Readonly<Record<string, unknown>>): string[] {
  const params = { layers: ["flatten"], loss: "categoricalCrossentropy", epochs: 1, ...more };
  const { error } = trainSchema.safeParse(params);
  return paramIssues(error?.issues ?? [], params)
    .map(({ path, message }) => `${path.join(".")}: ${message}`);
}

const complaintsOf = (layer: unknown) => complaints({ layers: [layer] });

Deno.test("Short forms mean the long ones with Keras' defaults", () => {
  const short = [
    "flatten",
    "batchNormalization",
    { dense: 10 },
    { dropout: 0.5 },
    {
      activation: "relu",
    },
    { maxPooling2d: 2 },
    { averagePooling2d: [2, 3] },
  ];
  const long = [
    { flatten: {} },
    { batchNormalization: { momentum: 0.99, epsilon: 0.001, center: true, scale: true } },
    {
      dense: {
        units: 10,
        activation: "linear",
        useBias: true,
        kernelInitializer: "glorotUniform",
        biasInitializer: "zeros",
        kernelRegularizer: null,
      },
    },
    { dropout: { rate: 0.5 } },
    { activation: { activation: "relu" } },
    { maxPooling2d: { poolSize: [2, 2], strides: [2, 2], padding: "valid" } },
    { averagePooling2d: { poolSize: [2, 3], strides: [2, 3], padding: "valid" } },
  ];
  const parsed = short.map((layer) => layerSchema.parse(layer));
  assert.deepEqual(parsed, long);
  // What was parsed is valid input again and stays as it is: so a fingerprint may hold it.
  assert.deepEqual(parsed.map((layer) => layerSchema.parse(layer)), long);
});

Deno.test("Sizes may be one number or two, and a convolution has Keras' defaults", () => {
  assert.deepEqual(layerSchema.parse({ conv2d: { filters: 4, kernelSize: [3, 2] } }), {
    conv2d: {
      filters: 4,
      kernelSize: [3, 2],
      strides: [1, 1],
      padding: "valid",
      activation: "linear",
      useBias: true,
      kernelInitializer: "glorotUniform",
      biasInitializer: "zeros",
      kernelRegularizer: null,
    },
  });
});

Deno.test("Optimizers, losses and schedules have Keras' defaults", () => {
  const of = (more: Readonly<Record<string, unknown>>) =>
    trainSchema.parse({ layers: ["flatten"], loss: "binaryCrossentropy", epochs: 1, ...more });
  assert.deepEqual(of({}).optimizer, {
    type: "rmsprop",
    learningRate: 0.001,
    rho: 0.9,
    momentum: 0,
    epsilon: 1e-7,
  });
  assert.deepEqual(of({ optimizer: "adam" }).optimizer, {
    type: "adam",
    learningRate: 0.001,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
  });
  assert.deepEqual(of({ optimizer: { type: "sgd" } }).optimizer, {
    type: "sgd",
    learningRate: 0.01,
    momentum: 0,
    nesterov: false,
  });
  const { loss, batchSize, shuffle, learningRateSchedule } = of({});
  assert.deepEqual(loss, { type: "binaryCrossentropy", fromLogits: false });
  assert.deepEqual([batchSize, shuffle, learningRateSchedule], [32, true, { type: "constant" }]);
});

Deno.test("Layers are named as Keras names them, unless they have a name", () => {
  const { layers } = build([
    { conv2d: { filters: 1, kernelSize: 1 } },
    { conv2d: { filters: 1, kernelSize: 1, name: "second" } },
    { conv2d: { filters: 1, kernelSize: 1 } },
    { maxPooling2d: 1 },
    "flatten",
    { dense: 2 },
  ]);
  assert.deepEqual(layers.map(({ name }) => name), [
    "conv2d",
    "second",
    "conv2d_1",
    "max_pooling2d",
    "flatten",
    "dense",
  ]);
});

Deno.test("An unknown layer or setting is complained of under its own name", () => {
  assert.deepEqual(complaintsOf({ conv2D: { filters: 3 } }), [
    'layers.0.conv2D: Unknown key "conv2D"',
  ]);
  assert.deepEqual(complaintsOf({ conv2d: { filter: 3, kernelSize: 2 } }), [
    'layers.0.conv2d.filters: "filters" is missing: wanted a number',
    'layers.0.conv2d.filter: Unknown key "filter"',
  ]);
  assert.deepEqual(complaintsOf({ maxPooling2d: { poolsize: 2 } }), [
    'layers.0.maxPooling2d.poolsize: Unknown key "poolsize"',
  ]);
});

Deno.test("A misspelt word comes with all those that may stand there", () => {
  const params = { layers: [{ activation: "rellu" }], loss: "mse", epochs: 1 };
  const issues = paramIssues(trainSchema.safeParse(params).error?.issues ?? [], params);
  assert.deepEqual(issues.map(({ path, unknown }) => [path.join("."), unknown]), [
    ["layers.0.activation", "rellu"],
    ["loss", "mse"],
  ]);
  assert.ok(issues[0]?.known?.includes("relu"));
  assert.deepEqual(issues[1]?.known, [
    "categoricalCrossentropy",
    "sparseCategoricalCrossentropy",
    "binaryCrossentropy",
  ]);
});

Deno.test("A value of a fitting kind is told what it exceeds, not what else it might have been", () => {
  assert.deepEqual(complaintsOf({ dense: 0 }), ["layers.0.dense: Found 0, wanted at least 1"]);
  assert.deepEqual(complaintsOf({ dropout: 1 }), ["layers.0.dropout: Found 1, wanted less than 1"]);
  assert.deepEqual(complaintsOf({ maxPooling2d: [2] }), [
    "layers.0.maxPooling2d: Found 1 entries, wanted at least 2",
  ]);
  assert.deepEqual(complaintsOf({ dense: "many" }), [
    'layers.0.dense: Found "many", wanted a number or a map',
  ]);
  assert.deepEqual(complaints({ optimizer: { learningRate: 1 } }), [
    'optimizer.type: "type" is missing: wanted one of "rmsprop", "adam", "sgd"',
  ]);
  assert.deepEqual(complaints({ learningRateSchedule: { type: "cosin" } }), [
    'learningRateSchedule.type: Found "cosin", wanted one of "constant", "step", "exponential", "cosine"',
  ]);
});

Deno.test("A number that is another one as f32 is refused at its place", () => {
  const dense = { units: 1 }, zero = "which is 0 as f32", one = "which is 1 as f32";
  const cases: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
    [{ optimizer: { type: "sgd", learningRate: 1e-46 } }, `optimizer.learningRate: 1e-46 ${zero}`],
    [
      { optimizer: { type: "sgd", learningRate: 1e39 } },
      "optimizer.learningRate: 1e+39 which is Infinity as f32",
    ],
    [
      { optimizer: { type: "sgd", momentum: 0.99999999 } },
      `optimizer.momentum: 0.99999999 ${one}`,
    ],
    [{ optimizer: { type: "adam", epsilon: 1e-50 } }, `optimizer.epsilon: 1e-50 ${zero}`],
    [{ optimizer: { type: "adam", beta1: 0.999999999 } }, `optimizer.beta1: 0.999999999 ${one}`],
    [{ optimizer: { type: "rmsprop", epsilon: 1e-50 } }, `optimizer.epsilon: 1e-50 ${zero}`],
    [{ optimizer: { type: "rmsprop", rho: 0.99999999 } }, `optimizer.rho: 0.99999999 ${one}`],
    [
      { reduceOnPlateau: { minLearningRate: 1e-46 } },
      `reduceOnPlateau.minLearningRate: 1e-46 ${zero}`,
    ],
    [
      { layers: [{ batchNormalization: { epsilon: 1e-50 } }] },
      `layers.0.batchNormalization.epsilon: 1e-50 ${zero}`,
    ],
    [
      { layers: [{ batchNormalization: { momentum: 0.99999999 } }] },
      `layers.0.batchNormalization.momentum: 0.99999999 ${one}`,
    ],
    [{ layers: [{ dropout: 0.99999999 }] }, `layers.0.dropout: 0.99999999 ${one}`],
    [
      { layers: [{ dense: { ...dense, kernelRegularizer: { l2: 1e-60 } } }] },
      `layers.0.dense.kernelRegularizer.l2: 1e-60 ${zero}`,
    ],
  ];
  for (const [more, told] of cases) {
    const [complaint = "", ...rest] = complaints(more);
    assert.equal(complaint.replace("Found ", "").replace(",", "").split(", ")[0], told);
    assert.deepEqual(rest, []);
  }
  // As f32 the least that is not 0, and a limit that is meant.
  assert.deepEqual(complaints({ optimizer: { type: "sgd", learningRate: 1e-45 } }), []);
  assert.deepEqual(complaintsOf({ batchNormalization: { momentum: 1 } }), []);
});

Deno.test("A list among the layers stands for what it holds, and keeps the place of each", () => {
  const of = (layers: readonly unknown[]) =>
    trainSchema.parse({ layers, loss: "categoricalCrossentropy", epochs: 1 }).layers;
  const flat = of([{ dropout: 0.5 }, "flatten", { dense: 2 }, { dense: 3 }]);
  const nested = of([[{ dropout: 0.5 }, ["flatten", { dense: 2 }]], { dense: 3 }]);
  assert.deepEqual(nested, flat);
  assert.deepEqual([0, 1, 2, 3].map((at) => placeOf(nested, at)), [[0, 0], [0, 1, 0], [0, 1, 1], [
    1,
  ]]);
  assert.deepEqual([0, 3].map((at) => placeOf(flat, at)), [[0], [3]]);
  assert.deepEqual(complaints({ layers: [["flatten", { dense: 0 }]] }), [
    "layers.0.1.dense: Found 0, wanted at least 1",
  ]);
  assert.deepEqual(complaints({ layers: ["flatten", []] }), [
    "layers.1: Found 0 entries, wanted at least 1",
  ]);
  const many = Array.from({ length: 600 }, () => "flatten");
  assert.deepEqual(complaints({ layers: [many, many] }), [
    "layers: Found 1200 entries, wanted at most 1000",
  ]);
});

Deno.test("Each entry of the list is one layer", () => {
  assert.deepEqual(complaintsOf({ dense: 3, flatten: {} }), [
    'layers.0: One layer is wanted, found 2: flatten, dense; begin each with its own "- "',
  ]);
  assert.deepEqual(complaintsOf({}), ["layers.0: One layer is wanted, such as `flatten: {}`"]);
});

/** The message about the first layer that does not fit. */
const misfit = (layers: readonly unknown[], inputShape?: readonly number[]) =>
  resolve(build(layers, inputShape)).issues.map(({ position, message }) =>
    `${position}: ${message}`
  );

Deno.test("A layer that does not fit what comes before it is named, with what would fit", () => {
  assert.deepEqual(misfit([{ dense: 3 }]), [
    '0: Layer "dense" (dense) does not fit: an input of rank 1 is wanted, found [8, 8, 1]; ' +
    "put flatten before it",
  ]);
  assert.deepEqual(misfit(["flatten", { maxPooling2d: 2 }]), [
    '1: Layer "max_pooling2d" (maxPooling2d) does not fit: an input of rank 3 ' +
    "[height, width, channels] is wanted; it must come before flatten",
  ]);
  assert.deepEqual(misfit([{ maxPooling2d: 4 }, { conv2d: { filters: 1, kernelSize: 3 } }]), [
    '1: Layer "conv2d" (conv2d) does not fit: a window of 3x3 does not fit into an image of 2x2 ' +
    'with padding "valid"; use a smaller window, or padding "same"',
  ]);
  assert.deepEqual(misfit(["flatten", { dense: { units: 2, name: "flatten" } }]), [
    '1: Layer "flatten": two layers have this name',
  ]);
});

Deno.test("A last layer whose output has not the loss' shape is named", () => {
  const issueOf = (layers: readonly unknown[], loss: unknown) =>
    lossIssue(layersOf(build(layers)), lossSchema.parse(loss));
  assert.equal(issueOf(["flatten", { dense: 2 }], "categoricalCrossentropy"), null);
  assert.equal(
    issueOf(["flatten", { dense: 2 }], "binaryCrossentropy"),
    'Layer "dense" is the last, with 2 units: the loss "binaryCrossentropy" wants 1',
  );
  assert.match(
    issueOf(["flatten", { dense: 1 }], "sparseCategoricalCrossentropy") ?? "",
    /with 1 unit: .* for two classes and one unit use "binaryCrossentropy"$/,
  );
  assert.match(
    issueOf([{ maxPooling2d: 2 }], "categoricalCrossentropy") ?? "",
    /^Layer "max_pooling2d" is the last, with the output \[4, 4, 1\]: .*end with a dense layer$/,
  );
});

Deno.test("A stored model is read back as it was, and a spoilt one is refused", () => {
  const { model, loss, optimizer } = settingsOf({
    layers: [
      { conv2d: { filters: 2, kernelSize: 2, kernelRegularizer: { l1: 0.5 } } },
      "batchNormalization",
      { averagePooling2d: { poolSize: 2, strides: 1, padding: "same" } },
      { activation: "elu" },
      { dropout: 0.5 },
      "flatten",
      { dense: { units: 3, name: "last" } },
    ],
    loss: { type: "categoricalCrossentropy", fromLogits: true },
  });
  const scaling = { subtract: 0, divide: 255 };
  const stored = describeModel(model, layersOf(model), loss, optimizer, scaling, ["a", "b", "c"]);
  const { topology } = JSON.parse(JSON.stringify(stored));
  assert.deepEqual(readModel(topology, stored.loss), { model, loss });
  topology.layers[0].filters = -1;
  assert.throws(() => readModel(topology, stored.loss), /^Error: Cannot read the model's topology/);
  assert.throws(
    () => readModel(undefined, stored.loss),
    /^Error: Cannot read the model's topology/,
  );
});
