// Two-dimensional convolution, NHWC and HWIO, any size, stride and padding. Each image is copied into
// a frame of zeros; then a window's row (kernelWidth * channels floats) is contiguous, and the product
// is that of matrices whose rows are windows, without a table of them (im2col).
// Sums run over (ky, kx, channel) in order; weight gradients over the pixels of an image, then images.
// A call works on a range of images, or of filters and kernel rows: no sum is cut by how work is split.
import { moments } from "./moments";
import { inputSums, listByPixel, listsByFilter, nonZeros, recordBytes, weightSums } from "./sparse";
import { outer1, outer4, rows4 } from "./tiles";

export { shortGradient, total } from "./short";

/** Copies images of rows `rowBytes` long into frames, zeros around them. */
export function frames(
  batch: i32, inHeight: i32, inWidth: i32, pixelBytes: i32, padTop: i32, padLeft: i32,
  height: i32, width: i32, x: usize, frame: usize,
): void {
  const rowBytes = <usize>width * <usize>pixelBytes;
  const columns = min(inWidth, width - padLeft);
  const end = min(inHeight, height - padTop);
  for (let b = 0; b < batch; b++) {
    memory.fill(frame, 0, <usize>height * rowBytes);
    for (let iy = 0; iy < end && columns > 0; iy++) {
      memory.copy(
        frame + <usize>(iy + padTop) * rowBytes + <usize>padLeft * <usize>pixelBytes,
        x + <usize>iy * <usize>inWidth * <usize>pixelBytes,
        <usize>columns * <usize>pixelBytes,
      );
    }
    frame += <usize>height * rowBytes;
    x += <usize>inHeight * <usize>inWidth * <usize>pixelBytes;
  }
}

/** Panels of eight filters; the last is filled up with zeros. */
// @ts-ignore: decorator
@inline
function panelsOf(filters: i32): i32 {
  return (filters + 7) >> 3;
}

/**
 * The kernel [taps][filters] as panels [filters / 8][taps][8], and the bias as [filters rounded up to 8]:
 * what a tile reads is then contiguous. `bias` 0 gives zeros.
 */
export function pack(
  w: usize, taps: i32, filters: i32, bias: usize, packed: usize, start: usize,
): void {
  const panels = panelsOf(filters);
  for (let panel = 0; panel < panels; panel++) {
    const whole = panel * 8 + 8 <= filters;
    let from = w + (<usize>panel << 5);
    for (let k = 0; k < taps; k++, from += <usize>filters << 2, packed += 32) {
      if (whole) {
        v128.store(packed, v128.load(from));
        v128.store(packed, v128.load(from, 16), 16);
        continue;
      }
      for (let j = 0; j < 8; j++) {
        const at = <usize>j << 2;
        store<f32>(packed + at, panel * 8 + j < filters ? load<f32>(from + at) : 0);
      }
    }
    for (let j = 0; j < 8; j++, start += 4) {
      const f = panel * 8 + j;
      store<f32>(start, bias && f < filters ? load<f32>(bias + (<usize>f << 2)) : 0);
    }
  }
}

/** The kernel turned by 180 degrees with its last two axes swapped, plain and as panels. */
export function turn(
  kernelHeight: i32, kernelWidth: i32, channels: i32, filters: i32, w: usize, turned: usize,
  packed: usize, start: usize,
): void {
  let to = turned;
  for (let ky = kernelHeight - 1; ky >= 0; ky--) {
    for (let kx = kernelWidth - 1; kx >= 0; kx--) {
      const tap = w + ((<usize>(ky * kernelWidth + kx) * <usize>(channels * filters)) << 2);
      for (let f = 0; f < filters; f++) {
        let from = tap + (<usize>f << 2);
        for (let c = 0; c < channels; c++, to += 4, from += <usize>filters << 2) {
          store<f32>(to, load<f32>(from));
        }
      }
    }
  }
  pack(turned, kernelHeight * kernelWidth * filters, channels, 0, packed, start);
}

/** Pixels that take turns with the panels: what they read should stay in the first-level cache. */
const BAND: i32 = 64;
/** Bytes of panels that one call may walk through. */
const NEAR: i32 = 8192;

