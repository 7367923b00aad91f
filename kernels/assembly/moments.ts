// Sums of an image's channels, in f64 and in the order of its pixels.

// @ts-ignore: decorator
@inline
export function two(address: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(address));
}

/** [2][channels] f64 at `to`: each channel's sum and sum of squares; channels a multiple of 8. */
export function moments(pixels: i32, channels: i32, x: usize, to: usize): void {
  const stride = <usize>channels << 2;
  const squares = to + (<usize>channels << 3);
  for (let c: usize = 0; c < stride; c += 32) {
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let q0 = s0, q1 = s0, q2 = s0, q3 = s0;
    let p = x + c;
    for (let i = 0; i < pixels; i++, p += stride) {
      let v = two(p);
      s0 = f64x2.add(s0, v);
      q0 = f64x2.add(q0, f64x2.mul(v, v));
      v = two(p + 8);
      s1 = f64x2.add(s1, v);
      q1 = f64x2.add(q1, f64x2.mul(v, v));
      v = two(p + 16);
      s2 = f64x2.add(s2, v);
      q2 = f64x2.add(q2, f64x2.mul(v, v));
      v = two(p + 24);
      s3 = f64x2.add(s3, v);
      q3 = f64x2.add(q3, f64x2.mul(v, v));
    }
    const at = to + 2 * c;
    v128.store(at, s0);
    v128.store(at, s1, 16);
    v128.store(at, s2, 32);
    v128.store(at, s3, 48);
    const below = squares + 2 * c;
    v128.store(below, q0);
    v128.store(below, q1, 16);
    v128.store(below, q2, 32);
    v128.store(below, q3, 48);
  }
}
