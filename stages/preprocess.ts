/** Splits off the validation part and fixes how bytes become numbers; the pixels stay bytes. */
import { z } from "zod";
import { scalingTable } from "../models/examples.ts";
import { type ArtifactShape, defineStage, type ParamIssue } from "../pipelines/stage.ts";
import { type Dataset, LABELLED_IMAGES, readDataset } from "./datasets/dataset.ts";

const nonZero = z.number().refine((x) => x !== 0, "Cannot divide by 0");
const params = z.strictObject({
  scaling: z.union([
    nonZero,
    z.literal("standardize"),
    z.strictObject({ subtract: z.number().default(0), divide: nonZero.default(1) }),
  ]).default(255).describe(
    'A divisor, {subtract, divide}, or "standardize": by the training part\'s mean and deviation',
  ),
  validationSplit: z.number().gt(0).lt(1).default(0.3)
    .describe("Part of the training set, its last, unshuffled, that is kept for validation"),
  limit: z.strictObject({ train: z.int().min(2).optional(), test: z.int().min(1).optional() })
    .optional().describe("Take only the first so many examples"),
});

/** Sample images of each class in the preview. */
const SAMPLES = 8;

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
  check(params, inputs) {
    const issues: ParamIssue[] = [];
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
      const split = count === null ? null : splitAt(count, params.validationSplit);
      if (count !== null && (split === 0 || split === count)) {
        issues.push({
          path: ["validationSplit"],
          message:
            `Cannot split ${count} examples by ${params.validationSplit}: one part would be empty`,
        });
      }
      describe("train", split, train);
      describe("validation", count === null || split === null ? null : count - split, train);
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
    return { outputs, issues, resources: { memory: 768 * 1024 * 1024 } };
  },
  async run({ params, inputs, outputs }) {
    const whole = take(await readDataset(inputs.train, "train"), 0, params.limit?.train);
    const test = take(await readDataset(inputs.test, "test"), 0, params.limit?.test);
    if (whole.classes.join("\n") !== test.classes.join("\n")) {
      throw new Error("Cannot preprocess: the training and the test set differ in their classes");
    }
    if (whole.shape.join() !== test.shape.join()) {
      throw new Error(
        `Cannot preprocess: training images are [${whole.shape}], test images [${test.shape}]`,
      );
    }
    const split = splitAt(whole.count, params.validationSplit);
    const train = take(whole, 0, split), validation = take(whole, split);
    if (train.count === 0 || validation.count === 0) {
      throw new Error(
        `Cannot split ${whole.count} examples by ${params.validationSplit}: one part would be empty`,
      );
    }
    const histogram = new Int32Array(256);
    for (const byte of train.images) histogram[byte] = (histogram[byte] ?? 0) + 1;
    const scaling = params.scaling === "standardize"
      ? standardize(histogram)
      : scalingOf(params.scaling);

    const parts = { train, validation, test };
    for (const name of ["train", "validation", "test"] as const) {
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
    preview.setAttributes({ classes, splits: ["train", "validation", "test"], scaling });
  },
});

function scalingOf(scaling: number | { subtract: number; divide: number }) {
  return typeof scaling === "number" ? { subtract: 0, divide: scaling } : scaling;
}

/** Where validation begins, as Keras' `validation_split` has it: floor(n * (1 - split)). */
function splitAt(count: number, split: number): number {
  return Math.floor(count * (1 - split));
}

/** Examples [start, end). */
function take(data: Dataset, start: number, end = data.count): Dataset {
  const stop = Math.min(end, data.count);
  const size = data.shape[0] * data.shape[1] * data.shape[2];
  return {
    ...data,
    count: stop - start,
    images: data.images.slice(start * size, stop * size),
    labels: data.labels.slice(start, stop),
  };
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
