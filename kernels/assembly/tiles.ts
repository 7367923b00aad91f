// Register tiles of the matrix products. Whatever the tile, an element's sum runs over k in order, so
// the tiling changes no bit. Rows of `a` are reached by pointers: they may be pixels' windows.

/**
 * y[i][0..n) = start + sum over k of a_i[k] * w[k][0..n), for four rows i. `start`: 0 for zeros, or
 * rows `startStride` bytes apart (y itself to go on, a bias with stride 0). Strides in bytes.
 */
export function rows4(
  a0: usize, a1: usize, a2: usize, a3: usize, k: i32, w: usize, wStride: usize, n: i32,
  start: usize, startStride: usize, y: usize, yStride: usize,
): void {
  const bytes = <usize>k << 2;
  let c = 0;
  for (; c + 8 <= n; c += 8) {
    let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
    let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
    const at = <usize>c << 2;
    if (start) {
      let p = start + at;
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
    }
    let q = w + at;
    for (let i: usize = 0; i < bytes; i += 4) {
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
    let to = y + at;
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
  if (c < n) {
    const at = <usize>c << 2;
    const left = n - c;
    const from = start ? start + at : 0;
    row1(a0, k, w + at, wStride, left, from, y + at);
    row1(a1, k, w + at, wStride, left, start ? from + startStride : 0, y + at + yStride);
    row1(a2, k, w + at, wStride, left, start ? from + 2 * startStride : 0, y + at + 2 * yStride);
    row1(a3, k, w + at, wStride, left, start ? from + 3 * startStride : 0, y + at + 3 * yStride);
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
 * dw[i][0..n) += sum over r of x_i[r] * dy[r][0..n), for four columns i of x at four pointers that
 * advance by xStride; rows of dy by dyStride, rows of dw by dwStride. All in bytes.
 */
export function outer4(
  x0: usize, x1: usize, x2: usize, x3: usize, xStride: usize, dy: usize, dyStride: usize,
  rows: i32, n: i32, dw: usize, dwStride: usize,
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
    let p: usize = 0;
    for (let r = 0; r < rows; r++) {
      const d0 = v128.load(q);
      const d1 = v128.load(q, 16);
      q += dyStride;
      let v = v128.load32_splat(x0 + p);
      s00 = f32x4.add(s00, f32x4.mul(v, d0));
      s01 = f32x4.add(s01, f32x4.mul(v, d1));
      v = v128.load32_splat(x1 + p);
      s10 = f32x4.add(s10, f32x4.mul(v, d0));
      s11 = f32x4.add(s11, f32x4.mul(v, d1));
      v = v128.load32_splat(x2 + p);
      s20 = f32x4.add(s20, f32x4.mul(v, d0));
      s21 = f32x4.add(s21, f32x4.mul(v, d1));
      v = v128.load32_splat(x3 + p);
      s30 = f32x4.add(s30, f32x4.mul(v, d0));
      s31 = f32x4.add(s31, f32x4.mul(v, d1));
      p += xStride;
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
    const at = <usize>c << 2;
    outer1(x0, xStride, dy + at, dyStride, rows, n - c, dw + at);
    outer1(x1, xStride, dy + at, dyStride, rows, n - c, dw + at + dwStride);
    outer1(x2, xStride, dy + at, dyStride, rows, n - c, dw + at + 2 * dwStride);
    outer1(x3, xStride, dy + at, dyStride, rows, n - c, dw + at + 3 * dwStride);
  }
}

/** The same for one column of x. */
export function outer1(
  x: usize, xStride: usize, dy: usize, dyStride: usize, rows: i32, n: i32, dw: usize,
): void {
  let c = 0;
  for (; c + 4 <= n; c += 4) {
    const at = <usize>c << 2;
    let s = v128.load(dw + at);
    let p = x, q = dy + at;
    for (let r = 0; r < rows; r++, p += xStride, q += dyStride) {
      s = f32x4.add(s, f32x4.mul(v128.load32_splat(p), v128.load(q)));
    }
    v128.store(dw + at, s);
  }
  for (; c < n; c++) {
    const at = <usize>c << 2;
    let s = load<f32>(dw + at);
    let p = x, q = dy + at;
    for (let r = 0; r < rows; r++, p += xStride, q += dyStride) s += load<f32>(p) * load<f32>(q);
    store<f32>(dw + at, s);
  }
}
