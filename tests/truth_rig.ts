/** Reads what `tests/truth/write.py` wrote with Keras on TensorFlow, and makes what both sides make by formula. */
import assert from "node:assert/strict";
import type { Examples, NamedTensor } from "../models/trainer.ts";

/** A tensor in a vectors' file: little-endian bytes in C order. */
export interface Encoded {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "uint8" | "int32";
  readonly base64: string;
}

/** Reads a file of vectors; `T` is what the writer's function of that name writes. */
export async function readTruth<T>(name: string): Promise<T> {
  const url = new URL(`./truth/${name}.json`, import.meta.url);
  const body: { versions?: Record<string, string> } = JSON.parse(await Deno.readTextFile(url));
  assert.match(
    body.versions?.["keras"] ?? "",
    /^3\./,
    "the vectors name the Keras that wrote them",
  );
  return body as T; // the writer and its reader are one unit; a wrong field fails in the test
}

function bytesOf({ base64, dtype, shape }: Encoded, wanted: Encoded["dtype"]) {
  assert.equal(dtype, wanted);
  const bytes = Uint8Array.fromBase64(base64);
  const size = shape.reduce((product, n) => product * n, 1);
  assert.equal(bytes.length, size * (dtype === "uint8" ? 1 : 4));
  return bytes;
}

export function floatsOf(encoded: Encoded): Float32Array<ArrayBuffer> {
  const view = new DataView(bytesOf(encoded, "float32").buffer);
  return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

export function integersOf(encoded: Encoded): Int32Array<ArrayBuffer> {
  const view = new DataView(bytesOf(encoded, "int32").buffer);
  return Int32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getInt32(4 * i, true));
}

export function pixelsOf(encoded: Encoded): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytesOf(encoded, "uint8"));
}

/** Bytes divided by 255. */
export const TABLE = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** Keras' tensors under our names; the order is the same on both sides. */
export function named(
  given: readonly NamedTensor[],
  tensors: readonly Encoded[],
): readonly NamedTensor[] {
  assert.equal(tensors.length, given.length);
  return given.map(({ name, shape }, i) => {
    const tensor = tensors[i];
    assert.deepEqual(tensor?.shape, [...shape], name);
    return { name, shape, values: floatsOf(tensor) };
  });
}

/** `hashed` of write.py. */
export function hashed(seed: number, count: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_, i) => {
    let value = (i + Math.imul(seed, 0x9e3779b1)) >>> 0;
    for (const multiplier of [0x85ebca6b, 0xc2b2ae35]) {
      value ^= value >>> 16;
      value = Math.imul(value, multiplier);
      value ^= value >>> 13;
    }
    return value >>> 0;
  });
}

/** `uniform` of write.py. */
export function uniform(seed: number, count: number, limit: number): Float32Array<ArrayBuffer> {
  const within = Math.fround(limit);
  return Float32Array.from(hashed(seed, count), (value) => ((value >>> 8) / 2 ** 23 - 1) * within);
}

/** `pictures` of write.py: noise with a bright row that tells the class. */
export function pictures(
  seed: number,
  count: number,
  shape: readonly [number, number, number],
  classes: number,
): Examples {
  const [height, width, channels] = shape;
  const size = height * width * channels, row = width * channels;
  const pixels = Uint8Array.from(hashed(seed, count * size), (value) => value & 127);
  const labels = Int32Array.from(hashed(seed + 1, count), (value) => value % classes);
  for (const [i, label] of labels.entries()) {
    const start = i * size + label * row;
    for (let j = start; j < start + row; j++) pixels[j] = (pixels[j] ?? 0) + 128;
  }
  return { pixels, shape, table: TABLE, labels };
}

/** Euclidean norm. */
export function norm(values: Iterable<number>): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}

/** Norm of the difference. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  return norm(Array.from(a, (value, i) => value - (b[i] ?? NaN)));
}
