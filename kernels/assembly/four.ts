// A convolution by four taps, a 2x2 kernel on one channel: the nine pixels under a pool's window are in
// registers at once, and so are the weights of eight filters.
import { FACTOR0, FACTOR1, FACTOR2 } from "./hash";
import { lane0, lane1, lane2 } from "./lanes";
import { poolWindow } from "./window";

// @ts-ignore: decorator
@inline
function sum4(
  bias: v128, x0: v128, x1: v128, x2: v128, x3: v128, w0: v128, w1: v128, w2: v128, w3: v128,
): v128 {
  const one = f32x4.add(f32x4.add(bias, f32x4.mul(x0, w0)), f32x4.mul(x1, w1));
  return f32x4.add(f32x4.add(one, f32x4.mul(x2, w2)), f32x4.mul(x3, w3));
}

/** `forward` of fused.ts for these shapes, with the same bits; a row of frames holds a float more than windows read. */
export function forwardFour(
  batch: i32, rowBytes: usize, frameBytes: usize, poolHeight: i32, poolWidth: i32, filters: i32,
  frame: usize, packed: usize, start: usize, y: usize, codes: usize,
  first: i32, keys: usize, threshold: i32, scale: f32,
): void {
  // Constant vectors before the loops: inside they would be built again for each window.
  const drop = keys != 0;
  const key0 = v128.load32_splat(keys), key1 = v128.load32_splat(keys, 4);
  const factor0 = i32x4.splat(FACTOR0), factor1 = i32x4.splat(FACTOR1), factor2 = i32x4.splat(FACTOR2);
  const least = i32x4.splat(threshold), factor = f32x4.splat(scale), order = i32x4(0, 1, 2, 3);
  const step = i32x4.splat(filters);
  for (let b = 0; b < batch; b++, frame += frameBytes) {
    for (let py = 0; py < poolHeight; py++) {
      const above = frame + <usize>(2 * py) * rowBytes;
      for (let f = 0; f < filters; f += 4) {
        // A panel of eight filters is [4 taps][8].
        const w = packed + <usize>(f >> 3 << 7) + <usize>(f & 4) * 4;
        const w0 = v128.load(w), w1 = v128.load(w, 32), w2 = v128.load(w, 64), w3 = v128.load(w, 96);
        const bias = v128.load(start + (<usize>f << 2));
        let p = above;
        let to = y + (<usize>f << 2);
        let place = codes ? codes + <usize>f : 0;
        let at = i32x4.add(i32x4.splat(first + f), order);
        for (let px = 0; px < poolWidth; px++) {
          const r0 = v128.load(p), r1 = v128.load(p + rowBytes), r2 = v128.load(p + 2 * rowBytes);
          const a0 = lane0(r0), a1 = lane1(r0), a2 = lane2(r0);
          const b0 = lane0(r1), b1 = lane1(r1), b2 = lane2(r1);
          const c0 = lane0(r2), c1 = lane1(r2), c2 = lane2(r2);
          const v0 = sum4(bias, a0, a1, b0, b1, w0, w1, w2, w3);
          const v1 = sum4(bias, a1, a2, b1, b2, w0, w1, w2, w3);
          const v2 = sum4(bias, b0, b1, c0, c1, w0, w1, w2, w3);
          const v3 = sum4(bias, b1, b2, c1, c2, w0, w1, w2, w3);
          poolWindow(
            v0, v1, v2, v3, to, place, drop, at, key0, key1, factor0, factor1, factor2, least, factor,
          );
          p += 8;
          to += <usize>filters << 2;
          if (codes) place += <usize>filters;
          at = i32x4.add(at, step);
        }
      }
      const row = poolWidth * filters;
      y += <usize>row << 2;
      if (codes) codes += <usize>row;
      first += row;
    }
  }
}
