// A convolution, relu, 2x2 max-pool and dropout as one operation, and its gradients. Behind the pool at most
// one of four positions has a gradient, which its code names: the sums go over those alone. Calls work on
// a range of images, or on `some` filters from the addresses given on; no sum is cut by how work is split.
// Filters are a multiple of 8. Frames and packed kernels are those of conv.ts.
import { biasSums, inputSums, recordBytes, weightSums } from "./sparse";
import { FACTOR0, FACTOR1, FACTOR2 } from "./hash";
import { poolWith, rows4 } from "./tiles";
import { poolWindow } from "./window";
export { forwardFour } from "./four";

/** Windows that take turns with the panels: what they read should stay in the first-level cache. */
const WINDOWS: i32 = 16;
/** Bytes of panels that one call may walk through. */
const NEAR: i32 = 8192;

/**
 * The four pixels of a window are the four rows of a tile, so that the convolution's output exists in
 * registers alone. `first`: index of y's first element in the whole batch, which dropout is drawn by; `keys`
 * 0: no dropout; `codes` 0: none are wanted.
 */
export function forward(
  batch: i32, rowBytes: usize, frameBytes: usize, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, poolHeight: i32, poolWidth: i32, filters: i32,
  frame: usize, packed: usize, start: usize, y: usize, codes: usize,
  first: i32, keys: usize, threshold: i32, scale: f32,
): void {
  const stepX = <usize>strideX * (<usize>channels << 2);
  const stepY = <usize>strideY * rowBytes;
  const many = kernelWidth * channels;
  const panelBytes = <usize>(kernelHeight * many) << 5;
  const panels = filters >> 3;
  const group = max(NEAR / <i32>panelBytes, 1);
  const windows = poolHeight * poolWidth;
  poolWith(keys, threshold, scale);
  for (let b = 0; b < batch; b++, frame += frameBytes) {
    for (let begin = 0; begin < windows; begin += WINDOWS) {
      const end = min(begin + WINDOWS, windows);
      for (let panel = 0; panel < panels; panel += group) {
        const w = packed + <usize>panel * panelBytes;
        for (let window = begin; window < end; window++) {
          const py = window / poolWidth;
          const a = frame + <usize>(2 * py) * stepY + <usize>(2 * (window - py * poolWidth)) * stepX;
          const at = window * filters + panel * 8;
          rows4(
            a, a + stepX, a + stepY, a + stepY + stepX, kernelHeight, rowBytes, many,
            w, 32, min(group, panels - panel), panelBytes, start + (<usize>panel << 5), 0, 0,
            y + (<usize>at << 2), 0, codes ? codes + <usize>at : 0, first + at,
          );
        }
      }
    }
    const elements = windows * filters;
    y += <usize>elements << 2;
    if (codes) codes += <usize>elements;
    first += elements;
  }
}

/** The same of a convolution's whole output x, its height and width. */
export function pool(
  batch: i32, height: i32, width: i32, filters: i32, x: usize, y: usize, codes: usize,
  first: i32, keys: usize, threshold: i32, scale: f32,
): void {
  const pixelBytes = <usize>filters << 2;
  const rowBytes = <usize>width * pixelBytes;
  const drop = keys != 0;
  const key0 = v128.load32_splat(keys), key1 = v128.load32_splat(keys, 4);
  const factor0 = i32x4.splat(FACTOR0), factor1 = i32x4.splat(FACTOR1), factor2 = i32x4.splat(FACTOR2);
  const least = i32x4.splat(threshold), factor = f32x4.splat(scale), four = i32x4.splat(4);
  let index = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  for (let b = 0; b < batch; b++, x += <usize>height * rowBytes) {
    for (let py = 0; py + 2 <= height; py += 2) {
      let p = x + <usize>py * rowBytes;
      for (let px = 0; px + 2 <= width; px += 2, p += pixelBytes) {
        for (const end = p + pixelBytes; p < end; p += 16, y += 16) {
          poolWindow(
            v128.load(p), v128.load(p + pixelBytes), v128.load(p + rowBytes),
            v128.load(p + rowBytes + pixelBytes), y, codes, drop, index,
            key0, key1, factor0, factor1, factor2, least, factor,
          );
          index = i32x4.add(index, four);
          if (codes) codes += 4;
        }
      }
    }
  }
}

