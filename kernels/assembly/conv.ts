// Two-dimensional convolution, NHWC and HWIO, any size, stride and padding. Each image is copied into
// a frame of zeros; then a window's row (kernelWidth * channels floats) is contiguous, and the product
// is that of matrices whose rows are windows, without a table of them (im2col).
// Sums run over (ky, kx, channel) in order; weight gradients over the pixels of an image, then images.
import { outer1, outer4, row1, rows4 } from "./tiles";

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

/** Windows of one frame times the kernel: y[oh * ow][filters]. */
function product(
  frame: usize, rowBytes: usize, pixelBytes: usize, kernelHeight: i32, kernelWidth: i32,
  channels: i32, strideY: i32, strideX: i32, outHeight: i32, outWidth: i32,
  w: usize, filters: i32, bias: usize, y: usize,
): void {
  const many = kernelWidth * channels;
  const outBytes = <usize>filters << 2;
  const stepX = <usize>strideX * pixelBytes;
  const stepY = <usize>strideY * rowBytes;
  const kernelRow = <usize>many * outBytes;
  for (let oy = 0; oy < outHeight; oy++) {
    let a = frame + <usize>oy * stepY;
    let ox = 0;
    for (; ox + 4 <= outWidth; ox += 4) {
      for (let ky = 0; ky < kernelHeight; ky++) {
        const p = a + <usize>ky * rowBytes;
        rows4(
          p, p + stepX, p + 2 * stepX, p + 3 * stepX, many, w + <usize>ky * kernelRow, outBytes,
          filters, ky == 0 ? bias : y, ky == 0 ? 0 : outBytes, y, outBytes,
        );
      }
      a += 4 * stepX;
      y += 4 * outBytes;
    }
    for (; ox < outWidth; ox++) {
      for (let ky = 0; ky < kernelHeight; ky++) {
        row1(
          a + <usize>ky * rowBytes, many, w + <usize>ky * kernelRow, outBytes, filters,
          ky == 0 ? bias : y, y,
        );
      }
      a += stepX;
      y += outBytes;
    }
  }
}

export function forward(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  filters: i32, x: usize, w: usize, bias: usize, y: usize, frame: usize,
): void {
  const pixelBytes = <usize>channels << 2;
  const height = (outHeight - 1) * strideY + kernelHeight;
  const width = (outWidth - 1) * strideX + kernelWidth;
  for (let b = 0; b < batch; b++) {
    frameImage(x, inHeight, inWidth, pixelBytes, padTop, padLeft, height, width, frame);
    product(
      frame, <usize>width * pixelBytes, pixelBytes, kernelHeight, kernelWidth, channels,
      strideY, strideX, outHeight, outWidth, w, filters, bias, y,
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
  filters: i32, dy: usize, w: usize, dx: usize, turned: usize, frame: usize,
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
      frame, rowBytes, pixelBytes, kernelHeight, kernelWidth, filters, 1, 1, inHeight, inWidth,
      turned, channels, 0, dx,
    );
    dx += (<usize>inHeight * <usize>inWidth * <usize>channels) << 2;
  }
}

export function weightGradient(
  batch: i32, inHeight: i32, inWidth: i32, channels: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, padTop: i32, padLeft: i32, outHeight: i32, outWidth: i32,
  filters: i32, x: usize, dy: usize, dw: usize, sums: usize, frame: usize,
): void {
  const pixelBytes = <usize>channels << 2;
  const outBytes = <usize>filters << 2;
  const height = (outHeight - 1) * strideY + kernelHeight;
  const width = (outWidth - 1) * strideX + kernelWidth;
  const rowBytes = <usize>width * pixelBytes;
  const stepX = <usize>strideX * pixelBytes;
  const many = kernelWidth * channels;
  const taps = kernelHeight * many;
  const size = <usize>taps * outBytes;
  memory.fill(dw, 0, size);
  for (let b = 0; b < batch; b++) {
    frameImage(x, inHeight, inWidth, pixelBytes, padTop, padLeft, height, width, frame);
    memory.fill(sums, 0, size);
    for (let oy = 0; oy < outHeight; oy++) {
      const window = frame + <usize>(oy * strideY) * rowBytes;
      let k = 0;
      for (; k + 4 <= taps; k += 4) {
        outer4(
          window + tap(k, many, rowBytes), window + tap(k + 1, many, rowBytes),
          window + tap(k + 2, many, rowBytes), window + tap(k + 3, many, rowBytes), stepX,
          dy, outBytes, outWidth, filters, sums + <usize>k * outBytes, outBytes,
        );
      }
      for (; k < taps; k++) {
        outer1(
          window + tap(k, many, rowBytes), stepX, dy, outBytes, outWidth, filters,
          sums + <usize>k * outBytes,
        );
      }
      dy += <usize>outWidth * outBytes;
    }
    let i: usize = 0;
    for (; i + 16 <= size; i += 16) {
      v128.store(dw + i, f32x4.add(v128.load(dw + i), v128.load(sums + i)));
    }
    for (; i < size; i += 4) store<f32>(dw + i, load<f32>(dw + i) + load<f32>(sums + i));
    x += <usize>inHeight * <usize>inWidth * pixelBytes;
  }
}

/** Where the k-th float of a window lies, from the window's first. */
// @ts-ignore: decorator
@inline
function tap(k: i32, many: i32, rowBytes: usize): usize {
  return <usize>(k / many) * rowBytes + (<usize>(k % many) << 2);
}
