// Dropout's hash of an element's index: see ../reference/dropout.ts, whose bits these are.

/** Of four indices. Key and constant vectors come from outside: in a loop they would be built each time. */
// @ts-ignore: decorator
@inline
export function hash4(
  index: v128, key0: v128, key1: v128, factor0: v128, factor1: v128, factor2: v128,
): v128 {
  let h = v128.xor(index, key0);
  h = v128.xor(h, i32x4.shr_u(h, 17));
  h = i32x4.add(i32x4.mul(h, factor0), key1);
  h = v128.xor(h, i32x4.shr_u(h, 11));
  h = i32x4.mul(h, factor1);
  h = v128.xor(h, i32x4.shr_u(h, 15));
  h = i32x4.mul(h, factor2);
  return v128.xor(h, i32x4.shr_u(h, 14));
}

export const FACTOR0: u32 = 0xed5ad4bb;
export const FACTOR1: u32 = 0xac4c1b51;
export const FACTOR2: u32 = 0x31848bab;

/** Of one; `keys` is the address of the two keys. */
export function hash1(index: u32, keys: usize): u32 {
  let h = index ^ load<u32>(keys);
  h ^= h >> 17;
  h = h * FACTOR0 + load<u32>(keys, 4);
  h ^= h >> 11;
  h *= FACTOR1;
  h ^= h >> 15;
  h *= FACTOR2;
  return h ^ (h >> 14);
}
