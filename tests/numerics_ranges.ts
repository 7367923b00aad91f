/** Arguments from the whole range of a format, for the tests of elementary functions. */
import { stream } from "../numerics/random.ts";

/** Every exponent that f32 has, subnormals included, `each` draws of either sign: all are values of f32. */
export function allOfF32(each: number, seed: string): Float32Array {
  const draws = stream(5, "ranges", seed);
  const bits = new Uint32Array(255 * 2 * each + 23 * 2 * each);
  let i = 0;
  for (let exponent = 0; exponent < 255; exponent++) {
    for (let n = 0; n < 2 * each; n++, i++) {
      bits[i] = (n % 2) << 31 | exponent << 23 | draws.uint32(i) >>> 9;
    }
  }
  // Draws of subnormals are nearly all large ones.
  for (let place = 0; place < 23; place++) {
    for (let n = 0; n < 2 * each; n++, i++) {
      bits[i] = (n % 2) << 31 | 1 << place | draws.uint32(i) & ((1 << place) - 1);
    }
  }
  return new Float32Array(bits.buffer);
}

/** Every fourth exponent that f64 has, one draw of either sign. */
export function allOfF64(seed: string): Float64Array {
  const draws = stream(5, "ranges", seed);
  const words = new Uint32Array(2 * 2 * 512);
  for (let i = 0; i < words.length; i += 2) {
    const exponent = 4 * (i >> 2) + draws.uint32(i) % 4;
    const high = draws.uint32(i + 1) >>> 12;
    words.set(
      [draws.uint32(i + 2), ((i >> 1) % 2) << 31 | Math.min(exponent, 2046) << 20 | high],
      i,
    );
  }
  return new Float64Array(words.buffer);
}

/** A number, what lies next to it in f64 on both sides, and all of that with the other sign. */
export function around(...places: readonly number[]): number[] {
  return places.flatMap((place) => {
    const bits = new BigInt64Array(Float64Array.of(place).buffer)[0] ?? 0n;
    const near = [-2n, -1n, 0n, 1n, 2n].map((step) => bits + step).filter((one) => one >= 0n);
    return [...new Float64Array(BigInt64Array.from(near).buffer)].flatMap((x) => [x, -x]);
  });
}
