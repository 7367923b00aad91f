// Dropout by a hash of the element's index.
import { FACTOR0, FACTOR1, FACTOR2, hash1, hash4 } from "./hash";

/** Of n elements, the first of index `first`, a multiple of 4; `keys` is the address of the hash's two keys. */
export function dropout(
  n: i32, first: i32, keys: usize, threshold: i32, scale: f32, x: usize, y: usize,
): void {
  // Constant vectors before the loop: inside they would be built again for each element.
  const key0 = v128.load32_splat(keys), key1 = v128.load32_splat(keys, 4);
  const factor0 = i32x4.splat(FACTOR0), factor1 = i32x4.splat(FACTOR1);
  const factor2 = i32x4.splat(FACTOR2);
  const least = i32x4.splat(threshold);
  const factor = f32x4.splat(scale);
  const four = i32x4.splat(4);
  let index = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  let i = 0;
  for (; i + 4 <= n; i += 4, x += 16, y += 16) {
    const kept = i32x4.ge_u(hash4(index, key0, key1, factor0, factor1, factor2), least);
    v128.store(y, v128.and(kept, f32x4.mul(v128.load(x), factor)));
    index = i32x4.add(index, four);
  }
  for (; i < n; i++, x += 4, y += 4) {
    const kept = hash1(<u32>(first + i), keys) >= <u32>threshold;
    store<f32>(y, kept ? load<f32>(x) * scale : 0);
  }
}
