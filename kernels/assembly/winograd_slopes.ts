// Winograd's transforms for kernels and for the gradient by the kernel; see `winograd_transforms.ts`.
import { SQUARE } from "./winograd_transforms";

// @ts-ignore: decorator
@inline
function kernelLine6(
  work: usize, from: usize, fromStep: usize, to: usize, toStep: usize,
): void {
  const w0 = v128.load(work, 96), wa = v128.load(work, 112), wb = v128.load(work, 128);
  const g0 = v128.load(from);
  from += fromStep;
  const g1 = v128.load(from);
  from += fromStep;
  const g2 = v128.load(from);
  v128.store(to, f32x4.mul(w0, g0));
  to += toStep;
  let even = f32x4.mul(wa, f32x4.add(g0, f32x4.mul(v128.load(work, 32), g2)));
  let odd = f32x4.mul(wa, f32x4.mul(v128.load(work), g1));
  v128.store(to, f32x4.add(even, odd));
  to += toStep;
  v128.store(to, f32x4.sub(even, odd));
  to += toStep;
  even = f32x4.mul(wb, f32x4.add(g0, f32x4.mul(v128.load(work, 48), g2)));
  odd = f32x4.mul(wb, f32x4.mul(v128.load(work, 16), g1));
  v128.store(to, f32x4.add(even, odd));
  to += toStep;
  v128.store(to, f32x4.sub(even, odd));
  to += toStep;
  v128.store(to, g2);
}

// @ts-ignore: decorator
@inline
function kernelLine4(
  work: usize, from: usize, fromStep: usize, to: usize, toStep: usize,
): void {
  const half = v128.load(work, 160);
  const g0 = v128.load(from);
  from += fromStep;
  const g1 = f32x4.mul(half, v128.load(from));
  from += fromStep;
  const g2 = v128.load(from);
  v128.store(to, g0);
  to += toStep;
  const even = f32x4.mul(half, f32x4.add(g0, g2));
  v128.store(to, f32x4.add(even, g1));
  to += toStep;
  v128.store(to, f32x4.sub(even, g1));
  to += toStep;
  v128.store(to, g2);
}

// @ts-ignore: decorator
@inline
function kernelLine3(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const g0 = v128.load(from);
  from += fromStep;
  const g1 = v128.load(from);
  v128.store(to, g0);
  to += toStep;
  v128.store(to, f32x4.add(g0, g1));
  to += toStep;
  v128.store(to, g1);
}

/** A kernel of taps `tap` bytes apart, four filters each, into a square of positions `stride` apart. */
export function kernelSquare(side: i32, work: usize, from: usize, tap: usize, to: usize, stride: usize): void {
  const square = work + SQUARE;
  if (side == 3) {
    for (let i: usize = 0; i < 2; i++) kernelLine3(from + i * tap, 2 * tap, square + (i << 4), 32);
    for (let i: usize = 0; i < 3; i++) kernelLine3(square + (i << 5), 16, to + 3 * i * stride, stride);
  } else if (side == 4) {
    for (let i: usize = 0; i < 3; i++) kernelLine4(work, from + i * tap, 3 * tap, square + (i << 4), 48);
    for (let i: usize = 0; i < 4; i++) kernelLine4(work, square + 48 * i, 16, to + 4 * i * stride, stride);
  } else {
    for (let i: usize = 0; i < 3; i++) kernelLine6(work, from + i * tap, 3 * tap, square + (i << 4), 48);
    for (let i: usize = 0; i < 6; i++) kernelLine6(work, square + 48 * i, 16, to + 6 * i * stride, stride);
  }
}

// @ts-ignore: decorator
@inline
function slopeLine6(
  from: usize, fromStep: usize, to: usize, toStep: usize, a: v128, b: v128, aa: v128, bb: v128,
  aaa: v128, bbb: v128,
): void {
  const g0 = v128.load(from);
  from += fromStep;
  const g1 = v128.load(from);
  from += fromStep;
  const g2 = v128.load(from);
  from += fromStep;
  const g3 = v128.load(from);
  v128.store(to, g0);
  to += toStep;
  let even = f32x4.add(g0, f32x4.mul(aa, g2));
  let odd = f32x4.add(f32x4.mul(a, g1), f32x4.mul(aaa, g3));
  v128.store(to, f32x4.add(even, odd));
  to += toStep;
  v128.store(to, f32x4.sub(even, odd));
  to += toStep;
  even = f32x4.add(g0, f32x4.mul(bb, g2));
  odd = f32x4.add(f32x4.mul(b, g1), f32x4.mul(bbb, g3));
  v128.store(to, f32x4.add(even, odd));
  to += toStep;
  v128.store(to, f32x4.sub(even, odd));
  to += toStep;
  v128.store(to, g3);
}

/** The adjoint of `output6`: a tile of dy; arguments as those of `input6`. */
export function slope6(
  work: usize, from: usize, row: usize, pixel: usize, to: usize, stride: usize, step: usize, count: i32,
): void {
  const a = v128.load(work), b = v128.load(work, 16);
  const aa = v128.load(work, 32), bb = v128.load(work, 48);
  const aaa = v128.load(work, 64), bbb = v128.load(work, 80);
  const square = work + SQUARE;
  for (; count > 0; count--, from += 16, to += step) {
    let p = from, q = square;
    for (const end = square + 64; q < end; q += 16, p += pixel) {
      slopeLine6(p, row, q, 64, a, b, aa, bb, aaa, bbb);
    }
    p = square;
    let t = to;
    for (const end = square + 384; p < end; p += 64, t += 6 * stride) {
      slopeLine6(p, 16, t, stride, a, b, aa, bb, aaa, bbb);
    }
  }
}

