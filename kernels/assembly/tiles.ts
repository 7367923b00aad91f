// Register tiles of the matrix products. Whatever the tile, an element's sum runs over k in order, so
// the tiling changes no bit. Rows of `a` are reached by pointers: they may be pixels' windows.

import { lane0, lane1, lane2, lane3 } from "./lanes";
import { FACTOR0, FACTOR1, FACTOR2 } from "./hash";
import { poolWindow, positive } from "./window";

/** Whether four rows are a pool's window. */
let pools: bool = false;
/** Address of the two keys of dropout's hash, 0 for none; what is kept, and what it is multiplied by. */
let dropKeys: usize = 0;
let dropBelow: i32 = 0;
let dropScale: f32 = 1;

/** Makes the rows that follow windows, with this behind the pool. */
export function poolWith(keys: usize, threshold: i32, scale: f32): void {
  pools = true;
  dropKeys = keys;
  dropBelow = threshold;
  dropScale = scale;
}

/** What is done with a window of the elements from index `first` on. */
// @ts-ignore: decorator
@inline
function pooled(
  v0: v128, v1: v128, v2: v128, v3: v128, y: usize, codes: usize, first: i32,
): void {
  poolWindow(
    v0, v1, v2, v3, y, codes, dropKeys != 0, i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3)),
    v128.load32_splat(dropKeys), v128.load32_splat(dropKeys, 4),
    i32x4.splat(FACTOR0), i32x4.splat(FACTOR1), i32x4.splat(FACTOR2), i32x4.splat(dropBelow),
    f32x4.splat(dropScale),
  );
}

/**
 * Four rows times panels of eight columns: y[i][8p .. 8p+8) = start + sum over k of a_i[k] * w_p[k].
 * A row of `a` is `segments` pieces of k floats, `segmentStride` apart; w's rows go on through them,
 * `wStride` apart, panel p at w + p * panelStride. `start`: 0 for zeros, or rows `startStride` apart (y
 * itself to go on, a bias with stride 0). Strides in bytes. Then relu where it is 1.
 *
 * After `poolWith` the four rows are the pixels of a 2x2 pool's window, and one row is written: see `poolWindow`.
 */
