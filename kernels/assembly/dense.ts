// Products of matrices for dense layers, and sums down the rows. A block of the weights that fits the
// first-level cache is used for all rows before the next one; the order of each sum stays that of k.
// A call works on `some` of the outputs' columns (or the weights' rows), from the addresses given on.
import { outer1, outer4, row1, rows4 } from "./tiles";
export {
  inputGradientByLists, listRows, listUnits, turnPanels, weightGradientByLists,
} from "./lists";

/** Elements of a block of the weights: 16 KiB. */
const BLOCK = 4096;

/** Rows [first, first + many) of whole panels of w as [panels][many][8]: what a tile reads is then contiguous. */
function packPanels(w: usize, stride: usize, many: i32, panels: i32, to: usize): void {
  for (let panel = 0; panel < panels; panel++, w += 32) {
    let from = w;
    for (let k = 0; k < many; k++, from += stride, to += 32) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  }
}

/** `spare`: room for a block of the weights. */
export function forward(
  rows: i32, inputs: i32, units: i32, some: i32, x: usize, w: usize, bias: usize, y: usize, spare: usize,
): void {
  const inBytes = <usize>inputs << 2;
  const outBytes = <usize>units << 2;
  const depth = max((BLOCK / some) & ~3, 8);
  const rest = some & 7;
  const count = some >> 3;
  const panels = <usize>(some & ~7) << 2;
  // Copied where rows use it more often than the copy costs, and where it fits.
  const packs = rows >= 16 && some * depth <= BLOCK;
  for (let k = 0; k < inputs; k += depth) {
    const many = min(depth, inputs - k);
    const part = w + <usize>k * outBytes;
    if (packs) packPanels(part, outBytes, many, count, spare);
    const block = packs ? spare : part;
    const wStride = packs ? 32 : outBytes;
    const panelStride = packs ? <usize>many << 5 : 32;
    let a = x + (<usize>k << 2);
    let to = y;
    let r = 0;
    for (; r + 4 <= rows; r += 4) {
      const start = k == 0 ? bias : to;
      const startStride = k == 0 ? 0 : outBytes;
      rows4(
        a, a + inBytes, a + 2 * inBytes, a + 3 * inBytes, 1, 0, many, block, wStride, count, panelStride,
        start, startStride, 0, to, outBytes, 0, 0,
      );
      if (rest) {
        // The columns that fill no panel.
        const from = start ? start + panels : 0;
        for (let j: usize = 0; j < 4; j++) {
          row1(
            a + j * inBytes, many, part + panels, outBytes, rest,
            from ? from + j * startStride : 0, to + panels + j * outBytes,
          );
        }
      }
      a += 4 * inBytes;
      to += 4 * outBytes;
    }
    for (; r < rows; r++, a += inBytes, to += outBytes) {
      row1(a, many, part, outBytes, some, k == 0 ? bias : to, to);
    }
  }
}

// @ts-ignore: decorator
@inline
function across(s: v128): f32 {
  return (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) +
    (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
}

/** Sum over n of a * b: four lanes, (0 + 1) + (2 + 3), then the tail in order. */
function dot(a: usize, b: usize, n: i32): f32 {
  let s = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4, a += 16, b += 16) {
    s = f32x4.add(s, f32x4.mul(v128.load(a), v128.load(b)));
  }
  return tail(across(s), a, b, n - i);
}

function tail(sum: f32, a: usize, b: usize, n: i32): f32 {
  for (let i = 0; i < n; i++, a += 4, b += 4) sum += load<f32>(a) * load<f32>(b);
  return sum;
}

/** dot of four rows of dy with two rows of w, in dot's order. */
function dots(dy: usize, dyStride: usize, w: usize, wStride: usize, n: i32, dx: usize, dxStride: usize): void {
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
  let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  let a0 = dy, a1 = a0 + dyStride, a2 = a1 + dyStride, a3 = a2 + dyStride;
  let b0 = w, b1 = w + wStride;
  const whole = n & ~3;
  const end = <usize>whole << 2;
  for (let i: usize = 0; i < end; i += 16) {
    const w0 = v128.load(b0 + i);
    const w1 = v128.load(b1 + i);
    let v = v128.load(a0 + i);
    s00 = f32x4.add(s00, f32x4.mul(v, w0));
    s01 = f32x4.add(s01, f32x4.mul(v, w1));
    v = v128.load(a1 + i);
    s10 = f32x4.add(s10, f32x4.mul(v, w0));
    s11 = f32x4.add(s11, f32x4.mul(v, w1));
    v = v128.load(a2 + i);
    s20 = f32x4.add(s20, f32x4.mul(v, w0));
    s21 = f32x4.add(s21, f32x4.mul(v, w1));
    v = v128.load(a3 + i);
    s30 = f32x4.add(s30, f32x4.mul(v, w0));
    s31 = f32x4.add(s31, f32x4.mul(v, w1));
  }
  const left = n - whole;
  store<f32>(dx, tail(across(s00), a0 + end, b0 + end, left));
  store<f32>(dx, tail(across(s01), a0 + end, b1 + end, left), 4);
  dx += dxStride;
  store<f32>(dx, tail(across(s10), a1 + end, b0 + end, left));
  store<f32>(dx, tail(across(s11), a1 + end, b1 + end, left), 4);
  dx += dxStride;
  store<f32>(dx, tail(across(s20), a2 + end, b0 + end, left));
  store<f32>(dx, tail(across(s21), a2 + end, b1 + end, left), 4);
  dx += dxStride;
  store<f32>(dx, tail(across(s30), a3 + end, b0 + end, left));
  store<f32>(dx, tail(across(s31), a3 + end, b1 + end, left), 4);
}