/** Windows of one frame times the packed kernel: y[oh * ow][filters]. `spare` holds four panels' rows. */
function product(
  frame: usize, rowBytes: usize, pixelBytes: usize, kernelHeight: i32, many: i32,
  strideY: i32, strideX: i32, outHeight: i32, outWidth: i32,
  packed: usize, start: usize, filters: i32, relu: i32, spare: usize, y: usize,
): void {
  const outBytes = <usize>filters << 2;
  const stepX = <usize>strideX * pixelBytes;
  // From one past a row's last window to the next row's first.
  const turn = <usize>strideY * rowBytes - <usize>outWidth * stepX;
  const panelBytes = <usize>(kernelHeight * many) << 5;
  const whole = filters >> 3;
  const group = max(NEAR / <i32>panelBytes, 1);
  const pixels = outHeight * outWidth;
  for (let first = 0; first < pixels; first += BAND) {
    const last = min(first + BAND, pixels);
    for (let panel = 0; panel < panelsOf(filters); panel += group) {
      const full = panel < whole;
      const panels = full ? min(group, whole - panel) : 1;
      const at = <usize>panel << 5;
      const w = packed + <usize>panel * panelBytes;
      let ox = first % outWidth;
      let a = frame + <usize>(first / outWidth) * (<usize>strideY * rowBytes) + <usize>ox * stepX;
      for (let pixel = first; pixel < last; pixel += 4) {
        const a0 = a;
        let a1 = a, a2 = a, a3 = a;
        const count = min(last - pixel, 4);
        if (count > 1) {
          a += stepX;
          if (++ox == outWidth) {
            ox = 0;
            a += turn;
          }
          a1 = a;
        }
        if (count > 2) {
          a += stepX;
          if (++ox == outWidth) {
            ox = 0;
            a += turn;
          }
          a2 = a;
        }
        if (count > 3) {
          a += stepX;
          if (++ox == outWidth) {
            ox = 0;
            a += turn;
          }
          a3 = a;
        }
        a += stepX;
        if (++ox == outWidth) {
          ox = 0;
          a += turn;
        }
        const to = y + <usize>pixel * outBytes + at;
        if (full && count == 4) {
          rows4(
            a0, a1, a2, a3, kernelHeight, rowBytes, many, w, 32, panels, panelBytes,
            start + at, 0, relu, to, outBytes, 0, 0,
          );
          continue;
        }
        // Fewer than four pixels or eight filters: all are computed, those that exist are copied.
        const width = full ? <usize>panels << 5 : (<usize>filters << 2) - at;
        const spareBytes = <usize>panels << 5;
        rows4(
          a0, a1, a2, a3, kernelHeight, rowBytes, many, w, 32, panels, panelBytes,
          start + at, 0, relu, spare, spareBytes, 0, 0,
        );
        for (let j = 0; j < count; j++) {
          memory.copy(to + <usize>j * outBytes, spare + <usize>j * spareBytes, width);
        }
      }
      // The partial panel comes alone, after the whole ones.
      if (full) panel += panels - group;
    }
  }
}

/**
 * Framed images times the packed kernel, and relu where it is 1. Frames' rows and images in bytes. Each image's
 * moments go to `sums` unless it is 0, filters a multiple of 8: the image is still in the cache.
 */
export function forward(
  batch: i32, rowBytes: usize, frameBytes: usize, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, outHeight: i32, outWidth: i32, filters: i32, relu: i32,
  frame: usize, packed: usize, start: usize, y: usize, sums: usize, spare: usize,
): void {
  const outBytes = (<usize>outHeight * <usize>outWidth * <usize>filters) << 2;
  for (let b = 0; b < batch; b++, frame += frameBytes, y += outBytes) {
    product(
      frame, rowBytes, <usize>channels << 2, kernelHeight, kernelWidth * channels,
      strideY, strideX, outHeight, outWidth, packed, start, filters, relu, spare, y,
    );
    if (sums) {
      moments(outHeight * outWidth, filters, y, sums);
      sums += <usize>filters << 4;
    }
  }
}

/** The images' moments, where another kernel has written them. */
export function momentsOf(batch: i32, pixels: i32, channels: i32, x: usize, sums: usize): void {
  for (let b = 0; b < batch; b++) {
    moments(pixels, channels, x, sums);
    x += <usize>(pixels * channels) << 2;
    sums += <usize>channels << 4;
  }
}

/** How many of n floats are not zero, as an i32. */
export function count(n: i32, x: usize, to: usize): void {
  store<i32>(to, nonZeros(n, x));
}

/** Whether less than a third of n floats is other than zero, by the `parts` counts at `counts`. */
// @ts-ignore: decorator
@inline
function fewOf(n: i32, parts: i32, counts: usize): bool {
  let sum = 0;
  for (let i = 0; i < parts; i++) sum += load<i32>(counts + (<usize>i << 2));
  return sum < n / 3;
}

/**
 * The gradient by the input is a convolution with stride 1 of dy, its pixels `stride` apart in a frame
 * of zeros, with the turned kernel. Where dy is mostly zero (`total` floats, counted in `parts` counts)
 * by lists, with the same bits.
 */
export function inputGradient(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  filters: i32, dy: usize, dx: usize, turned: usize, packed: usize, start: usize,
  total: i32, parts: i32, counts: usize, spare: usize, frame: usize,
): void {
  if (channels >= 16 && fewOf(total, parts, counts)) {
    inputGradientOfLists(
      batch, inHeight, inWidth, channels, kernelHeight, kernelWidth, strideY, strideX, padTop, padLeft,
      outHeight, outWidth, filters, dy, dx, turned, frame,
    );
    return;
  }
  const pixelBytes = <usize>filters << 2;
  const height = inHeight + kernelHeight - 1;
  const width = inWidth + kernelWidth - 1;
  const rowBytes = <usize>width * pixelBytes;
  for (let b = 0; b < batch; b++) {
    memory.fill(frame, 0, <usize>height * rowBytes);
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideY + kernelHeight - 1 - padTop;
      for (let ox = 0; ox < outWidth; ox++, dy += pixelBytes) {
        const left = ox * strideX + kernelWidth - 1 - padLeft;
        // A window that lies wholly in the padding touches no input.
        if (top < 0 || top >= height || left < 0 || left >= width) continue;
        memory.copy(frame + <usize>top * rowBytes + <usize>left * pixelBytes, dy, pixelBytes);
      }
    }
    product(
      frame, rowBytes, pixelBytes, kernelHeight, kernelWidth * filters, 1, 1, inHeight, inWidth,
      packed, start, channels, 0, spare, dx,
    );
    dx += (<usize>inHeight * <usize>inWidth * <usize>channels) << 2;
  }
}