export function rows4(
  a0: usize, a1: usize, a2: usize, a3: usize, segments: i32, segmentStride: usize, k: i32,
  w: usize, wStride: usize, panels: i32, panelStride: usize,
  start: usize, startStride: usize, relu: i32, y: usize, yStride: usize, codes: usize, first: i32,
): void {
  const zero = f32x4.splat(0);
  const whole = <usize>(k & ~3) << 2;
  const bytes = <usize>k << 2;
  for (let panel = 0; panel < panels; panel++) {
    let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
    let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
    if (start) {
      let p = start;
      s00 = v128.load(p);
      s01 = v128.load(p, 16);
      p += startStride;
      s10 = v128.load(p);
      s11 = v128.load(p, 16);
      p += startStride;
      s20 = v128.load(p);
      s21 = v128.load(p, 16);
      p += startStride;
      s30 = v128.load(p);
      s31 = v128.load(p, 16);
      start += 32;
    }
    let q = w;
    let piece: usize = 0;
    for (let segment = 0; segment < segments; segment++) {
      let i = piece;
      const end = piece + bytes;
      for (const stop = piece + whole; i < stop; i += 16) {
        const v0 = v128.load(a0 + i);
        const v1 = v128.load(a1 + i);
        const v2 = v128.load(a2 + i);
        const v3 = v128.load(a3 + i);
        let w0 = v128.load(q);
        let w1 = v128.load(q, 16);
        q += wStride;
        let v = lane0(v0);
        s00 = f32x4.add(s00, f32x4.mul(v, w0));
        s01 = f32x4.add(s01, f32x4.mul(v, w1));
        v = lane0(v1);
        s10 = f32x4.add(s10, f32x4.mul(v, w0));
        s11 = f32x4.add(s11, f32x4.mul(v, w1));
        v = lane0(v2);
        s20 = f32x4.add(s20, f32x4.mul(v, w0));
        s21 = f32x4.add(s21, f32x4.mul(v, w1));
        v = lane0(v3);
        s30 = f32x4.add(s30, f32x4.mul(v, w0));
        s31 = f32x4.add(s31, f32x4.mul(v, w1));
        w0 = v128.load(q);
        w1 = v128.load(q, 16);
        q += wStride;
        v = lane1(v0);
        s00 = f32x4.add(s00, f32x4.mul(v, w0));
        s01 = f32x4.add(s01, f32x4.mul(v, w1));
        v = lane1(v1);
        s10 = f32x4.add(s10, f32x4.mul(v, w0));
        s11 = f32x4.add(s11, f32x4.mul(v, w1));
        v = lane1(v2);
        s20 = f32x4.add(s20, f32x4.mul(v, w0));
        s21 = f32x4.add(s21, f32x4.mul(v, w1));
        v = lane1(v3);
        s30 = f32x4.add(s30, f32x4.mul(v, w0));
        s31 = f32x4.add(s31, f32x4.mul(v, w1));
        w0 = v128.load(q);
        w1 = v128.load(q, 16);
        q += wStride;
        v = lane2(v0);
        s00 = f32x4.add(s00, f32x4.mul(v, w0));
        s01 = f32x4.add(s01, f32x4.mul(v, w1));
        v = lane2(v1);
        s10 = f32x4.add(s10, f32x4.mul(v, w0));
        s11 = f32x4.add(s11, f32x4.mul(v, w1));
        v = lane2(v2);
        s20 = f32x4.add(s20, f32x4.mul(v, w0));
        s21 = f32x4.add(s21, f32x4.mul(v, w1));
        v = lane2(v3);
        s30 = f32x4.add(s30, f32x4.mul(v, w0));
        s31 = f32x4.add(s31, f32x4.mul(v, w1));
        w0 = v128.load(q);
        w1 = v128.load(q, 16);
        q += wStride;
        v = lane3(v0);
        s00 = f32x4.add(s00, f32x4.mul(v, w0));
        s01 = f32x4.add(s01, f32x4.mul(v, w1));
        v = lane3(v1);
        s10 = f32x4.add(s10, f32x4.mul(v, w0));
        s11 = f32x4.add(s11, f32x4.mul(v, w1));
        v = lane3(v2);
        s20 = f32x4.add(s20, f32x4.mul(v, w0));
        s21 = f32x4.add(s21, f32x4.mul(v, w1));
        v = lane3(v3);
        s30 = f32x4.add(s30, f32x4.mul(v, w0));
        s31 = f32x4.add(s31, f32x4.mul(v, w1));
      }
      for (; i < end; i += 4) {
        const w0 = v128.load(q);
        const w1 = v128.load(q, 16);
        q += wStride;
        let v = v128.load32_splat(a0 + i);
        s00 = f32x4.add(s00, f32x4.mul(v, w0));
        s01 = f32x4.add(s01, f32x4.mul(v, w1));
        v = v128.load32_splat(a1 + i);
        s10 = f32x4.add(s10, f32x4.mul(v, w0));
        s11 = f32x4.add(s11, f32x4.mul(v, w1));
        v = v128.load32_splat(a2 + i);
        s20 = f32x4.add(s20, f32x4.mul(v, w0));
        s21 = f32x4.add(s21, f32x4.mul(v, w1));
        v = v128.load32_splat(a3 + i);
        s30 = f32x4.add(s30, f32x4.mul(v, w0));
        s31 = f32x4.add(s31, f32x4.mul(v, w1));
      }
      piece += segmentStride;
    }
    if (pools) {
      pooled(s00, s10, s20, s30, y, codes, first);
      pooled(s01, s11, s21, s31, y + 16, codes ? codes + 4 : 0, first + 4);
      if (codes) codes += 8;
      first += 8;
    } else {
      if (relu) {
        s00 = positive(s00, zero);
        s01 = positive(s01, zero);
        s10 = positive(s10, zero);
        s11 = positive(s11, zero);
        s20 = positive(s20, zero);
        s21 = positive(s21, zero);
        s30 = positive(s30, zero);
        s31 = positive(s31, zero);
      }
      let to = y;
      v128.store(to, s00);
      v128.store(to, s01, 16);
      to += yStride;
      v128.store(to, s10);
      v128.store(to, s11, 16);
      to += yStride;
      v128.store(to, s20);
      v128.store(to, s21, 16);
      to += yStride;
      v128.store(to, s30);
      v128.store(to, s31, 16);
    }
    y += 32;
    w += panelStride;
  }
}

/** The same for one row. */
export function row1(
  a: usize, k: i32, w: usize, wStride: usize, n: i32, start: usize, y: usize,
): void {
  const bytes = <usize>k << 2;
  let c = 0;
  for (; c + 8 <= n; c += 8) {
    const at = <usize>c << 2;
    let s0 = f32x4.splat(0), s1 = s0;
    if (start) {
      s0 = v128.load(start + at);
      s1 = v128.load(start + at, 16);
    }
    let q = w + at;
    for (let i: usize = 0; i < bytes; i += 4, q += wStride) {
      const v = v128.load32_splat(a + i);
      s0 = f32x4.add(s0, f32x4.mul(v, v128.load(q)));
      s1 = f32x4.add(s1, f32x4.mul(v, v128.load(q, 16)));
    }
    v128.store(y + at, s0);
    v128.store(y + at, s1, 16);
  }
  if (c + 4 <= n) {
    const at = <usize>c << 2;
    let s0 = start ? v128.load(start + at) : f32x4.splat(0);
    let q = w + at;
    for (let i: usize = 0; i < bytes; i += 4, q += wStride) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load32_splat(a + i), v128.load(q)));
    }
    v128.store(y + at, s0);
    c += 4;
  }
  for (; c < n; c++) {
    const at = <usize>c << 2;
    let s: f32 = start ? load<f32>(start + at) : 0;
    let q = w + at;
    for (let i: usize = 0; i < bytes; i += 4, q += wStride) s += load<f32>(a + i) * load<f32>(q);
    store<f32>(y + at, s);
  }
}

