// Gradients by kernels of few taps, which panels of taps would leave half empty.

/**
 * The gradient by a kernel of few taps, filters a multiple of 8: each image's own [taps][filters] at `to`, which
 * `total` adds up. Eight filters and four taps a walk over an image's pixels.
 */
export function shortGradient(
  batch: i32, rowBytes: usize, frameBytes: usize, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, outHeight: i32, outWidth: i32, filters: i32,
  frame: usize, dy: usize, to: usize,
): void {
  const stride = <usize>filters << 2;
  const stepX = <usize>strideX * (<usize>channels << 2);
  const turn = <usize>strideY * rowBytes - <usize>outWidth * stepX;
  const many = kernelWidth * channels;
  const taps = kernelHeight * many;
  for (let b = 0; b < batch; b++, frame += frameBytes, to += <usize>taps * stride) {
    for (let t = 0; t < taps; t += 4) {
      const a0 = frame + offsetOf(t, taps, many, rowBytes);
      const a1 = frame + offsetOf(t + 1, taps, many, rowBytes);
      const a2 = frame + offsetOf(t + 2, taps, many, rowBytes);
      const a3 = frame + offsetOf(t + 3, taps, many, rowBytes);
      for (let c: usize = 0; c < stride; c += 32) {
        let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
        let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
        let d = dy + c;
        let at: usize = 0;
        for (let oy = 0; oy < outHeight; oy++, at += turn) {
          for (let ox = 0; ox < outWidth; ox++, at += stepX, d += stride) {
            const d0 = v128.load(d);
            const d1 = v128.load(d, 16);
            let v = v128.load32_splat(a0 + at);
            s00 = f32x4.add(s00, f32x4.mul(v, d0));
            s01 = f32x4.add(s01, f32x4.mul(v, d1));
            v = v128.load32_splat(a1 + at);
            s10 = f32x4.add(s10, f32x4.mul(v, d0));
            s11 = f32x4.add(s11, f32x4.mul(v, d1));
            v = v128.load32_splat(a2 + at);
            s20 = f32x4.add(s20, f32x4.mul(v, d0));
            s21 = f32x4.add(s21, f32x4.mul(v, d1));
            v = v128.load32_splat(a3 + at);
            s30 = f32x4.add(s30, f32x4.mul(v, d0));
            s31 = f32x4.add(s31, f32x4.mul(v, d1));
          }
        }
        const own = to + <usize>t * stride + c;
        storePair(own, s00, s01);
        if (t + 1 < taps) storePair(own + stride, s10, s11);
        if (t + 2 < taps) storePair(own + 2 * stride, s20, s21);
        if (t + 3 < taps) storePair(own + 3 * stride, s30, s31);
      }
    }
    dy += <usize>(outHeight * outWidth) * stride;
  }
}

// @ts-ignore: decorator
@inline
function storePair(to: usize, s0: v128, s1: v128): void {
  v128.store(to, s0);
  v128.store(to, s1, 16);
}

/** to[0..n) = the sum of `batch` rows of `stride` floats, in order; n a multiple of 4. */
export function total(batch: i32, stride: i32, n: i32, from: usize, to: usize): void {
  for (const end = to + (<usize>n << 2); to < end; to += 16, from += 16) {
    let sum = f32x4.splat(0);
    let p = from;
    for (let b = 0; b < batch; b++, p += <usize>stride << 2) sum = f32x4.add(sum, v128.load(p));
    v128.store(to, sum);
  }
}

/** Where a tap lies in a window; that of the last for those beyond it, which are not kept. */
function offsetOf(tap: i32, taps: i32, many: i32, rowBytes: usize): usize {
  const t = min(tap, taps - 1);
  return <usize>(t / many) * rowBytes + (<usize>(t % many) << 2);
}