function inputGradientOfLists(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  filters: i32, dy: usize, dx: usize, turned: usize, frame: usize,
): void {
  const pixelBytes = <usize>channels << 2;
  const height = inHeight + kernelHeight - 1;
  const width = inWidth + kernelWidth - 1;
  const record = recordBytes(filters);
  const frameRow = <usize>width * record;
  const tapBytes = <usize>filters * pixelBytes;
  // A list that no output fills stays empty, for every image.
  for (let i = 0; i < height * width; i++) store<u32>(frame + <usize>i * record, 0);
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideY + kernelHeight - 1 - padTop;
      for (let ox = 0; ox < outWidth; ox++, dy += <usize>filters << 2) {
        const left = ox * strideX + kernelWidth - 1 - padLeft;
        if (top < 0 || top >= height || left < 0 || left >= width) continue;
        listByPixel(
          filters, pixelBytes, dy, frame + <usize>top * frameRow + <usize>left * record,
        );
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

/** to += sums, element by element. */
function addTo(size: usize, sums: usize, to: usize): void {
  let i: usize = 0;
  for (; i + 16 <= size; i += 16) {
    v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(sums + i)));
  }
  for (; i < size; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(sums + i));
}

/** sums [filters][taps] to dw's rows [taps][filters of all], `dwBytes` apart. */
function turnSums(taps: i32, filters: i32, sums: usize, dw: usize, dwBytes: usize): void {
  for (let k = 0; k < taps; k++, dw += dwBytes) {
    let from = sums + (<usize>k << 2);
    for (let f = 0; f < filters; f++, from += <usize>taps << 2) {
      store<f32>(dw + (<usize>f << 2), load<f32>(from));
    }
  }
}

/**
 * The gradient by row ky of the kernel, for `some` of the filters: `dy` and `dw` point at the first of
 * them, `dw` at row ky. `frame` as in `forward`. The rest as in `inputGradient`.
 */
export function weightGradient(
  batch: i32, rowBytes: usize, frameBytes: usize, channels: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, outHeight: i32, outWidth: i32, filters: i32, some: i32, ky: i32,
  frame: usize, dy: usize, dw: usize, total: i32, parts: i32, nonZero: usize,
  all: usize, sums: usize, counts: usize, lists: usize,
): void {
  const outBytes = <usize>filters << 2;
  const stepX = <usize>strideX * (<usize>channels << 2);
  const stepY = <usize>strideY * rowBytes;
  const many = kernelWidth * channels;
  const pixels = outHeight * outWidth;
  const imageBytes = <usize>pixels * outBytes;
  frame += <usize>ky * rowBytes;
  if (many >= 16 && fewOf(total, parts, nonZero)) {
    const size = <usize>(many * some) << 2;
    memory.fill(all, 0, size);
    for (let b = 0; b < batch; b++, frame += frameBytes, dy += imageBytes) {
      listsByFilter(outHeight, outWidth, filters, some, stepY, stepX, dy, counts, lists);
      weightSums(frame, many, pixels, some, counts, lists, sums);
      addTo(size, sums, all);
    }
    turnSums(many, some, all, dw, outBytes);
    return;
  }
  // Rows of the image that take turns with the taps: what they read should stay in the cache.
  const band = max(24576 / <i32>(rowBytes + <usize>outWidth * outBytes), 1);
  const rowSize = <usize>some << 2;
  const size = <usize>many * rowSize;
  memory.fill(all, 0, size);
  for (let b = 0; b < batch; b++, frame += frameBytes, dy += imageBytes) {
    memory.fill(sums, 0, size);
    for (let oy = 0; oy < outHeight; oy += band) {
      const blocks = min(band, outHeight - oy);
      const window = frame + <usize>oy * stepY;
      const above = dy + <usize>(oy * outWidth) * outBytes;
      let k = 0;
      for (; k + 4 <= many; k += 4) {
        outer4(
          window + (<usize>k << 2), stepX, stepY, above, outBytes, outWidth, blocks, some,
          sums + <usize>k * rowSize, rowSize,
        );
      }
      for (; k < many; k++) {
        outer1(
          window + (<usize>k << 2), stepX, stepY, above, outBytes, outWidth, blocks, some,
          sums + <usize>k * rowSize,
        );
      }
    }
    addTo(size, sums, all);
  }
  for (let k = 0; k < many; k++) {
    memory.copy(dw + <usize>k * outBytes, all + <usize>k * rowSize, rowSize);
  }
}
