/**
 * What a config may say about a model and its training, in Keras' words. Short forms are turned into long
 * ones with all defaults filled in, so that two ways to say one thing are one thing to the fingerprint; the
 * long form is valid input too, and stays as it is.
 */
import { z } from "zod";
import { single } from "./single.ts";

const ACTIVATIONS = [
  "linear",
  "relu",
  "sigmoid",
  "tanh",
  "softmax",
  "elu",
  "softplus",
  "leakyRelu",
  "swish",
] as const;
const INITIALIZERS = [
  "glorotUniform",
  "glorotNormal",
  "heUniform",
  "heNormal",
  "lecunUniform",
  "lecunNormal",
  "zeros",
  "ones",
] as const;

const size = z.int().min(1).max(65536);
/** One number for both sides, or [height, width]. */
const pair = z.union([size, z.tuple([size, size])])
  .transform((value): [number, number] => typeof value === "number" ? [value, value] : value);
const name = z.string().regex(
  /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/,
  "Letters, digits and _ . - are wanted",
)
  .optional().describe("Default: Keras' automatic name");
const padding = z.enum(["valid", "same"]).default("valid");
const activation = z.enum(ACTIVATIONS);
const decay = single(z.number().min(0).lt(1), [0, 1]);
const regularizer = z.strictObject({
  l1: single(z.number().min(0)).default(0),
  l2: single(z.number().min(0)).default(0),
}).nullable().default(null).describe(
  "Penalty: l1 times the sum of sizes, l2 times that of squares",
);

/** What conv2d and dense have in common. */
const trained = {
  name,
  activation: activation.default("linear"),
  useBias: z.boolean().default(true),
  kernelInitializer: z.enum(INITIALIZERS).default("glorotUniform"),
  biasInitializer: z.enum(INITIALIZERS).default("zeros"),
  kernelRegularizer: regularizer,
};

const conv2d = z.strictObject({
  filters: size,
  kernelSize: pair,
  strides: pair.prefault(1),
  padding,
  ...trained,
});
const dense = z.strictObject({ units: z.int().min(1).max(16777216), ...trained });
const pooling = z.strictObject({
  name,
  poolSize: pair.prefault(2),
  strides: pair.optional(),
  padding,
})
  .transform((pool) => ({ ...pool, strides: pool.strides ?? pool.poolSize }));
const dropout = z.strictObject({ name, rate: decay });
const batchNormalization = z.strictObject({
  name,
  momentum: single(z.number().min(0).max(1), [0, 1]).default(0.99),
  epsilon: single(z.number().gt(0)).default(1e-3),
  center: z.boolean().default(true),
  scale: z.boolean().default(true),
});
const activationLayer = z.strictObject({ name, activation });
const flatten = z.strictObject({ name });

/** For a union of a map and the value of one of its keys alone: which key that is. */
const short = (key: string) => ({ short: key });
const shortPool = z.union([pair.transform((poolSize) => pooling.parse({ poolSize })), pooling])
  .meta(short("poolSize"));

const layerMap = z.strictObject({
  conv2d: conv2d.optional(),
  maxPooling2d: shortPool.optional(),
  averagePooling2d: shortPool.optional(),
  dropout: z.union([dropout.shape.rate.transform((rate) => dropout.parse({ rate })), dropout])
    .meta(short("rate")).optional(),
  batchNormalization: batchNormalization.optional(),
  activation: z.union([
    activation.transform((activation) => activationLayer.parse({ activation })),
    activationLayer,
  ]).meta(short("activation")).optional(),
  flatten: flatten.optional(),
  dense: z.union([
    dense.shape.units.transform((units) => dense.parse({ units })),
    dense,
  ]).meta(short("units")).optional(),
}).superRefine((layer, context) => {
  const given = Object.keys(layer);
  // An unknown key is gone by now, and complained of.
  if (given.length === 1 || context.issues.length > 0) return;
  context.addIssue({
    code: "custom",
    message: given.length === 0
      ? "One layer is wanted, such as `flatten: {}`"
      : `One layer is wanted, found ${given.length}: ${
        given.join(", ")
      }; begin each with its own "- "`,
  });
}).meta({ minProperties: 1, maxProperties: 1 });

/** Layers that need no settings. */
const BARE = ["flatten", "batchNormalization"] as const;
/** What the others need at least, as an example. */
const SETTINGS: Readonly<Record<Exclude<LayerType, typeof BARE[number]>, string>> = {
  conv2d: "{ filters: 32, kernelSize: 3 }",
  maxPooling2d: "2",
  averagePooling2d: "2",
  dropout: "0.5",
  activation: "relu",
  dense: "10",
};
type LayerType = keyof typeof layerMap.shape;

/** A layer as a config has it: its type and settings, or the bare type where none are needed. */
export const layerSchema = z.union([
  // All types, so that a complaint of an unknown one lists them; editors are told those that can stand alone.
  layerMap.keyof().meta({ enum: [...BARE] }).transform((type, context) => {
    if (type === "flatten" || type === "batchNormalization") {
      return layerMap.parse({ [type]: {} });
    }
    const message = `Found "${type}" alone, wanted its settings too, as in "${type}: ${
      SETTINGS[type]
    }"`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  }),
  layerMap,
]);

export type LayerParams = z.output<typeof layerSchema>;

