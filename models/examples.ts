/** From stored images to what a trainer reads. */
import { ROW } from "../numerics/resample.ts";
import { type Layer, sizeOf } from "./layers.ts";
import { classesTold } from "./losses.ts";
import type { Loss } from "./model.ts";
import type { Examples } from "./trainer.ts";

/** Labelled images that need not lie in memory as a whole. */
export interface Source {
  /** Examples, at least one. */
  readonly count: number;
  /** Shape of one example, [height, width, channels]. */
  readonly shape: readonly number[];
  /** Labels of the examples from `start` up to, not with, `end`. */
  labels(start: number, end: number): Promise<Int32Array>;
  /** These examples, in memory; `into`, which their pixels fill, stands for new memory. */
  read(start: number, end: number, into?: Uint8Array<ArrayBuffer>): Promise<Examples>;
}

/** What lies in memory, as a source; reading copies nothing but into given memory. */
export function inMemory(examples: Examples): Source {
  const { pixels, shape, labels, transforms } = examples;
  const size = sizeOf(shape);
  return {
    count: labels.length,
    shape,
    labels: (start, end) => Promise.resolve(labels.subarray(start, end)),
    read(start, end, into) {
      if (start === 0 && end === labels.length && into === undefined) {
        return Promise.resolve(examples);
      }
      const from = pixels.subarray(start * size, end * size);
      into?.set(from);
      const part = {
        ...examples,
        pixels: into ?? from,
        labels: labels.subarray(start, end),
      };
      return Promise.resolve(
        transforms === undefined ? part : {
          ...part,
          transforms: { ...transforms, rows: transforms.rows.subarray(start * ROW, end * ROW) },
        },
      );
    },
  };
}

/** All examples in order, `rows` at a time (the last may have fewer); the next are read while these are used. */
export async function* inOrder(source: Source, rows: number): AsyncGenerator<Examples> {
  const { count } = source;
  const read = (start: number) => {
    const examples = source.read(start, Math.min(start + rows, count));
    // A failure is told where it is waited for; nobody may come to do so.
    examples.catch(() => {});
    return examples;
  };
  let next = read(0);
  for (let end = rows; end < count; end += rows) {
    const examples = await next;
    next = read(end);
    yield examples;
  }
  yield await next;
}

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

/** Labels that are looked at together: 1 MiB of them. */
const LABELS = 1024 * 1024;

/** @throws Error at the first label that the last layer has no place for */
export async function checkLabels(
  where: string,
  source: Source,
  layers: readonly Layer[],
  loss: Loss,
): Promise<void> {
  const classes = classesTold(layers, loss);
  for (let start = 0; start < source.count; start += LABELS) {
    const labels = await source.labels(start, Math.min(start + LABELS, source.count));
    const index = labels.findIndex((label) => label < 0 || label >= classes);
    if (index < 0) continue;
    throw new Error(
      `Cannot use ${where}: label ${labels[index]} of example ${start + index} is out of range, ` +
        `the model's last layer and its loss leave room for 0 to ${classes - 1}`,
    );
  }
}
