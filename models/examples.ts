/** From stored images to what a trainer reads. */
import type { Layer } from "./layers.ts";
import type { Loss } from "./model.ts";
import type { Examples, Transforms } from "./trainer.ts";

/** A byte b means (b - subtract) / divide. */
export interface Scaling {
  readonly subtract: number;
  readonly divide: number;
}

/** The value of each byte, f32: one division in f64, rounded once. */
export function scalingTable({ subtract, divide }: Scaling): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: 256 }, (_, byte) => (byte - subtract) / divide);
}

/** Reads the attribute `scaling` that preprocess wrote. @throws Error if it is not there */
export function readScaling(value: unknown): Scaling {
  if (typeof value === "object" && value !== null && "subtract" in value && "divide" in value) {
    const { subtract, divide } = value;
    if (isFinite(subtract) && isFinite(divide) && divide !== 0) return { subtract, divide };
  }
  throw new Error(
    'Cannot tell what a byte means: the attribute "scaling" {subtract, divide} is wanted; ' +
      "connect the output of preprocess, not the raw data",
  );
}

function isFinite(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Checks that the parts belong together, and to the model. `where` names the data in errors. */
export function toExamples(
  where: string,
  pixels: Uint8Array,
  shape: readonly number[],
  labels: ArrayLike<number>,
  table: Float32Array,
  transforms?: Transforms,
): Examples {
  const size = shape.reduce((product, n) => product * n, 1);
  if (pixels.length !== labels.length * size) {
    throw new Error(
      `Cannot use ${where}: ${pixels.length / size} images of [${shape.join(", ")}] ` +
        `but ${labels.length} labels`,
    );
  }
  if (labels.length === 0) throw new Error(`Cannot use ${where}: it is empty`);
  const classes = Int32Array.from(labels);
  return transforms === undefined
    ? { pixels, shape, table, labels: classes }
    : { pixels, shape, table, labels: classes, transforms };
}

/** @throws Error at the first label that the last layer has no place for */
export function checkLabels(
  where: string,
  { labels }: Examples,
  layers: readonly Layer[],
  loss: Loss,
): void {
  const units = layers.at(-1)?.outputShape[0] ?? 0;
  const classes = loss.type === "binaryCrossentropy" ? 2 : units;
  const index = labels.findIndex((label) => label < 0 || label >= classes);
  if (index < 0) return;
  throw new Error(
    `Cannot use ${where}: label ${
      labels[index]
    } of example ${index} is out of range, the model's ` +
      `last layer and its loss leave room for 0 to ${classes - 1}`,
  );
}