/** A network's layers; a list among them, as an alias of several layers is, stands for what it holds. */
const entries: z.ZodType<Nested> = z.array(z.union([layerSchema, z.lazy(() => entries)])).min(1);
type Nested = (LayerParams | Nested)[];
const MOST_LAYERS = 1000;
/** Where each layer was written, by the list that was made of all. */
const places = new WeakMap<readonly LayerParams[], readonly (readonly number[])[]>();

const layersSchema = entries.transform((nested, context) => {
  const found: [LayerParams, readonly number[]][] = [];
  const join = (list: Nested, above: readonly number[]) =>
    list.forEach((one, at) => {
      if (Array.isArray(one)) join(one, [...above, at]);
      else found.push([one, [...above, at]]);
    });
  join(nested, []);
  if (found.length > MOST_LAYERS) {
    const message = `Found ${found.length} entries, wanted at most ${MOST_LAYERS}`;
    context.issues.push({ code: "custom", message, input: nested });
  }
  const layers = found.map(([layer]) => layer);
  places.set(layers, found.map(([, place]) => place));
  return layers;
});

/** The path of a layer in `layers` as they were written, for complaints. */
export function placeOf(layers: readonly LayerParams[], position: number): readonly number[] {
  return places.get(layers)?.[position] ?? [position];
}

const lossTypes = z.enum([
  "categoricalCrossentropy",
  "sparseCategoricalCrossentropy",
  "binaryCrossentropy",
]);

export const lossSchema = z.union([
  lossTypes.transform((type) => ({ type, fromLogits: false })),
  z.strictObject({ type: lossTypes, fromLogits: z.boolean().default(false) }),
]).meta(short("type")).describe("fromLogits: the last layer gives logits, not probabilities");

const rate = single(z.number().gt(0));
const epsilon = single(z.number().gt(0)).default(1e-7);
const optimizers = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("rmsprop"),
    learningRate: rate.default(0.001),
    rho: decay.default(0.9),
    momentum: decay.default(0),
    epsilon,
  }),
  z.strictObject({
    type: z.literal("adam"),
    learningRate: rate.default(0.001),
    beta1: decay.default(0.9),
    beta2: decay.default(0.999),
    epsilon,
  }),
  z.strictObject({
    type: z.literal("sgd"),
    learningRate: rate.default(0.01),
    momentum: decay.default(0),
    nesterov: z.boolean().default(false),
  }),
]);

export const optimizerSchema = z.union([
  z.enum(["rmsprop", "adam", "sgd"]).transform((type) => optimizers.parse({ type })),
  optimizers,
]).meta(short("type")).describe("With Keras' defaults");

const scheduleSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("constant") }),
  z.strictObject({
    type: z.literal("step"),
    every: z.int().min(1).describe("Epochs between two drops"),
    factor: z.number().gt(0).max(1).default(0.1),
  }),
  z.strictObject({
    type: z.literal("exponential"),
    decaySteps: z.int().min(1).describe("Steps in which the rate falls by decayRate"),
    decayRate: z.number().gt(0).max(1),
    staircase: z.boolean().default(false),
  }),
  z.strictObject({
    type: z.literal("cosine"),
    decaySteps: z.int().min(1).optional().describe("Steps to the end; default: the whole training"),
    alpha: z.number().min(0).max(1).default(0).describe("Part of the rate that is left at the end"),
  }),
]).prefault({ type: "constant" });

const monitored = {
  monitor: z.enum(["loss", "accuracy", "val_loss", "val_accuracy"]).default("val_loss"),
  mode: z.enum(["auto", "min", "max"]).default("auto").describe(
    "auto: the more accuracy the better, the less loss the better",
  ),
};

/** Everything that `train` can be told. */
export const trainSchema = z.strictObject({
  layers: layersSchema.describe("The network, layer by layer"),
  loss: lossSchema,
  optimizer: optimizerSchema.prefault("rmsprop"),
  epochs: z.int().min(1).max(1_000_000),
  batchSize: z.int().min(1).max(65536).default(32),
  shuffle: z.boolean().default(true).describe(
    "Draw a new order of the examples each epoch; above 128 MiB of pixels an order of blocks of 2 MiB, of which " +
      "128 MiB at a time are shuffled",
  ),
  learningRateSchedule: scheduleSchema,
  reduceOnPlateau: z.strictObject({
    ...monitored,
    factor: z.number().gt(0).lt(1).default(0.1),
    patience: z.int().min(0).default(10),
    minDelta: z.number().min(0).default(1e-4),
    cooldown: z.int().min(0).default(0),
    minLearningRate: single(z.number().min(0)).default(0),
  }).optional().describe("Lower the learning rate when the monitored value stays"),
  earlyStopping: z.strictObject({
    ...monitored,
    patience: z.int().min(0).default(0),
    minDelta: z.number().min(0).default(0),
    restoreBest: z.boolean().default(false).describe("End with the weights of the best epoch"),
  }).optional().describe("Stop when the monitored value has not improved for patience epochs"),
  checkpoint: z.strictObject({ ...monitored, minDelta: z.number().min(0).default(0) })
    .optional().describe("Keep the weights of the best epoch as the model"),
  steps: z.int().min(1).optional().describe("Stop after so many steps in all"),
  backend: z.enum(["compiled", "tape"]).default("compiled").describe(
    "tape: TensorFlow.js on its cpu backend, slow, a second opinion",
  ),
});

export type TrainParams = z.output<typeof trainSchema>;
