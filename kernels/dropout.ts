/**
 * What decides a dropout bit, apart from the element's index. The four words of the stream go through
 * one block of Philox4x32-10; two of its words are the keys of the per-element hash (see
 * `reference/dropout.ts` for the hash in plain loops).
 */
import { philox } from "../numerics/random.ts";
import type { DropoutStream } from "./ops.ts";

export interface DropoutSettings {
  /** An element is kept if its hash, unsigned, is at least this: the ceiling of rate * 2^32. */
  readonly threshold: number;
  /** f32(1 / (1 - rate)): what a kept element is multiplied by. */
  readonly scale: number;
}

/** @throws RangeError if the rate is not in [0, 1). */
export function dropoutSettings(rate: number): DropoutSettings {
  if (!(rate >= 0 && rate < 1)) {
    throw new RangeError(`Cannot drop out at rate ${rate}: a number in [0, 1) is wanted`);
  }
  return {
    // Only rates above 1 - 2^-32 would round to 2^32, which does not fit a word.
    threshold: Math.min(Math.ceil(rate * 4294967296), 4294967295),
    scale: Math.fround(1 / (1 - rate)),
  };
}

// "drop" and "out1" in ASCII: they only keep this use of the generator apart from others.
const KEY0 = 0x64726f70, KEY1 = 0x6f757431;

/** The two u32 that a step's mask of a layer is drawn by. */
export function dropoutKeys(stream: DropoutStream): readonly [number, number] {
  const counter = [
    stream.seedLow >>> 0,
    stream.seedHigh >>> 0,
    stream.layer >>> 0,
    stream.step >>> 0,
  ] as const;
  const [key0, key1] = philox(counter, KEY0, KEY1);
  return [key0, key1];
}
