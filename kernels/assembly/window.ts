// What lies behind a 2x2 window of four neighbouring channels: the greatest and its place, dropout.
import { FACTOR0, FACTOR1, FACTOR2, hash4 } from "./hash";

/** relu: what is below 0 becomes 0, NaN stays. */
// @ts-ignore: decorator
@inline
export function positive(v: v128, zero: v128): v128 {
  return v128.andnot(v, f32x4.lt(v, zero));
}

/** Where the second of two is greater: a NaN counts as the greatest, so that it is not hidden. */
// @ts-ignore: decorator
@inline
export function beats(value: v128, best: v128): v128 {
  return v128.or(f32x4.gt(value, best), v128.andnot(f32x4.ne(value, value), f32x4.ne(best, best)));
}

/** Which of the elements from index `first` on are kept. */
// @ts-ignore: decorator
@inline
export function kept4(first: i32, keys: usize, threshold: i32): v128 {
  const index = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  const hash = hash4(
    index, v128.load32_splat(keys), v128.load32_splat(keys, 4),
    i32x4.splat(FACTOR0), i32x4.splat(FACTOR1), i32x4.splat(FACTOR2),
  );
  return i32x4.ge_u(hash, i32x4.splat(threshold));
}

/** Writes four places as bytes, 255 where it is not alive. */
// @ts-ignore: decorator
@inline
export function storeCodes(code: v128, alive: v128, to: usize): void {
  const all = v128.or(code, v128.not(alive));
  const narrow = i16x8.narrow_i32x4_s(all, all);
  v128.store32_lane(to, i8x16.narrow_i16x8_s(narrow, narrow), 0);
}

/** The place of the first greatest; a NaN is greater than all, so that it is not hidden. */
export function placeOf(v0: v128, v1: v128, v2: v128, v3: v128): v128 {
  let best = v0;
  let mask = beats(v1, best);
  best = v128.bitselect(v1, best, mask);
  let code = v128.and(mask, i32x4.splat(1));
  mask = beats(v2, best);
  best = v128.bitselect(v2, best, mask);
  code = v128.bitselect(i32x4.splat(2), code, mask);
  return v128.bitselect(i32x4.splat(3), code, beats(v3, best));
}

/**
 * Four neighbouring channels of a 2x2 window: the first greatest, relu, dropout where `drop` is true, of the
 * elements of these indices, into four floats at y; and unless it is 0 into four bytes at `codes` the place of the
 * greatest (0 to 3), or 255 where no gradient goes. The constants come from outside: in a loop they would be
 * built each time.
 */
// @ts-ignore: decorator
@inline
export function poolWindow(
  v0: v128, v1: v128, v2: v128, v3: v128, y: usize, codes: usize, drop: bool, index: v128,
  key0: v128, key1: v128, factor0: v128, factor1: v128, factor2: v128, least: v128, factor: v128,
): void {
  const zero = f32x4.splat(0);
  const sum = f32x4.add(f32x4.add(v0, v1), f32x4.add(v2, v3));
  let best = f32x4.pmax(f32x4.pmax(v0, v1), f32x4.pmax(v2, v3));
  let code = zero;
  if (v128.any_true(f32x4.ne(sum, sum))) {
    // A NaN is among them, or both infinities: the greatest is what `placeOf` says.
    code = placeOf(v0, v1, v2, v3);
    best = v128.bitselect(v0, v1, i32x4.eq(code, zero));
    best = v128.bitselect(v2, best, i32x4.eq(code, i32x4.splat(2)));
    best = v128.bitselect(v3, best, i32x4.eq(code, i32x4.splat(3)));
  } else if (codes) {
    // The first that is the greatest: 3 less one if it is the third; 1 where it is the second; 0 the first.
    const second = f32x4.eq(best, v1);
    const later = i32x4.add(i32x4.splat(3), f32x4.eq(best, v2));
    code = v128.or(v128.andnot(later, second), i32x4.shr_u(second, 31));
    code = v128.andnot(code, f32x4.eq(best, v0));
  }
  let alive = f32x4.gt(best, zero);
  best = positive(best, zero);
  if (drop) {
    const kept = i32x4.ge_u(hash4(index, key0, key1, factor0, factor1, factor2), least);
    best = v128.and(kept, f32x4.mul(best, factor));
    alive = v128.and(alive, kept);
  }
  v128.store(y, best);
  if (codes) storeCodes(code, alive, codes);
}
