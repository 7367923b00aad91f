// Convolution with stride 1 by Winograd's minimal filtering: a tile of outputs costs one multiplication for each
// position of a transformed square of `side` x `side` (see `winograd_transforms.ts`) instead of one for each
// output and tap. Tiles are taken `block` at a time: squares of their inputs, a matrix product for each position,
// squares back into outputs. A tile's sums run over the channels in order, so that neither blocks nor ranges of
// images change a bit. Weight gradients sum over the tiles of their range in order.
// The work area: see `winograd_transforms.ts`; from BIAS on, a copy of the bias filled up with zeros.
import { kernelSquare, slope3, slope4, slope6, tapsOfSquare } from "./winograd_slopes";
import { productOfQuads, productOfTiles } from "./winograd_tiles";
import {
  input3, input4, input6, output3, output4, output6, PATCH, prepare,
} from "./winograd_transforms";

const BIAS: usize = 4096;
/** Bytes of a pixel in a patch: 16 channels are transformed at a time. */
const PIXEL: usize = 64;

/** Outputs along a tile's side. */
// @ts-ignore: decorator
@inline
function hopOf(side: i32): i32 {
  return side == 6 ? 4 : 2;
}

// @ts-ignore: decorator
@inline
function panelsOf(filters: i32): i32 {
  return (filters + 7) >> 3;
}

/**
 * The kernel [taps][channels][filters] as squares [positions][panels of 8 filters][channels rounded up to 4][8],
 * positions `stride` bytes apart, for panels [first, last). `turned`: from the layer's kernel
 * [taps][filters][channels], by 180 degrees: what the gradient by the input is convolved with.
 */
export function transformKernel(
  side: i32, first: i32, last: i32, channels: i32, filters: i32, turned: i32,
  w: usize, u: usize, stride: usize, work: usize,
): void {
  prepare(work, 0);
  const taps = side == 3 ? 4 : 9;
  const tapBytes = <usize>(channels * filters) << 2;
  const alongChannels = <usize>(turned ? 1 : filters) << 2, alongFilters = <usize>(turned ? channels : 1) << 2;
  const rows = (channels + 3) & ~3;
  const patch = work + PATCH;
  for (let panel = first; panel < last; panel++) {
    const count = min(filters - panel * 8, 8);
    let to = u + <usize>(panel * rows) * 32;
    for (let c = 0; c < rows; c++, to += 32) {
      if (!turned && count == 8 && c < channels) {
        const from = w + (<usize>(c * filters + panel * 8) << 2);
        kernelSquare(side, work, from, tapBytes, to, stride);
        kernelSquare(side, work, from + 16, tapBytes, to + 16, stride);
        continue;
      }
      memory.fill(patch, 0, <usize>taps << 5);
      if (c < channels) {
        const from = w + <usize>c * alongChannels + <usize>(panel * 8) * alongFilters;
        for (let tap = 0; tap < taps; tap++) {
          let p = from + <usize>(turned ? taps - 1 - tap : tap) * tapBytes;
          let q = patch + (<usize>tap << 5);
          for (let f = 0; f < count; f++, p += alongFilters, q += 4) store<f32>(q, load<f32>(p));
        }
      }
      kernelSquare(side, work, patch, 32, to, stride);
      kernelSquare(side, work, patch + 16, 32, to + 16, stride);
    }
  }
}

/** Copies up to 16 channels of a window into the patch; what lies outside the image or the channels is 0. */
function fillPatch(
  patch: usize, window: i32, image: usize, top: i32, left: i32, height: i32, width: i32,
  pixelBytes: usize, floats: i32,
): void {
  for (let y = top; y < top + window; y++) {
    const row = image + <usize>(y * width + left) * pixelBytes;
    let from = row;
    for (let x = left; x < left + window; x++, patch += PIXEL, from += pixelBytes) {
      const inside = u32(y) < u32(height) && u32(x) < u32(width);
      if (inside && floats == 16) {
        v128.store(patch, v128.load(from));
        v128.store(patch, v128.load(from, 16), 16);
        v128.store(patch, v128.load(from, 32), 32);
        v128.store(patch, v128.load(from, 48), 48);
        continue;
      }
      const zero = f32x4.splat(0);
      v128.store(patch, zero);
      v128.store(patch, zero, 16);
      v128.store(patch, zero, 32);
      v128.store(patch, zero, 48);
      if (!inside) continue;
      for (let i: usize = 0; i < <usize>floats << 2; i += 4) store<f32>(patch + i, load<f32>(from + i));
    }
  }
}

/**
 * Squares of tiles [first, last), the last one repeated up to a multiple of four. `slope`: tiles of dy (windows
 * of a tile's outputs), else of the input (windows of `side`). In a position, quads of channels lie `step` apart,
 * groups of four tiles `groupStep`, a group's tiles 16 bytes.
 */