/**
 * dw[i][0..n) += sum over rows of x[row][i] * dy[row][0..n), for four neighbouring columns i of x. The
 * rows come in `blocks` of `rows`: x's are `xStride` apart and its blocks `xBlock`; dy's go on, `dyStride`
 * apart. Strides in bytes.
 */
export function outer4(
  x: usize, xStride: usize, xBlock: usize, dy: usize, dyStride: usize, rows: i32, blocks: i32,
  n: i32, dw: usize, dwStride: usize,
): void {
  let c = 0;
  for (; c + 8 <= n; c += 8) {
    const at = <usize>c << 2;
    let to = dw + at;
    let s00 = v128.load(to), s01 = v128.load(to, 16);
    to += dwStride;
    let s10 = v128.load(to), s11 = v128.load(to, 16);
    to += dwStride;
    let s20 = v128.load(to), s21 = v128.load(to, 16);
    to += dwStride;
    let s30 = v128.load(to), s31 = v128.load(to, 16);
    let q = dy + at;
    for (let block = 0; block < blocks; block++) {
      let p = x + <usize>block * xBlock;
      for (let r = 0; r < rows; r++) {
        const four = v128.load(p);
        p += xStride;
        const d0 = v128.load(q);
        const d1 = v128.load(q, 16);
        q += dyStride;
        let v = lane0(four);
        s00 = f32x4.add(s00, f32x4.mul(v, d0));
        s01 = f32x4.add(s01, f32x4.mul(v, d1));
        v = lane1(four);
        s10 = f32x4.add(s10, f32x4.mul(v, d0));
        s11 = f32x4.add(s11, f32x4.mul(v, d1));
        v = lane2(four);
        s20 = f32x4.add(s20, f32x4.mul(v, d0));
        s21 = f32x4.add(s21, f32x4.mul(v, d1));
        v = lane3(four);
        s30 = f32x4.add(s30, f32x4.mul(v, d0));
        s31 = f32x4.add(s31, f32x4.mul(v, d1));
      }
    }
    to = dw + at;
    v128.store(to, s00);
    v128.store(to, s01, 16);
    to += dwStride;
    v128.store(to, s10);
    v128.store(to, s11, 16);
    to += dwStride;
    v128.store(to, s20);
    v128.store(to, s21, 16);
    to += dwStride;
    v128.store(to, s30);
    v128.store(to, s31, 16);
  }
  if (c < n) {
    dy += <usize>c << 2;
    dw += <usize>c << 2;
    for (let i = 0; i < 4; i++, x += 4, dw += dwStride) {
      outer1(x, xStride, xBlock, dy, dyStride, rows, blocks, n - c, dw);
    }
  }
}

/** The same for one column of x. */
export function outer1(
  x: usize, xStride: usize, xBlock: usize, dy: usize, dyStride: usize, rows: i32, blocks: i32,
  n: i32, dw: usize,
): void {
  let c = 0;
  for (; c + 16 <= n; c += 16) {
    const at = <usize>c << 2;
    let s0 = v128.load(dw + at), s1 = v128.load(dw + at, 16);
    let s2 = v128.load(dw + at, 32), s3 = v128.load(dw + at, 48);
    let q = dy + at;
    for (let block = 0; block < blocks; block++) {
      let p = x + <usize>block * xBlock;
      for (let r = 0; r < rows; r++, p += xStride, q += dyStride) {
        const v = v128.load32_splat(p);
        s0 = f32x4.add(s0, f32x4.mul(v, v128.load(q)));
        s1 = f32x4.add(s1, f32x4.mul(v, v128.load(q, 16)));
        s2 = f32x4.add(s2, f32x4.mul(v, v128.load(q, 32)));
        s3 = f32x4.add(s3, f32x4.mul(v, v128.load(q, 48)));
      }
    }
    v128.store(dw + at, s0);
    v128.store(dw + at, s1, 16);
    v128.store(dw + at, s2, 32);
    v128.store(dw + at, s3, 48);
  }
  for (; c + 4 <= n; c += 4) {
    const at = <usize>c << 2;
    let s = v128.load(dw + at);
    let q = dy + at;
    for (let block = 0; block < blocks; block++) {
      let p = x + <usize>block * xBlock;
      for (let r = 0; r < rows; r++, p += xStride, q += dyStride) {
        s = f32x4.add(s, f32x4.mul(v128.load32_splat(p), v128.load(q)));
      }
    }
    v128.store(dw + at, s);
  }
  for (; c < n; c++) {
    const at = <usize>c << 2;
    let s = load<f32>(dw + at);
    let q = dy + at;
    for (let block = 0; block < blocks; block++) {
      let p = x + <usize>block * xBlock;
      for (let r = 0; r < rows; r++, p += xStride, q += dyStride) s += load<f32>(p) * load<f32>(q);
    }
    store<f32>(dw + at, s);
  }
}
