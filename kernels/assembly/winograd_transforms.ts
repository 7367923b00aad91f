// The transforms of Winograd's minimal filtering, one line (one dimension) at a time: a square is
// transformed by a pass over its columns and one over its rows. Three variants, named by the side of the
// transformed square (points of the Cook-Toom construction, infinity besides):
//   6: 4x4 outputs of a 3x3 kernel, points 0, +-3/4, +-3/2. These points are exact in binary, and the error is
//      half of that of the usual 0, +-1, +-2.
//   4: 2x2 outputs of a 3x3 kernel, points 0, +-1.
//   3: 2x2 outputs of a 2x2 kernel, points 0, 1.
// A line's elements lie `step` bytes apart, four channels each.

/** Constants that lines use, as vectors in the work area: a constant in a hot loop is built at each use. */
const A: f32 = 0.75, B: f32 = 1.5;
const AA: f32 = A * A, BB: f32 = B * B, AAA: f32 = A * A * A, BBB: f32 = B * B * B;
/** The kernel's weights at the points: 1 over the product of the distances to the other points. */
const W0: f32 = 1 / (AA * BB), WA: f32 = 1 / (2 * AA * (AA - BB)), WB: f32 = 1 / (2 * BB * (BB - AA));

/** Where the pieces of the work area lie: constants, a square between its two passes, a patch of pixels. */
export const SQUARE: usize = 256;
export const PATCH: usize = 1024;

function constant(work: usize, index: usize, value: f32): void {
  v128.store(work + (index << 4), f32x4.splat(value));
}

/** Writes the constants; `least` is what outputs are raised to. */
export function prepare(work: usize, least: f32): void {
  constant(work, 0, A);
  constant(work, 1, B);
  constant(work, 2, AA);
  constant(work, 3, BB);
  constant(work, 4, AAA);
  constant(work, 5, BBB);
  constant(work, 6, W0);
  constant(work, 7, WA);
  constant(work, 8, WB);
  constant(work, 9, least);
  constant(work, 10, 0.5);
}

// @ts-ignore: decorator
@inline
function inputLine6(
  from: usize, fromStep: usize, to: usize, toStep: usize, a: v128, b: v128, aa: v128, bb: v128,
): void {
  const d0 = v128.load(from);
  from += fromStep;
  const d1 = v128.load(from);
  from += fromStep;
  const d2 = v128.load(from);
  from += fromStep;
  const d3 = v128.load(from);
  from += fromStep;
  const d4 = v128.load(from);
  from += fromStep;
  const d5 = v128.load(from);
  let even = f32x4.sub(d4, f32x4.mul(bb, d2));
  let odd = f32x4.sub(d3, f32x4.mul(bb, d1));
  v128.store(to, f32x4.sub(even, f32x4.mul(aa, f32x4.sub(d2, f32x4.mul(bb, d0)))));
  to += toStep;
  const last = f32x4.sub(f32x4.sub(d5, f32x4.mul(bb, d3)), f32x4.mul(aa, odd));
  odd = f32x4.mul(a, odd);
  v128.store(to, f32x4.add(even, odd));
  to += toStep;
  v128.store(to, f32x4.sub(even, odd));
  to += toStep;
  even = f32x4.sub(d4, f32x4.mul(aa, d2));
  odd = f32x4.mul(b, f32x4.sub(d3, f32x4.mul(aa, d1)));
  v128.store(to, f32x4.add(even, odd));
  to += toStep;
  v128.store(to, f32x4.sub(even, odd));
  to += toStep;
  v128.store(to, last);
}

/** The input under a tile; squares of `count` quads of channels, `step` apart, each position `stride` apart. */
export function input6(
  work: usize, from: usize, row: usize, pixel: usize, to: usize, stride: usize, step: usize, count: i32,
): void {
  const a = v128.load(work), b = v128.load(work, 16);
  const aa = v128.load(work, 32), bb = v128.load(work, 48);
  const square = work + SQUARE;
  for (; count > 0; count--, from += 16, to += step) {
    let p = from, q = square;
    for (const end = square + 96; q < end; q += 16, p += pixel) inputLine6(p, row, q, 96, a, b, aa, bb);
    p = square;
    let t = to;
    for (const end = square + 576; p < end; p += 96, t += 6 * stride) {
      inputLine6(p, 16, t, stride, a, b, aa, bb);
    }
  }
}

