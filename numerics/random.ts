/**
 * Random numbers without a state: a draw is a function of (seed, purpose, index). Who draws first, in what
 * chunks or on which thread therefore never matters. The generator is Philox4x32-10 (Salmon, Moraes, Dror
 * and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 */
import { cos, log } from "./functions.ts";

type Words = readonly [number, number, number, number];

/** High 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** One block of Philox4x32-10: 128 bits of counter and 64 bits of key to 128 bits. All unsigned. */
export function philox(counter: Words, key0: number, key1: number): Words {
  let [a, b, c, d] = counter;
  let k0 = key0, k1 = key1;
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(a, 0xd2511f53), lowA = Math.imul(a, 0xd2511f53);
    const highC = multiplyHigh(c, 0xcd9e8d57), lowC = Math.imul(c, 0xcd9e8d57);
    a = (highC ^ b ^ k0) >>> 0;
    b = lowC >>> 0;
    c = (highA ^ d ^ k1) >>> 0;
    d = lowA >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

/** The purpose as words: each item with its type and length, so that no two lists read the same. */
function encode(items: readonly (string | number)[]): Uint32Array {
  const words: number[] = [items.length];
  for (const item of items) {
    if (typeof item === "number") {
      const bits = new DataView(new ArrayBuffer(8));
      bits.setFloat64(0, item === 0 ? 0 : item, true);
      words.push(1, bits.getUint32(0, true), bits.getUint32(4, true));
    } else {
      const bytes = new TextEncoder().encode(item);
      words.push(2, bytes.length);
      for (let i = 0; i < bytes.length; i += 4) {
        let word = 0;
        for (let j = 0; j < 4; j++) word |= (bytes[i + j] ?? 0) << (8 * j);
        words.push(word >>> 0);
      }
    }
  }
  if (words.length % 2 === 1) words.push(0);
  return Uint32Array.from(words);
}

/** Folds a list into 128 bits: Philox as the block cipher of a Davies-Meyer chain, two words at a time. */
function fold(items: readonly (string | number)[]): Words {
  const words = encode(items);
  // The start has no meaning but to differ from zero: "Crisol stream v1" in ASCII.
  let state: Words = [0x73697243, 0x73206c6f, 0x61657274, 0x3176206d];
  for (let i = 0; i < words.length; i += 2) {
    const [a, b, c, d] = philox(state, words[i] ?? 0, words[i + 1] ?? 0);
    state = [
      (a ^ state[0]) >>> 0,
      (b ^ state[1]) >>> 0,
      (c ^ state[2]) >>> 0,
      (d ^ state[3]) >>> 0,
    ];
  }
  return state;
}

/**
 * The draws of one purpose. `index` is a non-negative integer below 2^53; equal indices give equal draws.
 * `uniform(i)` uses word i, `normal(i)` words 2i and 2i + 1, `permutation` words from 0 on: use one
 * kind on one stream, or they are not independent.
 */
export interface Stream {
  /** Uniform in 0 .. 2^32 - 1. */
  uint32(index: number): number;
  /** Uniform in [0, 1): the upper 24 bits of the word over 2^24, so exact in f32 as well. */
  uniform(index: number): number;
  /** Standard normal by Box and Muller, f64, |z| at most 6.67. */
  normal(index: number): number;
  /** A uniform permutation of 0 .. n - 1 (Fisher-Yates from the end; draws by rejection, so unbiased). */
  permutation(n: number): Uint32Array<ArrayBuffer>;
}

/**
 * The stream of a seed (any finite number) and a purpose, such as
 * `stream(seed, "augment", pass, image)`. Numbers and strings of equal spelling differ.
 */
export function stream(seed: number, ...purpose: readonly (string | number)[]): Stream {
  if (!Number.isFinite(seed)) throw new RangeError(`Cannot seed a stream with ${seed}`);
  const [key0, key1, high0, high1] = fold([seed, ...purpose]);
  let held = -1;
  let block: Words = [0, 0, 0, 0];

  function uint32(index: number): number {
    const number = Math.floor(index / 4);
    if (number !== held) {
      const counter: Words = [number >>> 0, Math.floor(number / 4294967296) >>> 0, high0, high1];
      block = philox(counter, key0, key1);
      held = number;
    }
    // The mask keeps it in 0 .. 3, which the compiler cannot see.
    return block[index & 3] as number;
  }

  function below(n: number, from: number): { value: number; next: number } {
    const limit = 4294967296 - (4294967296 % n);
    let next = from;
    let word = uint32(next++);
    while (word >= limit) word = uint32(next++);
    return { value: word % n, next };
  }

  return {
    uint32,
    uniform: (index) => (uint32(index) >>> 8) / 16777216,
    normal(index) {
      // The first lies in (0, 1], so that its logarithm is finite.
      const first = (uint32(2 * index) + 1) / 4294967296;
      const second = uint32(2 * index + 1) / 4294967296;
      return Math.sqrt(-2 * log(first)) * cos(2 * Math.PI * second);
    },
    permutation(n) {
      const order = Uint32Array.from({ length: n }, (_, i) => i);
      let next = 0;
      for (let i = n - 1; i > 0; i--) {
        const draw = below(i + 1, next);
        next = draw.next;
        const swap = order[i] ?? 0;
        order[i] = order[draw.value] ?? 0;
        order[draw.value] = swap;
      }
      return order;
    },
  };
}