/** The gradient by the convolution's whole output: a window's slope at its place, 0 elsewhere. */
export function spread(
  batch: i32, height: i32, width: i32, filters: i32, scale: f32, dy: usize, codes: usize, dx: usize,
): void {
  const pixelBytes = <usize>filters << 2;
  const rowBytes = <usize>width * pixelBytes;
  const scales = f32x4.splat(scale);
  const zero = i32x4.splat(0), one = i32x4.splat(1), second = i32x4.splat(2);
  const third = i32x4.splat(3);
  // What no window reaches.
  if ((height | width) & 1) memory.fill(dx, 0, <usize>(batch * height) * rowBytes);
  for (let b = 0; b < batch; b++, dx += <usize>height * rowBytes) {
    for (let py = 0; py + 2 <= height; py += 2) {
      let p = dx + <usize>py * rowBytes;
      for (let px = 0; px + 2 <= width; px += 2, p += pixelBytes) {
        for (const end = p + pixelBytes; p < end; p += 16, dy += 16, codes += 4) {
          const code = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(codes)));
          const slope = f32x4.mul(v128.load(dy), scales);
          v128.store(p, v128.and(slope, i32x4.eq(code, zero)));
          v128.store(p + pixelBytes, v128.and(slope, i32x4.eq(code, one)));
          v128.store(p + rowBytes, v128.and(slope, i32x4.eq(code, second)));
          v128.store(p + rowBytes + pixelBytes, v128.and(slope, i32x4.eq(code, third)));
        }
      }
    }
  }
}

/** An image's gradient as lists of `some` filters: see `listsByFilter`. */
function listsByFilter(
  poolHeight: i32, poolWidth: i32, filters: i32, some: i32, stepY: usize, stepX: usize, scale: f32,
  dy: usize, codes: usize, counts: usize, lists: usize,
): void {
  const room = <usize>(poolHeight * poolWidth + 1) << 3;
  memory.fill(counts, 0, <usize>some << 2);
  for (let py = 0; py < poolHeight; py++) {
    let corner = <usize>(2 * py) * stepY;
    for (let px = 0; px < poolWidth; px++, corner += 2 * stepX) {
      let list = lists;
      let counter = counts;
      for (let f = 0; f < some; f++, counter += 4, list += room) {
        const code = <u32>load<u8>(codes + <usize>f);
        const value = load<f32>(dy + (<usize>f << 2)) * scale;
        const used = load<u32>(counter);
        const offset = corner + <usize>((code >> 1) & 1) * stepY + <usize>(code & 1) * stepX;
        store<u32>(list + used, <u32>offset);
        store<f32>(list + used, value, 4);
        store<u32>(counter, used + (u32(code != 255) & u32(value != 0)) * 8);
      }
      dy += <usize>filters << 2;
      codes += <usize>filters;
    }
  }
}

/**
 * The gradient by the kernel and (unless `db` is 0) the bias, for `some` of the filters; `sums` and `all` hold
 * [taps][some] floats each, `all` and the bias's sums behind them.
 */
export function weightGradient(
  batch: i32, rowBytes: usize, frameBytes: usize, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, poolHeight: i32, poolWidth: i32, filters: i32, some: i32, scale: f32,
  frame: usize, dy: usize, codes: usize, dw: usize, db: usize,
  all: usize, sums: usize, counts: usize, lists: usize,
): void {
  const stepX = <usize>strideX * (<usize>channels << 2);
  const stepY = <usize>strideY * rowBytes;
  const many = kernelWidth * channels;
  const windows = poolHeight * poolWidth;
  const rowSize = <usize>(many * some) << 2;
  const size = <usize>kernelHeight * rowSize;
  memory.fill(all, 0, size);
  if (db) memory.fill(db, 0, <usize>some << 2);
  for (let b = 0; b < batch; b++, frame += frameBytes) {
    listsByFilter(
      poolHeight, poolWidth, filters, some, stepY, stepX, scale, dy, codes, counts, lists,
    );
    for (let ky = 0; ky < kernelHeight; ky++) {
      const row = <usize>ky * rowBytes;
      weightSums(frame + row, many, windows, some, counts, lists, sums + <usize>ky * rowSize);
    }
    for (let i: usize = 0; i < size; i += 16) {
      v128.store(all + i, f32x4.add(v128.load(all + i), v128.load(sums + i)));
    }
    if (db) biasSums(windows, some, counts, lists, db);
    dy += <usize>(windows * filters) << 2;
    codes += <usize>(windows * filters);
  }
  for (let ky = 0; ky < kernelHeight; ky++) {
    for (let k = 0; k < many; k++, dw += <usize>filters << 2) {
      let from = all + <usize>ky * rowSize + (<usize>k << 2);
      for (let f = 0; f < some; f++, from += <usize>many << 2) {
        store<f32>(dw + (<usize>f << 2), load<f32>(from));
      }
    }
  }
}

