// A dense layer's gradients where most of dy is zero, as behind a relu or a dropout: lists of its non-zeros,
// then one accumulator row a non-zero. What is left out are terms that are exactly 0, in sums that start at
// +0 (unless a factor is infinite or NaN, which the forward pass has shown by then).
import { inputSums, listByPixel, listsByFilter, recordBytes } from "./sparse";

/** Weights' rows, inputs, of a panel: a row of it is two cache lines. */
const PANEL: i32 = 32;
const ROW: usize = 128;

/** Lists of `some` of dy's columns, one a unit: the place of the row of x, and the value. */
export function listUnits(
  rows: i32, inputs: i32, units: i32, some: i32, dy: usize, counts: usize, lists: usize,
): void {
  listsByFilter(1, rows, units, some, 0, <usize>inputs << 2, dy, counts, lists);
}

/** Lists of `rows` of dy: the place of the unit's row in a panel, and the value. */
export function listRows(rows: i32, units: i32, dy: usize, records: usize): void {
  const step = recordBytes(units);
  for (let r = 0; r < rows; r++, dy += <usize>units << 2, records += step) {
    listByPixel(units, <i32>ROW, dy, records);
  }
}

// @ts-ignore: decorator
@inline
function turn4(from: usize, stride: usize, to: usize, toStride: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + stride);
  const c = v128.load(from + 2 * stride);
  const d = v128.load(from + 3 * stride);
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const ab2 = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const cd2 = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
  v128.store(to + toStride, i64x2.shuffle(ab, cd, 1, 3));
  v128.store(to + 2 * toStride, i64x2.shuffle(ab2, cd2, 0, 2));
  v128.store(to + 3 * toStride, i64x2.shuffle(ab2, cd2, 1, 3));
}

/** `some` rows of w, inputs, as panels of [units, PANEL]; what a last panel has beyond them is left alone. */
export function turnPanels(some: i32, units: i32, w: usize, panels: usize): void {
  const outBytes = <usize>units << 2;
  for (let first = 0; first < some; first += PANEL, panels += <usize>units * ROW) {
    const last = min(first + PANEL, some);
    let to = panels;
    let k = first;
    for (; k + 4 <= last; k += 4, to += 16) {
      const from = w + <usize>k * outBytes;
      let u = 0;
      for (; u + 4 <= units; u += 4) {
        turn4(from + (<usize>u << 2), outBytes, to + <usize>u * ROW, ROW);
      }
      for (; u < units; u++) {
        for (let j: usize = 0; j < 4; j++) {
          store<f32>(to + <usize>u * ROW + (j << 2), load<f32>(from + j * outBytes + (<usize>u << 2)));
        }
      }
    }
    for (; k < last; k++, to += 4) {
      const from = w + <usize>k * outBytes;
      for (let u = 0; u < units; u++) {
        store<f32>(to + <usize>u * ROW, load<f32>(from + (<usize>u << 2)));
      }
    }
  }
}

/** `some` columns of dx, from the panels that hold them on. */
export function inputGradientByLists(
  rows: i32, inputs: i32, some: i32, units: i32, records: usize, panels: usize, dx: usize,
): void {
  const step = recordBytes(units);
  for (let first = 0; first < some; first += PANEL, panels += <usize>units * ROW) {
    const many = min(PANEL, some - first);
    let list = records;
    let to = dx + (<usize>first << 2);
    for (let r = 0; r < rows; r++, list += step, to += <usize>inputs << 2) {
      inputSums(list, 0, 0, 1, 1, panels, 0, many, to);
    }
  }
}

/** `some` rows of dw, inputs, from the columns of x at `x` on; `spare`: four rows of a panel. */
export function weightGradientByLists(
  rows: i32, some: i32, units: i32, x: usize, counts: usize, lists: usize, dw: usize, spare: usize,
): void {
  const outBytes = <usize>units << 2;
  const room = <usize>(rows + 1) << 3;
  const whole = some & ~(PANEL - 1);
  for (let first = 0; first < whole; first += PANEL) {
    const base = x + (<usize>first << 2);
    const to = dw + <usize>first * outBytes;
    let list = lists;
    for (let u = 0; u < units; u += 4) {
      const many = min(4, units - u);
      for (let j = 0; j < many; j++, list += room) {
        const end = list + <usize>load<u32>(counts + (<usize>(u + j) << 2));
        let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        for (let p = list; p < end; p += 8) {
          const a = base + <usize>load<u32>(p);
          const g = v128.load32_splat(p, 4);
          s0 = f32x4.add(s0, f32x4.mul(g, v128.load(a)));
          s1 = f32x4.add(s1, f32x4.mul(g, v128.load(a, 16)));
          s2 = f32x4.add(s2, f32x4.mul(g, v128.load(a, 32)));
          s3 = f32x4.add(s3, f32x4.mul(g, v128.load(a, 48)));
          s4 = f32x4.add(s4, f32x4.mul(g, v128.load(a, 64)));
          s5 = f32x4.add(s5, f32x4.mul(g, v128.load(a, 80)));
          s6 = f32x4.add(s6, f32x4.mul(g, v128.load(a, 96)));
          s7 = f32x4.add(s7, f32x4.mul(g, v128.load(a, 112)));
        }
        const row = spare + <usize>j * ROW;
        v128.store(row, s0);
        v128.store(row, s1, 16);
        v128.store(row, s2, 32);
        v128.store(row, s3, 48);
        v128.store(row, s4, 64);
        v128.store(row, s5, 80);
        v128.store(row, s6, 96);
        v128.store(row, s7, 112);
      }
      const column = to + (<usize>u << 2);
      if (many == 4) {
        for (let k: usize = 0; k < <usize>PANEL; k += 4) {
          turn4(spare + (k << 2), ROW, column + k * outBytes, outBytes);
        }
      } else {
        for (let j: usize = 0; j < <usize>many; j++) {
          for (let k: usize = 0; k < <usize>PANEL; k++) {
            store<f32>(column + k * outBytes + (j << 2), load<f32>(spare + j * ROW + (k << 2)));
          }
        }
      }
    }
  }
  // The rows that fill no panel.
  for (let k = whole; k < some; k++) {
    const base = x + (<usize>k << 2);
    let to = dw + <usize>k * outBytes;
    let list = lists;
    for (let u = 0; u < units; u++, list += room, to += 4) {
      const end = list + <usize>load<u32>(counts + (<usize>u << 2));
      let s: f32 = 0;
      for (let p = list; p < end; p += 8) {
        s += load<f32>(p, 4) * load<f32>(base + <usize>load<u32>(p));
      }
      store<f32>(to, s);
    }
  }
}
