/** The element types of tensors: sizes, arrays, bytes. */
import type { Arrays, Dtype } from "../stage.ts";

const CONSTRUCTORS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export const DTYPES = Object.keys(CONSTRUCTORS) as readonly Dtype[]; // the table's keys are all dtypes

export function isDtype(text: string): text is Dtype {
  return Object.hasOwn(CONSTRUCTORS, text);
}

/** Bytes of an element. */
export function sizeOf(dtype: Dtype): number {
  return CONSTRUCTORS[dtype].BYTES_PER_ELEMENT;
}

export function allocate<D extends Dtype>(dtype: D, length: number): Arrays[D] {
  // The table gives the array of this very dtype, which indexing by a type parameter cannot say.
  return new CONSTRUCTORS[dtype](length) as Arrays[D];
}

export function isArrayOf<D extends Dtype>(dtype: D, values: unknown): values is Arrays[D] {
  return values instanceof CONSTRUCTORS[dtype];
}

/** The memory of an array as bytes; little-endian, as every platform that Deno runs on. */
export function bytesOf(values: Arrays[Dtype]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** At most this many bytes in one tensor; one that is written and read by rows need not fit into memory. */
export const LIMIT = 1024 * 1024 * 1024 * 1024;

/** Number of elements; throws if `shape` is no list of whole numbers, or is absurd. */
export function countOf(shape: readonly number[], dtype: Dtype, name: string): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new TypeError(
        `Tensor "${name}" cannot have the shape [${shape.join(", ")}]: ` +
          `sizes are whole numbers from 0`,
      );
    }
    count *= size;
  }
  if (shape.length > 16 || !(count * sizeOf(dtype) <= LIMIT)) {
    throw new TypeError(`Tensor "${name}" is too large: ${dtype} [${shape.join(", ")}]`);
  }
  return count;
}

/** Elements of one row along the first axis; of the whole, for a scalar. */
export function rowOf(shape: readonly number[]): number {
  return shape.slice(1).reduce((product, size) => product * size, 1);
}