/** Columns of a patch that one walk over the windows adds up. */
const FIVE: i32 = 5;

/**
 * What few inputs a pool's window reaches, for `patchGradient`: for each window and tap a vector of what the
 * tap finds at the window's four positions; then a vector of ones, whose sums are the bias's; then zeros up to
 * `columns`.
 */
export function patches(
  batch: i32, rowBytes: usize, frameBytes: usize, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, poolHeight: i32, poolWidth: i32, columns: i32,
  frame: usize, to: usize,
): void {
  const stepX = <usize>strideX * (<usize>channels << 2);
  const stepY = <usize>strideY * rowBytes;
  const bytes = <usize>(kernelWidth * channels) << 2;
  for (let b = 0; b < batch; b++, frame += frameBytes) {
    for (let py = 0; py < poolHeight; py++) {
      let corner = frame + <usize>(2 * py) * stepY;
      for (let px = 0; px < poolWidth; px++, corner += 2 * stepX) {
        const end = to + (<usize>columns << 4);
        for (let ky = 0; ky < kernelHeight; ky++) {
          let p = corner + <usize>ky * rowBytes;
          for (const stop = p + bytes; p < stop; p += 4, to += 16) {
            store<f32>(to, load<f32>(p));
            store<f32>(to, load<f32>(p + stepX), 4);
            store<f32>(to, load<f32>(p + stepY), 8);
            store<f32>(to, load<f32>(p + stepY + stepX), 12);
          }
        }
        v128.store(to, f32x4.splat(1));
        for (to += 16; to < end; to += 16) v128.store(to, f32x4.splat(0));
      }
    }
  }
}

/**
 * The same gradients where a kernel's row is short: for eight filters from the addresses given on, by a byte
 * swizzle of each patch's vector, which the codes turn into what their filter's position has found (255: 0).
 */
