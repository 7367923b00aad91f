/** Splits off the validation part and fixes how bytes become numbers; the pixels stay bytes. */
import { z } from "zod";
import { scalingTable } from "../models/examples.ts";
import { type ArtifactShape, defineStage, type ParamIssue } from "../pipelines/stage.ts";
import { type Dataset, LABELLED_IMAGES, readDataset } from "./datasets/dataset.ts";
import { table } from "./datasets/metrics.ts";
import { absentClasses, splitExamples, validationCount } from "./datasets/split.ts";

const nonZero = z.number().refine((x) => x !== 0, "Cannot divide by 0");
/** What is not said and what is false are one thing, and no part of what the stage is asked. */
const flag = z.boolean().optional().transform((on) => on === true ? true : undefined);
const params = z.strictObject({
  scaling: z.union([
    nonZero,
    z.literal("standardize"),
    z.strictObject({ subtract: z.number().default(0), divide: nonZero.default(1) }),
  ]).meta({ short: "divide" }).default(255).describe(
    'A divisor, {subtract, divide}, or "standardize": by the training part\'s mean and deviation',
  ),
  validationSplit: z.number().min(0).refine(
    (split) => split < 1 || (split > 1 && Number.isInteger(split)),
    "Wanted a part below 1, or a whole number of examples from 2 on",
  ).default(0.3).describe(
    "What of the training set is kept for validation: below 1 a part of it, else so many examples; 0: none",
  ),
  validationFrom: z.enum(["first", "last"]).optional()
    .transform((from) => from === "first" ? from : undefined)
    .describe("The end of the training set that is kept; default: the last"),
  shuffle: flag.describe("Draw what is kept (and what a limit takes), instead of an end"),
  stratify: flag.describe("Keep the same part of each class"),
  limit: z.strictObject({ train: z.int().min(2).optional(), test: z.int().min(1).optional() })
    .optional().describe("Take only so many examples, the first ones"),
});

/** Sample images of each class in the preview. */
const SAMPLES = 8;
const SPLITS = ["train", "validation", "test"] as const;