// @ts-ignore: decorator
@inline
function inputLine4(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const d0 = v128.load(from);
  from += fromStep;
  const d1 = v128.load(from);
  from += fromStep;
  const d2 = v128.load(from);
  from += fromStep;
  const d3 = v128.load(from);
  v128.store(to, f32x4.sub(d0, d2));
  to += toStep;
  v128.store(to, f32x4.add(d1, d2));
  to += toStep;
  v128.store(to, f32x4.sub(d2, d1));
  to += toStep;
  v128.store(to, f32x4.sub(d1, d3));
}

export function input4(
  work: usize, from: usize, row: usize, pixel: usize, to: usize, stride: usize, step: usize, count: i32,
): void {
  const square = work + SQUARE;
  for (; count > 0; count--, from += 16, to += step) {
    let p = from, q = square;
    for (const end = square + 64; q < end; q += 16, p += pixel) inputLine4(p, row, q, 64);
    p = square;
    let t = to;
    for (const end = square + 256; p < end; p += 64, t += 4 * stride) inputLine4(p, 16, t, stride);
  }
}

// @ts-ignore: decorator
@inline
function storeLine3(to: usize, stride: usize, d0: v128, d1: v128, d2: v128): void {
  v128.store(to, f32x4.sub(d0, d1));
  v128.store(to + stride, d1);
  v128.store(to + 2 * stride, f32x4.sub(d2, d1));
}

/** Small enough for registers: the square between the passes is never stored. */
export function input3(
  from: usize, row: usize, pixel: usize, to: usize, stride: usize, step: usize, count: i32,
): void {
  for (; count > 0; count--, from += 16, to += step) {
    let p = from;
    let d0 = v128.load(p), d1 = v128.load(p + row), d2 = v128.load(p + 2 * row);
    const a0 = f32x4.sub(d0, d1), a1 = d1, a2 = f32x4.sub(d2, d1);
    p += pixel;
    d0 = v128.load(p);
    d1 = v128.load(p + row);
    d2 = v128.load(p + 2 * row);
    const b0 = f32x4.sub(d0, d1), b1 = d1, b2 = f32x4.sub(d2, d1);
    p += pixel;
    d0 = v128.load(p);
    d1 = v128.load(p + row);
    d2 = v128.load(p + 2 * row);
    storeLine3(to, stride, a0, b0, f32x4.sub(d0, d1));
    storeLine3(to + 3 * stride, stride, a1, b1, d1);
    storeLine3(to + 6 * stride, stride, a2, b2, f32x4.sub(d2, d1));
  }
}

// @ts-ignore: decorator
@inline
function outputLine6(
  from: usize, fromStep: usize, to: usize, toStep: usize, a: v128, b: v128, aa: v128, bb: v128,
  aaa: v128, bbb: v128, last: bool, bias: v128, least: v128,
): void {
  const m0 = v128.load(from);
  from += fromStep;
  const m1 = v128.load(from);
  from += fromStep;
  const m2 = v128.load(from);
  from += fromStep;
  const m3 = v128.load(from);
  from += fromStep;
  const m4 = v128.load(from);
  from += fromStep;
  const m5 = v128.load(from);
  const evenA = f32x4.add(m1, m2), oddA = f32x4.sub(m1, m2);
  const evenB = f32x4.add(m3, m4), oddB = f32x4.sub(m3, m4);
  let y = f32x4.add(m0, f32x4.add(evenA, evenB));
  v128.store(to, last ? f32x4.pmax(f32x4.add(y, bias), least) : y);
  to += toStep;
  y = f32x4.add(f32x4.mul(a, oddA), f32x4.mul(b, oddB));
  v128.store(to, last ? f32x4.pmax(f32x4.add(y, bias), least) : y);
  to += toStep;
  y = f32x4.add(f32x4.mul(aa, evenA), f32x4.mul(bb, evenB));
  v128.store(to, last ? f32x4.pmax(f32x4.add(y, bias), least) : y);
  to += toStep;
  y = f32x4.add(f32x4.add(f32x4.mul(aaa, oddA), f32x4.mul(bbb, oddB)), m5);
  v128.store(to, last ? f32x4.pmax(f32x4.add(y, bias), least) : y);
}