export function inputGradient(
  rows: i32, inputs: i32, some: i32, units: i32, dy: usize, w: usize, dx: usize,
): void {
  const inBytes = <usize>inputs << 2;
  const outBytes = <usize>units << 2;
  const width = max((BLOCK / units) & ~1, 2);
  for (let first = 0; first < some; first += width) {
    const last = min(first + width, some);
    let r = 0;
    for (; r + 4 <= rows; r += 4) {
      const a = dy + <usize>r * outBytes;
      const to = dx + <usize>r * inBytes;
      let i = first;
      for (; i + 2 <= last; i += 2) {
        dots(a, outBytes, w + <usize>i * outBytes, outBytes, units, to + (<usize>i << 2), inBytes);
      }
      if (i < last) {
        const b = w + <usize>i * outBytes;
        let at = to + (<usize>i << 2);
        for (let j: usize = 0; j < 4; j++, at += inBytes) {
          store<f32>(at, dot(a + j * outBytes, b, units));
        }
      }
    }
    for (; r < rows; r++) {
      const a = dy + <usize>r * outBytes;
      for (let i = first; i < last; i++) {
        const value = dot(a, w + <usize>i * outBytes, units);
        store<f32>(dx + <usize>r * inBytes + (<usize>i << 2), value);
      }
    }
  }
}

export function weightGradient(
  rows: i32, inputs: i32, some: i32, units: i32, x: usize, dy: usize, dw: usize,
): void {
  const inBytes = <usize>inputs << 2;
  const outBytes = <usize>units << 2;
  memory.fill(dw, 0, <usize>some * outBytes);
  const height = max(BLOCK / units, 8);
  for (let r = 0; r < rows; r += height) {
    const many = min(height, rows - r);
    const above = dy + <usize>r * outBytes;
    const from = x + <usize>r * inBytes;
    let i = 0;
    for (; i + 4 <= some; i += 4) {
      outer4(
        from + (<usize>i << 2), inBytes, 0, above, outBytes, many, 1, units,
        dw + <usize>i * outBytes, outBytes,
      );
    }
    for (; i < some; i++) {
      outer1(
        from + (<usize>i << 2), inBytes, 0, above, outBytes, many, 1, units,
        dw + <usize>i * outBytes,
      );
    }
  }
}

/** Rows are summed in blocks of 128, and the blocks in order: less rounding than one long sum. */
export function biasGradient(
  rows: i32, channels: i32, some: i32, dy: usize, db: usize,
): void {
  const stride = <usize>channels << 2;
  memory.fill(db, 0, <usize>some << 2);
  for (let r = 0; r < rows; r += 128) {
    const many = min(128, rows - r);
    const block = dy + <usize>r * stride;
    let c = 0;
    for (; c + 16 <= some; c += 16) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      let p = block + (<usize>c << 2);
      for (let i = 0; i < many; i++, p += stride) {
        s0 = f32x4.add(s0, v128.load(p));
        s1 = f32x4.add(s1, v128.load(p, 16));
        s2 = f32x4.add(s2, v128.load(p, 32));
        s3 = f32x4.add(s3, v128.load(p, 48));
      }
      const to = db + (<usize>c << 2);
      v128.store(to, f32x4.add(v128.load(to), s0));
      v128.store(to, f32x4.add(v128.load(to, 16), s1), 16);
      v128.store(to, f32x4.add(v128.load(to, 32), s2), 32);
      v128.store(to, f32x4.add(v128.load(to, 48), s3), 48);
    }
    for (; c + 4 <= some; c += 4) {
      const at = <usize>c << 2;
      let s = f32x4.splat(0);
      let p = block + at;
      for (let i = 0; i < many; i++, p += stride) s = f32x4.add(s, v128.load(p));
      v128.store(db + at, f32x4.add(v128.load(db + at), s));
    }
    for (; c < some; c++) {
      const at = <usize>c << 2;
      let s: f32 = 0;
      let p = block + at;
      for (let i = 0; i < many; i++, p += stride) s += load<f32>(p);
      store<f32>(db + at, load<f32>(db + at) + s);
    }
  }
}