function squares(
  side: i32, slope: bool, first: i32, last: i32, tilesY: i32, tilesX: i32, height: i32, width: i32,
  channels: i32, quads: i32, padTop: i32, padLeft: i32, x: usize, work: usize,
  to: usize, stride: usize, groupStep: usize, step: usize,
): void {
  const hop = hopOf(side);
  const window = slope ? hop : side;
  const pixelBytes = <usize>channels << 2;
  const rowBytes = <usize>width * pixelBytes;
  const imageBytes = <usize>height * rowBytes;
  const patch = work + PATCH;
  let startX = first % tilesX, startY = first / tilesX % tilesY;
  let start = x + <usize>(first / (tilesX * tilesY)) * imageBytes;
  for (let group = first; group < last; group += 4, to += groupStep) {
    let tileX = startX, tileY = startY, image = start;
    for (let quad = 0; quad < quads; quad += 4) {
      const count = min(quads - quad, 4);
      const floats = min(channels - quad * 4, 16);
      const whole = floats == count * 4;
      const at = <usize>quad << 4;
      tileX = startX;
      tileY = startY;
      image = start;
      let target = to + <usize>quad * step;
      for (let tile = group; tile < group + 4; tile++, target += 16) {
        const top = tileY * hop - padTop, left = tileX * hop - padLeft;
        let from = image + <usize>(top * width + left) * pixelBytes + at;
        let row = rowBytes, pixel = pixelBytes;
        if (!whole || top < 0 || left < 0 || top + window > height || left + window > width) {
          fillPatch(patch, window, image + at, top, left, height, width, pixelBytes, floats);
          from = patch;
          pixel = PIXEL;
          row = <usize>window * PIXEL;
        }
        if (slope) {
          if (side == 6) slope6(work, from, row, pixel, target, stride, step, count);
          else if (side == 4) slope4(work, from, row, pixel, target, stride, step, count);
          else slope3(work, from, row, pixel, target, stride, step, count);
        } else {
          if (side == 6) input6(work, from, row, pixel, target, stride, step, count);
          else if (side == 4) input4(work, from, row, pixel, target, stride, step, count);
          else input3(from, row, pixel, target, stride, step, count);
        }
        if (tile + 1 >= last) continue;
        if (++tileX == tilesX) {
          tileX = 0;
          if (++tileY == tilesY) {
            tileY = 0;
            image += imageBytes;
          }
        }
      }
    }
    startX = tileX;
    startY = tileY;
    start = image;
  }
}

/** Products of tiles [first, last) into outputs, with what lies beyond the image or the filters left out. */
function outputs(
  side: i32, first: i32, last: i32, tilesY: i32, tilesX: i32, height: i32, width: i32, filters: i32,
  work: usize, from: usize, stride: usize, y: usize,
): void {
  const hop = hopOf(side);
  const pixelBytes = <usize>filters << 2;
  const rowBytes = <usize>width * pixelBytes;
  const imageBytes = <usize>height * rowBytes;
  const patch = work + PATCH;
  const quads = (filters + 3) >> 2;
  const groupStep = <usize>panelsOf(filters) << 7;
  let startX = first % tilesX, startY = first / tilesX % tilesY;
  let start = y + <usize>(first / (tilesX * tilesY)) * imageBytes;
  for (let group = first; group < last; group += 4, from += groupStep) {
    let tileX = startX, tileY = startY, image = start;
    const end = min(group + 4, last);
    for (let quad = 0; quad < quads; quad += 4) {
      const count = min(quads - quad, 4);
      const floats = min(filters - quad * 4, 16);
      const whole = floats == count * 4;
      const at = <usize>quad << 4;
      const bias = work + BIAS + at;
      tileX = startX;
      tileY = startY;
      image = start;
      let source = from + (<usize>quad << 6);
      for (let tile = group; tile < end; tile++, source += 16) {
        const top = tileY * hop, left = tileX * hop;
        const goal = image + <usize>(top * width + left) * pixelBytes + at;
        const direct = whole && top + hop <= height && left + hop <= width;
        const to = direct ? goal : patch;
        const row = direct ? rowBytes : <usize>hop * PIXEL, pixel = direct ? pixelBytes : PIXEL;
        if (side == 6) output6(work, source, stride, to, row, pixel, bias, count);
        else if (side == 4) output4(work, source, stride, to, row, pixel, bias, count);
        else output3(work, source, stride, to, row, pixel, bias, count);
        if (!direct) {
          const columns = min(width - left, hop);
          for (let i = 0; i < min(height - top, hop); i++) {
            for (let j = 0; j < columns; j++) {
              memory.copy(
                goal + <usize>i * rowBytes + <usize>j * pixelBytes,
                patch + <usize>(i * hop + j) * PIXEL,
                <usize>floats << 2,
              );
            }
          }
        }
        if (++tileX == tilesX) {
          tileX = 0;
          if (++tileY == tilesY) {
            tileY = 0;
            image += imageBytes;
          }
        }
      }
    }
    startX = tileX;
    startY = tileY;
    start = image;
  }
}

/**
 * Images [first, last): y = bias + x * kernel, the kernel as `transformKernel` left it in `u`. `bias` 0 means
 * none; `relu` 1 raises what is below 0 to 0.
 */