/** A tile of outputs from its products, with bias [4 * count] added; quads of products lie 64 bytes apart. */
export function output6(
  work: usize, from: usize, stride: usize, to: usize, row: usize, pixel: usize, bias: usize, count: i32,
): void {
  const a = v128.load(work), b = v128.load(work, 16);
  const aa = v128.load(work, 32), bb = v128.load(work, 48);
  const aaa = v128.load(work, 64), bbb = v128.load(work, 80);
  const least = v128.load(work, 144);
  const square = work + SQUARE;
  for (; count > 0; count--, from += 64, to += 16, bias += 16) {
    let p = from, q = square;
    for (const end = square + 96; q < end; q += 16, p += stride) {
      outputLine6(p, 6 * stride, q, 96, a, b, aa, bb, aaa, bbb, false, a, a);
    }
    const shift = v128.load(bias);
    p = square;
    let t = to;
    for (const end = square + 384; p < end; p += 96, t += row) {
      outputLine6(p, 16, t, pixel, a, b, aa, bb, aaa, bbb, true, shift, least);
    }
  }
}

// @ts-ignore: decorator
@inline
function outputLine4(
  from: usize, fromStep: usize, to: usize, toStep: usize, last: bool, bias: v128, least: v128,
): void {
  const m0 = v128.load(from);
  from += fromStep;
  const m1 = v128.load(from);
  from += fromStep;
  const m2 = v128.load(from);
  from += fromStep;
  const m3 = v128.load(from);
  let y = f32x4.add(m0, f32x4.add(m1, m2));
  v128.store(to, last ? f32x4.pmax(f32x4.add(y, bias), least) : y);
  to += toStep;
  y = f32x4.sub(f32x4.sub(m1, m2), m3);
  v128.store(to, last ? f32x4.pmax(f32x4.add(y, bias), least) : y);
}

export function output4(
  work: usize, from: usize, stride: usize, to: usize, row: usize, pixel: usize, bias: usize, count: i32,
): void {
  const least = v128.load(work, 144);
  const square = work + SQUARE;
  for (; count > 0; count--, from += 64, to += 16, bias += 16) {
    let p = from, q = square;
    for (const end = square + 64; q < end; q += 16, p += stride) {
      outputLine4(p, 4 * stride, q, 64, false, least, least);
    }
    const shift = v128.load(bias);
    outputLine4(square, 16, to, pixel, true, shift, least);
    outputLine4(square + 64, 16, to + row, pixel, true, shift, least);
  }
}

/** Small enough for registers. */
export function output3(
  work: usize, from: usize, stride: usize, to: usize, row: usize, pixel: usize, bias: usize, count: i32,
): void {
  const least = v128.load(work, 144);
  for (; count > 0; count--, from += 64, to += 16, bias += 16) {
    let p = from + 3 * stride;
    let m0 = v128.load(from), m1 = v128.load(p), m2 = v128.load(p + 3 * stride);
    const a0 = f32x4.add(m0, m1), a1 = f32x4.add(m1, m2);
    p = from + stride;
    m0 = v128.load(p);
    m1 = v128.load(p + 3 * stride);
    m2 = v128.load(p + 6 * stride);
    const b0 = f32x4.add(m0, m1), b1 = f32x4.add(m1, m2);
    p += stride;
    m0 = v128.load(p);
    m1 = v128.load(p + 3 * stride);
    m2 = v128.load(p + 6 * stride);
    const c0 = f32x4.add(m0, m1), c1 = f32x4.add(m1, m2);
    const shift = v128.load(bias);
    v128.store(to, f32x4.pmax(f32x4.add(f32x4.add(a0, b0), shift), least));
    v128.store(to + pixel, f32x4.pmax(f32x4.add(f32x4.add(b0, c0), shift), least));
    v128.store(to + row, f32x4.pmax(f32x4.add(f32x4.add(a1, b1), shift), least));
    v128.store(to + row + pixel, f32x4.pmax(f32x4.add(f32x4.add(b1, c1), shift), least));
  }
}