export function patchGradient(
  batch: i32, windows: i32, taps: i32, columns: i32, filters: i32, scale: f32,
  patch: usize, dy: usize, codes: usize, dw: usize, db: usize,
): void {
  const stride = <usize>filters << 2;
  for (let t = 0; t < taps; t++) {
    v128.store(dw + <usize>t * stride, f32x4.splat(0));
    v128.store(dw + <usize>t * stride, f32x4.splat(0), 16);
  }
  if (db) {
    v128.store(db, f32x4.splat(0));
    v128.store(db, f32x4.splat(0), 16);
  }
  const spread0 = i8x16(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  const spread1 = i8x16(4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7);
  const bytes = i8x16(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
  const scales = f32x4.splat(scale);
  const elements = <usize>windows * <usize>filters;
  for (let b = 0; b < batch; b++) {
    for (let column = 0; column < columns; column += FIVE) {
      let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00;
      let s30 = s00, s31 = s00, s40 = s00, s41 = s00;
      let p = patch + (<usize>column << 4);
      let d = dy;
      let c = codes;
      for (let window = 0; window < windows; window++) {
        const eight = v128.load64_zero(c);
        const at0 = i8x16.add(i8x16.shl(i8x16.swizzle(eight, spread0), 2), bytes);
        const at1 = i8x16.add(i8x16.shl(i8x16.swizzle(eight, spread1), 2), bytes);
        const d0 = v128.load(d);
        const d1 = v128.load(d, 16);
        let x = v128.load(p);
        s00 = f32x4.add(s00, f32x4.mul(i8x16.swizzle(x, at0), d0));
        s01 = f32x4.add(s01, f32x4.mul(i8x16.swizzle(x, at1), d1));
        x = v128.load(p, 16);
        s10 = f32x4.add(s10, f32x4.mul(i8x16.swizzle(x, at0), d0));
        s11 = f32x4.add(s11, f32x4.mul(i8x16.swizzle(x, at1), d1));
        x = v128.load(p, 32);
        s20 = f32x4.add(s20, f32x4.mul(i8x16.swizzle(x, at0), d0));
        s21 = f32x4.add(s21, f32x4.mul(i8x16.swizzle(x, at1), d1));
        x = v128.load(p, 48);
        s30 = f32x4.add(s30, f32x4.mul(i8x16.swizzle(x, at0), d0));
        s31 = f32x4.add(s31, f32x4.mul(i8x16.swizzle(x, at1), d1));
        x = v128.load(p, 64);
        s40 = f32x4.add(s40, f32x4.mul(i8x16.swizzle(x, at0), d0));
        s41 = f32x4.add(s41, f32x4.mul(i8x16.swizzle(x, at1), d1));
        p += <usize>columns << 4;
        d += stride;
        c += <usize>filters;
      }
      addColumn(column, taps, stride, dw, db, f32x4.mul(s00, scales), f32x4.mul(s01, scales));
      addColumn(column + 1, taps, stride, dw, db, f32x4.mul(s10, scales), f32x4.mul(s11, scales));
      addColumn(column + 2, taps, stride, dw, db, f32x4.mul(s20, scales), f32x4.mul(s21, scales));
      addColumn(column + 3, taps, stride, dw, db, f32x4.mul(s30, scales), f32x4.mul(s31, scales));
      addColumn(column + 4, taps, stride, dw, db, f32x4.mul(s40, scales), f32x4.mul(s41, scales));
    }
    patch += <usize>(windows * columns) << 4;
    dy += elements << 2;
    codes += elements;
  }
}

/** Adds an image's sums of a patch's column where they belong. */
function addColumn(
  column: i32, taps: i32, stride: usize, dw: usize, db: usize, s0: v128, s1: v128,
): void {
  if (column > taps || (column == taps && !db)) return;
  const to = column == taps ? db : dw + <usize>column * stride;
  v128.store(to, f32x4.add(v128.load(to), s0));
  v128.store(to, f32x4.add(v128.load(to, 16), s1), 16);
}

/** The gradient by the input. `frame` has room for a record more than the frame's pixels. */
export function inputGradient(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, poolHeight: i32, poolWidth: i32,
  filters: i32, scale: f32, dy: usize, codes: usize, dx: usize, turned: usize, frame: usize,
): void {
  const pixelBytes = <usize>channels << 2;
  const height = inHeight + kernelHeight - 1;
  const width = inWidth + kernelWidth - 1;
  const record = recordBytes(filters);
  const frameRow = <usize>width * record;
  const tapBytes = <usize>filters * pixelBytes;
  // Where what has no gradient goes, and what falls outside.
  const nowhere = frame + <usize>height * frameRow;
  for (let b = 0; b < batch; b++) {
    for (let list = frame; list < nowhere; list += record) store<u32>(list, 0);
    for (let py = 0; py < poolHeight; py++) {
      const top = 2 * py * strideY + kernelHeight - 1 - padTop;
      const below = top + strideY;
      for (let px = 0; px < poolWidth; px++) {
        const left = 2 * px * strideX + kernelWidth - 1 - padLeft;
        const right = left + strideX;
        const r0 = within(top, left, height, width, frame, frameRow, record, nowhere);
        const r1 = within(top, right, height, width, frame, frameRow, record, nowhere);
        const r2 = within(below, left, height, width, frame, frameRow, record, nowhere);
        const r3 = within(below, right, height, width, frame, frameRow, record, nowhere);
        let offset: u32 = 0;
        store<u32>(nowhere, 0);
        for (let f = 0; f < filters; f++, dy += 4, codes++, offset += <u32>pixelBytes) {
          const code = <u32>load<u8>(codes);
          const value = load<f32>(dy) * scale;
          const low = code & 1 ? r1 : r0;
          const high = code & 1 ? r3 : r2;
          const list = code & 2 ? high : low;
          const used = load<u32>(list);
          store<u32>(list + <usize>used, offset, 8);
          store<f32>(list + <usize>used, value, 12);
          store<u32>(list, used + (u32(code != 255) & u32(value != 0)) * 8);
        }
      }
    }
    for (let iy = 0; iy < inHeight; iy++) {
      let list = frame + <usize>iy * frameRow;
      for (let ix = 0; ix < inWidth; ix++, list += record, dx += pixelBytes) {
        inputSums(
          list, frameRow, record, kernelHeight, kernelWidth, turned, tapBytes, channels, dx,
        );
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function within(
  y: i32, x: i32, height: i32, width: i32, frame: usize, frameRow: usize, record: usize,
  nowhere: usize,
): usize {
  const inside = y >= 0 && y < height && x >= 0 && x < width;
  return inside ? frame + <usize>y * frameRow + <usize>x * record : nowhere;
}