export function forward(
  side: i32, first: i32, last: i32, inHeight: i32, inWidth: i32, channels: i32, padTop: i32, padLeft: i32,
  outHeight: i32, outWidth: i32, filters: i32, relu: i32, x: usize, u: usize, uStride: usize, bias: usize, y: usize,
  block: i32, work: usize, v: usize, vStride: usize, m: usize, mStride: usize,
): void {
  prepare(work, relu ? 0 : <f32>-Infinity);
  const panels = panelsOf(filters), quads = (channels + 3) >> 2;
  memory.fill(work + BIAS, 0, <usize>panels << 5);
  if (bias) memory.copy(work + BIAS, bias, <usize>filters << 2);
  const hop = hopOf(side);
  const tilesY = (outHeight + hop - 1) / hop, tilesX = (outWidth + hop - 1) / hop;
  const end = last * tilesY * tilesX;
  const panelBytes = <usize>quads << 7, mStep = <usize>panels << 7;
  for (let tile = first * tilesY * tilesX; tile < end; tile += block) {
    const stop = min(tile + block, end);
    squares(
      side, false, tile, stop, tilesY, tilesX, inHeight, inWidth, channels, quads, padTop, padLeft, x, work,
      v, vStride, <usize>quads << 6, 64,
    );
    const groups = (stop - tile + 3) >> 2;
    let from = v, kernel = u, to = m;
    for (let position = 0; position < side * side; position++) {
      let w = kernel;
      for (let panel = 0; panel < panels; panel++, w += panelBytes) {
        productOfTiles(from, groups, quads, w, to + (<usize>panel << 7), mStep);
      }
      from += vStride;
      kernel += uStride;
      to += mStride;
    }
    outputs(side, tile, stop, tilesY, tilesX, outHeight, outWidth, filters, work, m, mStride, y);
  }
}

/**
 * dw [taps][channels][filters] of images [first, last). `sums` holds the positions' sums, `sumsStride` apart, as
 * [quads of channels][panels of filters][4][8].
 */
export function weightGradient(
  side: i32, first: i32, last: i32, inHeight: i32, inWidth: i32, channels: i32, padTop: i32, padLeft: i32,
  outHeight: i32, outWidth: i32, filters: i32, x: usize, dy: usize, dw: usize,
  block: i32, work: usize, v: usize, vStride: usize, d: usize, dStride: usize, sums: usize, sumsStride: usize,
): void {
  prepare(work, 0);
  const hop = hopOf(side);
  const panels = panelsOf(filters), quads = (channels + 3) >> 2;
  const tilesY = (outHeight + hop - 1) / hop, tilesX = (outWidth + hop - 1) / hop;
  const end = last * tilesY * tilesX;
  const step = <usize>block << 4;
  const positions = side * side;
  memory.fill(sums, 0, <usize>positions * sumsStride);
  for (let tile = first * tilesY * tilesX; tile < end; tile += block) {
    const stop = min(tile + block, end);
    squares(
      side, false, tile, stop, tilesY, tilesX, inHeight, inWidth, channels, quads, padTop, padLeft, x, work,
      v, vStride, 64, step,
    );
    squares(
      side, true, tile, stop, tilesY, tilesX, outHeight, outWidth, filters, panels * 2, 0, 0, dy, work,
      d, dStride, 64, step,
    );
    for (let position = 0; position < positions; position++) {
      let a = v + <usize>position * vStride;
      let to = sums + <usize>position * sumsStride;
      const b = d + <usize>position * dStride;
      for (let quad = 0; quad < quads; quad++, a += step, to += <usize>panels << 7) {
        productOfQuads(a, b, step, stop - tile, panels, to);
      }
    }
  }
  const tap = <usize>(channels * filters) << 2;
  const patch = work + PATCH;
  for (let c = 0; c < channels; c++) {
    const row = sums + <usize>((c >> 2) * panels) * 128 + <usize>(c & 3) * 32;
    for (let f = 0; f < filters; f += 4, dw += 16) {
      const from = row + <usize>(f >> 3) * 128 + <usize>(f & 4) * 4;
      if (f + 4 <= filters) {
        tapsOfSquare(side, work, from, sumsStride, dw, tap);
        continue;
      }
      tapsOfSquare(side, work, from, sumsStride, patch, 16);
      const left = filters - f;
      for (let i = 0; i < (side == 3 ? 4 : 9); i++) {
        memory.copy(dw + <usize>i * tap, patch + (<usize>i << 4), <usize>left << 2);
      }
      dw -= <usize>(4 - left) << 2;
    }
  }
}

/** dw[first, last) = the sum of `count` partial gradients, `stride` bytes apart, in their order. */
export function sumOf(count: i32, first: i32, last: i32, parts: usize, stride: usize, dw: usize): void {
  let i = <usize>first << 2;
  const end = <usize>last << 2;
  for (; i + 16 <= end; i += 16) {
    let p = parts + i;
    let s = v128.load(p);
    for (let part = 1; part < count; part++) {
      p += stride;
      s = f32x4.add(s, v128.load(p));
    }
    v128.store(dw + i, s);
  }
  for (; i < end; i += 4) {
    let p = parts + i;
    let s = load<f32>(p);
    for (let part = 1; part < count; part++) {
      p += stride;
      s += load<f32>(p);
    }
    store<f32>(dw + i, s);
  }
}
