// Two-dimensional convolution, NHWC and HWIO, any size, stride and padding. Each image is copied into
// a frame of zeros; then a window's row (kernelWidth * channels floats) is contiguous, and the product
// is that of matrices whose rows are windows, without a table of them (im2col).
// Sums run over (ky, kx, channel) in order; weight gradients over the pixels of an image, then images.
import {
  inputSums, listByPixel, listsByFilter, recordBytes, weightSums, worthLists,
} from "./sparse";
import { outer1, outer4, rows4 } from "./tiles";

/** Copies an image of rows `rowBytes` long into a frame, zeros around it. */
function frameImage(
  x: usize, inHeight: i32, inWidth: i32, pixelBytes: usize, padTop: i32, padLeft: i32,
  height: i32, width: i32, frame: usize,
): void {
  const rowBytes = <usize>width * pixelBytes;
  memory.fill(frame, 0, <usize>height * rowBytes);
  const columns = min(inWidth, width - padLeft);
  if (columns <= 0) return;
  const end = min(inHeight, height - padTop);
  for (let iy = 0; iy < end; iy++) {
    memory.copy(
      frame + <usize>(iy + padTop) * rowBytes + <usize>padLeft * pixelBytes,
      x + <usize>iy * <usize>inWidth * pixelBytes,
      <usize>columns * pixelBytes,
    );
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
function pack(w: usize, taps: i32, filters: i32, bias: usize, packed: usize, start: usize): void {
  const panels = panelsOf(filters);
  for (let panel = 0; panel < panels; panel++) {
    for (let k = 0; k < taps; k++) {
      for (let j = 0; j < 8; j++, packed += 4) {
        const f = panel * 8 + j;
        const value: f32 = f < filters ? load<f32>(w + (<usize>(k * filters + f) << 2)) : 0;
        store<f32>(packed, value);
      }
    }
    for (let j = 0; j < 8; j++, start += 4) {
      const f = panel * 8 + j;
      store<f32>(start, bias && f < filters ? load<f32>(bias + (<usize>f << 2)) : 0);
    }
  }
}

/** Pixels that take turns with the panels: what they read should stay in the first-level cache. */
const BAND: i32 = 64;
/** Bytes of panels that one call may walk through. */
const NEAR: i32 = 8192;

/** Windows of one frame times the packed kernel: y[oh * ow][filters]. `spare` holds four panels' rows. */
function product(
  frame: usize, rowBytes: usize, pixelBytes: usize, kernelHeight: i32, many: i32,
  strideY: i32, strideX: i32, outHeight: i32, outWidth: i32,
  packed: usize, start: usize, filters: i32, spare: usize, y: usize,
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
            start + at, 0, to, outBytes,
          );
          continue;
        }
        // Fewer than four pixels or eight filters: all are computed, those that exist are copied.
        const width = full ? <usize>panels << 5 : (<usize>filters << 2) - at;
        const spareBytes = <usize>panels << 5;
        rows4(
          a0, a1, a2, a3, kernelHeight, rowBytes, many, w, 32, panels, panelBytes,
          start + at, 0, spare, spareBytes,
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

export function forward(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  filters: i32, x: usize, w: usize, bias: usize, y: usize,
  packed: usize, start: usize, spare: usize, frame: usize,
): void {
  const pixelBytes = <usize>channels << 2;
  const many = kernelWidth * channels;
  pack(w, kernelHeight * many, filters, bias, packed, start);
  const height = (outHeight - 1) * strideY + kernelHeight;
  const width = (outWidth - 1) * strideX + kernelWidth;
  for (let b = 0; b < batch; b++) {
    frameImage(x, inHeight, inWidth, pixelBytes, padTop, padLeft, height, width, frame);
    product(
      frame, <usize>width * pixelBytes, pixelBytes, kernelHeight, many,
      strideY, strideX, outHeight, outWidth, packed, start, filters, spare, y,
    );
    x += <usize>inHeight * <usize>inWidth * pixelBytes;
    y += (<usize>outHeight * <usize>outWidth * <usize>filters) << 2;
  }
}

/**
 * The gradient by the input is a convolution with stride 1 of dy, its pixels `stride` apart in a frame
 * of zeros, with the kernel turned by 180 degrees and its last two axes swapped (in `turned`).
 */
export function inputGradient(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  filters: i32, dy: usize, w: usize, dx: usize,
  packed: usize, start: usize, spare: usize, turned: usize, frame: usize,
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
  if (worthLists(channels, batch * outHeight * outWidth * filters, dy)) {
    inputGradientOfLists(
      batch, inHeight, inWidth, channels, kernelHeight, kernelWidth, strideY, strideX, padTop, padLeft,
      outHeight, outWidth, filters, dy, dx, turned, frame,
    );
    return;
  }
  pack(turned, kernelHeight * kernelWidth * filters, channels, 0, packed, start);
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
      packed, start, channels, spare, dx,
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

/** dw += sums, element by element. */
function addTo(size: usize, sums: usize, dw: usize): void {
  let i: usize = 0;
  for (; i + 16 <= size; i += 16) {
    v128.store(dw + i, f32x4.add(v128.load(dw + i), v128.load(sums + i)));
  }
  for (; i < size; i += 4) store<f32>(dw + i, load<f32>(dw + i) + load<f32>(sums + i));
}

export function weightGradient(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  filters: i32, x: usize, dy: usize, dw: usize,
  turned: usize, sums: usize, counts: usize, frame: usize, lists: usize,
): void {
  const pixelBytes = <usize>channels << 2;
  const outBytes = <usize>filters << 2;
  const height = (outHeight - 1) * strideY + kernelHeight;
  const width = (outWidth - 1) * strideX + kernelWidth;
  const rowBytes = <usize>width * pixelBytes;
  const stepX = <usize>strideX * pixelBytes;
  const many = kernelWidth * channels;
  const size = <usize>(kernelHeight * many) * outBytes;
  // Rows of the image that take turns with the taps: what they read should stay in the cache.
  const band = max(24576 / <i32>(rowBytes + <usize>outWidth * outBytes), 1);
  const pixels = outHeight * outWidth;
  if (worthLists(many, batch * pixels * filters, dy)) {
    const block = <usize>strideY * rowBytes;
    memory.fill(turned, 0, size);
    for (let b = 0; b < batch; b++) {
      frameImage(x, inHeight, inWidth, pixelBytes, padTop, padLeft, height, width, frame);
      listsByFilter(outHeight, outWidth, filters, block, stepX, dy, counts, lists);
      weightSums(frame, rowBytes, kernelHeight, many, pixels, filters, counts, lists, sums);
      addTo(size, sums, turned);
      x += <usize>inHeight * <usize>inWidth * pixelBytes;
      dy += <usize>pixels * outBytes;
    }
    const taps = kernelHeight * many;
    for (let k = 0; k < taps; k++) {
      let from = turned + (<usize>k << 2);
      for (let f = 0; f < filters; f++, dw += 4, from += <usize>taps << 2) {
        store<f32>(dw, load<f32>(from));
      }
    }
    return;
  }
  memory.fill(dw, 0, size);
  for (let b = 0; b < batch; b++) {
    frameImage(x, inHeight, inWidth, pixelBytes, padTop, padLeft, height, width, frame);
    memory.fill(sums, 0, size);
    for (let oy = 0; oy < outHeight; oy += band) {
      const blocks = min(band, outHeight - oy);
      const block = <usize>strideY * rowBytes;
      for (let ky = 0; ky < kernelHeight; ky++) {
        const window = frame + <usize>oy * block + <usize>ky * rowBytes;
        const slope = sums + <usize>(ky * many) * outBytes;
        let k = 0;
        for (; k + 4 <= many; k += 4) {
          outer4(
            window + (<usize>k << 2), stepX, block, dy, outBytes, outWidth, blocks, filters,
            slope + <usize>k * outBytes, outBytes,
          );
        }
        for (; k < many; k++) {
          outer1(
            window + (<usize>k << 2), stepX, block, dy, outBytes, outWidth, blocks, filters,
            slope + <usize>k * outBytes,
          );
        }
      }
      dy += <usize>(blocks * outWidth) * outBytes;
    }
    addTo(size, sums, dw);
    x += <usize>inHeight * <usize>inWidth * pixelBytes;
  }
}
