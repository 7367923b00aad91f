// Dropout by a hash of the element's index: see ../reference/dropout.ts, whose bits these are.

export function dropout(
  n: i32,
  key0: i32,
  key1: i32,
  threshold: i32,
  scale: f32,
  x: usize,
  y: usize,
): void {
  // Constant vectors before the loop: inside they would be built again for each element.
  const m0 = i32x4.splat(<i32>0xed5ad4bb);
  const m1 = i32x4.splat(<i32>0xac4c1b51);
  const m2 = i32x4.splat(<i32>0x31848bab);
  const k0 = i32x4.splat(key0);
  const k1 = i32x4.splat(key1);
  const least = i32x4.splat(threshold);
  const factor = f32x4.splat(scale);
  const four = i32x4.splat(4);
  let index = i32x4(0, 1, 2, 3);
  let i = 0;
  for (; i + 4 <= n; i += 4, x += 16, y += 16) {
    let h = v128.xor(index, k0);
    h = v128.xor(h, i32x4.shr_u(h, 17));
    h = i32x4.add(i32x4.mul(h, m0), k1);
    h = v128.xor(h, i32x4.shr_u(h, 11));
    h = i32x4.mul(h, m1);
    h = v128.xor(h, i32x4.shr_u(h, 15));
    h = i32x4.mul(h, m2);
    h = v128.xor(h, i32x4.shr_u(h, 14));
    v128.store(y, v128.and(i32x4.ge_u(h, least), f32x4.mul(v128.load(x), factor)));
    index = i32x4.add(index, four);
  }
  for (; i < n; i++, x += 4, y += 4) {
    let h: u32 = <u32>i ^ <u32>key0;
    h ^= h >> 17;
    h = h * 0xed5ad4bb + <u32>key1;
    h ^= h >> 11;
    h *= 0xac4c1b51;
    h ^= h >> 15;
    h *= 0x31848bab;
    h ^= h >> 14;
    store<f32>(y, h >= <u32>threshold ? load<f32>(x) * scale : 0);
  }
}
