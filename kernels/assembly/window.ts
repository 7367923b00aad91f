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