export default defineStage({
  name: "preprocess",
  summary: "Split off validation data, and say how pixels are scaled",
  params,
  inputs: {
    train: { arity: "one", tensors: LABELLED_IMAGES, what: "labelled images to train with" },
    test: { arity: "one", tensors: LABELLED_IMAGES, what: "labelled images to test with" },
  },
  outputs: {
    train: { kind: "tensors", tensors: LABELLED_IMAGES },
    validation: { kind: "tensors", tensors: LABELLED_IMAGES },
    test: { kind: "tensors", tensors: LABELLED_IMAGES },
    preview: {
      kind: "tensors",
      tensors: {
        counts: { dtype: "int32", rank: 2 },
        histogram: { dtype: "int32", rank: 1 },
        samples: { dtype: "uint8", rank: 4 },
        sampleLabels: { dtype: "uint8", rank: 1 },
      },
    },
  },
  random: true,
  check(params, inputs) {
    const issues: ParamIssue[] = [];
    if (params.shuffle === true && params.validationFrom === "first") {
      const message = "Cannot take the first examples and draw them: say one of the two";
      issues.push({ path: ["validationFrom"], message });
    }
    const outputs: Record<string, ArtifactShape> = {};
    const shapeOf = (name: string) => inputs[name]?.[0]?.tensors["images"]?.shape;
    const describe = (name: string, count: number | null, shape: readonly (number | null)[]) => {
      outputs[name] = {
        tensors: {
          images: { dtype: "uint8", shape: [count, ...shape.slice(1)] },
          labels: { dtype: "uint8", shape: [count] },
        },
      };
    };
    const train = shapeOf("train"), test = shapeOf("test");
    if (train !== undefined) {
      const all = train[0] ?? null;
      const count = all === null ? null : Math.min(all, params.limit?.train ?? all);
      const kept = count === null ? null : validationCount(count, params.validationSplit);
      const message = count === null ? null : splitIssue(count, params.validationSplit);
      if (message !== null) issues.push({ path: ["validationSplit"], message });
      describe("train", count === null || kept === null ? null : Math.max(0, count - kept), train);
      describe("validation", kept, train);
    }
    if (test !== undefined) {
      const all = test[0] ?? null;
      describe("test", all === null ? null : Math.min(all, params.limit?.test ?? all), test);
    }
    if (train !== undefined && test !== undefined) {
      const differs = [1, 2, 3].some((i) =>
        train[i] != null && test[i] != null && train[i] !== test[i]
      );
      if (differs) {
        issues.push({
          path: [],
          message: `Cannot use test images of shape [${test.slice(1)}] with training images of [${
            train.slice(1)
          }]`,
        });
      }
    }
    if (params.scaling !== "standardize") {
      const table = scalingTable(scalingOf(params.scaling));
      const bad = table.find((value) => !Number.isFinite(value));
      if (bad !== undefined || table[0] === table[255]) {
        issues.push({
          path: ["scaling"],
          message: bad === undefined
            ? `Cannot scale so: as f32 every byte is ${table[0]}`
            : `Cannot scale so: as f32 a byte is ${bad}`,
        });
      }
    }
    const random = params.shuffle === true;
    return { outputs, issues, random, resources: { memory: 768 * 1024 * 1024 } };
  },
  async run(context) {
    const { params, inputs, outputs, log } = context;
    const whole = await readDataset(inputs.train, "train");
    const all = await readDataset(inputs.test, "test");
    const seed = params.shuffle === true ? context.seed : null;
    const choice = { ...params, limit: params.limit?.train };
    const parted = splitExamples(whole.labels, choice, seed);
    const none = { ...params, limit: params.limit?.test, validationSplit: 0 };
    const test = take(all, splitExamples(all.labels, none, seed).train);
    if (whole.classes.join("\n") !== test.classes.join("\n")) {
      throw new Error("Cannot preprocess: the training and the test set differ in their classes");
    }
    if (whole.shape.join() !== test.shape.join()) {
      throw new Error(
        `Cannot preprocess: training images are [${whole.shape}], test images [${test.shape}]`,
      );
    }
    const count = parted.train.length + parted.validation.length;
    const message = splitIssue(count, params.validationSplit);
    if (message !== null) throw new Error(message);
    const train = take(whole, parted.train), validation = take(whole, parted.validation);
    const histogram = new Int32Array(256);
    for (const byte of train.images) histogram[byte] = (histogram[byte] ?? 0) + 1;
    const scaling = params.scaling === "standardize"
      ? standardize(histogram)
      : scalingOf(params.scaling);

    const parts = { train, validation, test };
    for (const name of SPLITS) {
      const part = parts[name];
      await outputs[name].write("images", "uint8", [part.count, ...part.shape], part.images);
      await outputs[name].write("labels", "uint8", [part.count], part.labels);
      outputs[name].setAttributes({ ...part.attributes, scaling });
    }

    const classes = train.classes;
    const counts = new Int32Array(3 * classes.length);
    [train, validation, test].forEach((part, row) => {
      for (const label of part.labels) {
        const at = row * classes.length + label;
        counts[at] = (counts[at] ?? 0) + 1;
      }
    });
    const absent = absentClasses(classes, SPLITS, table(counts, classes.length));
    if (absent !== null) log(`Warning: ${absent}; see shuffle and stratify of preprocess`);
    const chosen = classes.flatMap((_, label) => firstOf(train.labels, label));
    const size = train.shape[0] * train.shape[1] * train.shape[2];
    const samples = new Uint8Array(chosen.length * size);
    chosen.forEach((from, to) =>
      samples.set(train.images.subarray(from * size, (from + 1) * size), to * size)
    );
    const { preview } = outputs;
    await preview.write("counts", "int32", [3, classes.length], counts);
    await preview.write("histogram", "int32", [256], histogram);
    await preview.write("samples", "uint8", [chosen.length, ...train.shape], samples);
    const sampleLabels = Uint8Array.from(chosen, (i) => train.labels[i] ?? 0);
    await preview.write("sampleLabels", "uint8", [chosen.length], sampleLabels);
    preview.setAttributes({ classes, splits: SPLITS, scaling });
  },
});

function scalingOf(scaling: number | { subtract: number; divide: number }) {
  return typeof scaling === "number" ? { subtract: 0, divide: scaling } : scaling;
}

/** Why so many examples cannot be split so, if they cannot. */
function splitIssue(count: number, split: number): string | null {
  const kept = validationCount(count, split);
  return kept >= count || (kept === 0 && split !== 0)
    ? `Cannot split ${count} examples by ${split}: one part would be empty`
    : null;
}

/** These examples. */
function take(data: Dataset, indices: readonly number[]): Dataset {
  const size = data.shape[0] * data.shape[1] * data.shape[2];
  const images = new Uint8Array(indices.length * size);
  indices.forEach((from, to) =>
    images.set(data.images.subarray(from * size, (from + 1) * size), to * size)
  );
  const labels = Uint8Array.from(indices, (i) => data.labels[i] ?? 0);
  return { ...data, count: indices.length, images, labels };
}

/** Mean and deviation of all bytes; 1e-7 keeps a constant picture from dividing by 0 (the course's figure). */
function standardize(histogram: Int32Array): { subtract: number; divide: number } {
  let count = 0, sum = 0;
  histogram.forEach((n, value) => {
    count += n;
    sum += n * value;
  });
  const mean = sum / count;
  let squares = 0;
  histogram.forEach((n, value) => squares += n * (value - mean) * (value - mean));
  return { subtract: mean, divide: Math.sqrt(squares / count) + 1e-7 };
}

/** Indices of the first examples of a class. */
function firstOf(labels: Uint8Array, label: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < labels.length && found.length < SAMPLES; i++) {
    if (labels[i] === label) found.push(i);
  }
  return found;
}