// @ts-ignore: decorator
@inline
function slopeLine4(from: usize, fromStep: usize, to: usize, toStep: usize, zero: v128): void {
  const g0 = v128.load(from);
  from += fromStep;
  const g1 = v128.load(from);
  v128.store(to, g0);
  to += toStep;
  v128.store(to, f32x4.add(g0, g1));
  to += toStep;
  v128.store(to, f32x4.sub(g0, g1));
  to += toStep;
  v128.store(to, f32x4.sub(zero, g1));
}

export function slope4(
  work: usize, from: usize, row: usize, pixel: usize, to: usize, stride: usize, step: usize, count: i32,
): void {
  const zero = f32x4.splat(0);
  const square = work + SQUARE;
  for (; count > 0; count--, from += 16, to += step) {
    slopeLine4(from, row, square, 32, zero);
    slopeLine4(from + pixel, row, square + 16, 32, zero);
    let p = square, t = to;
    for (const end = square + 128; p < end; p += 32, t += 4 * stride) slopeLine4(p, 16, t, stride, zero);
  }
}

export function slope3(
  work: usize, from: usize, row: usize, pixel: usize, to: usize, stride: usize, step: usize, count: i32,
): void {
  const square = work + SQUARE;
  for (; count > 0; count--, from += 16, to += step) {
    kernelLine3(from, row, square, 32);
    kernelLine3(from + pixel, row, square + 16, 32);
    let p = square, t = to;
    for (const end = square + 96; p < end; p += 32, t += 3 * stride) kernelLine3(p, 16, t, stride);
  }
}

// @ts-ignore: decorator
@inline
function tapsLine6(work: usize, from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const u0 = v128.load(from);
  from += fromStep;
  const u1 = v128.load(from);
  from += fromStep;
  const u2 = v128.load(from);
  from += fromStep;
  const u3 = v128.load(from);
  from += fromStep;
  const u4 = v128.load(from);
  from += fromStep;
  const u5 = v128.load(from);
  const wa = v128.load(work, 112), wb = v128.load(work, 128);
  const evenA = f32x4.mul(wa, f32x4.add(u1, u2)), oddA = f32x4.mul(wa, f32x4.sub(u1, u2));
  const evenB = f32x4.mul(wb, f32x4.add(u3, u4)), oddB = f32x4.mul(wb, f32x4.sub(u3, u4));
  v128.store(to, f32x4.add(f32x4.mul(v128.load(work, 96), u0), f32x4.add(evenA, evenB)));
  to += toStep;
  v128.store(to, f32x4.add(f32x4.mul(v128.load(work), oddA), f32x4.mul(v128.load(work, 16), oddB)));
  to += toStep;
  const high = f32x4.add(f32x4.mul(v128.load(work, 32), evenA), f32x4.mul(v128.load(work, 48), evenB));
  v128.store(to, f32x4.add(high, u5));
}

// @ts-ignore: decorator
@inline
function tapsLine4(work: usize, from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const half = v128.load(work, 160);
  const u0 = v128.load(from);
  from += fromStep;
  const u1 = v128.load(from);
  from += fromStep;
  const u2 = v128.load(from);
  from += fromStep;
  const u3 = v128.load(from);
  const even = f32x4.mul(half, f32x4.add(u1, u2));
  v128.store(to, f32x4.add(u0, even));
  to += toStep;
  v128.store(to, f32x4.mul(half, f32x4.sub(u1, u2)));
  to += toStep;
  v128.store(to, f32x4.add(even, u3));
}

// @ts-ignore: decorator
@inline
function tapsLine3(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const u0 = v128.load(from);
  from += fromStep;
  const u1 = v128.load(from);
  from += fromStep;
  const u2 = v128.load(from);
  v128.store(to, f32x4.add(u0, u1));
  to += toStep;
  v128.store(to, f32x4.add(u1, u2));
}

/** The adjoint of `kernelSquare`: a square of sums back into taps. */
export function tapsOfSquare(
  side: i32, work: usize, from: usize, stride: usize, to: usize, tap: usize,
): void {
  const square = work + SQUARE;
  if (side == 3) {
    for (let i: usize = 0; i < 3; i++) tapsLine3(from + i * stride, 3 * stride, square + (i << 4), 48);
    for (let i: usize = 0; i < 2; i++) tapsLine3(square + 48 * i, 16, to + 2 * i * tap, tap);
  } else if (side == 4) {
    for (let i: usize = 0; i < 4; i++) tapsLine4(work, from + i * stride, 4 * stride, square + (i << 4), 64);
    for (let i: usize = 0; i < 3; i++) tapsLine4(work, square + 64 * i, 16, to + 3 * i * tap, tap);
  } else {
    for (let i: usize = 0; i < 6; i++) tapsLine6(work, from + i * stride, 6 * stride, square + (i << 4), 96);
    for (let i: usize = 0; i < 3; i++) tapsLine6(work, square + 96 * i, 16, to + 3 * i * tap, tap);
  }
}
