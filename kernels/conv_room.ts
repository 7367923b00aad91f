/** Where a convolution's kernels find what they work with besides its tensors, and which of them are taken. */
import type { ConvShape } from "./ops.ts";
import { inOrder } from "./room.ts";
import { MOST_TASKS } from "./tasks.ts";
import {
  winogradForward,
  winogradInputGradient,
  winogradSides,
  winogradWeightGradient,
} from "./winograd.ts";

const eights = (filters: number) => Math.ceil(filters / 8) * 8;
/** Columns that `patchGradient` adds up at once. */
const FIVE = 5;

/** Where things lie, from the start of a convolution's rooms on, and the sizes that its kernels take. */
export function layOut(s: ConvShape) {
  const taps = s.kernelHeight * s.kernelWidth;
  const pixelBytes = s.inChannels * 4;
  const height = (s.outHeight - 1) * s.strideY + s.kernelHeight;
  const width = (s.outWidth - 1) * s.strideX + s.kernelWidth;
  // Images whose windows all lie inside need no frame.
  const framed = s.padTop > 0 || s.padLeft > 0 || height > s.inHeight || width > s.inWidth;
  const rowBytes = (framed ? width : s.inWidth) * pixelBytes;
  const frameBytes = framed ? height * rowBytes : s.inHeight * rowBytes;
  const weights = taps * s.inChannels * s.filters;
  const below = (s.inHeight + s.kernelHeight - 1) * (s.inWidth + s.kernelWidth - 1);
  const pooled = { height: s.outHeight >> 1, width: s.outWidth >> 1 };
  const columns = Math.ceil((taps * s.inChannels + 1) / FIVE) * FIVE;
  const patched = isPatched(s);
  const { forward, inputGradient, weightGradient } = winogradsOf(s);
  const shared = inOrder({
    packed: taps * s.inChannels * eights(s.filters) * 4,
    start: eights(s.filters) * 4,
    turned: weights * 4,
    turnedPacked: taps * s.filters * eights(s.inChannels) * 4,
    zeros: eights(s.inChannels) * 4,
    counts: MOST_TASKS * 4,
    frames: framed ? s.batch * frameBytes : 0,
    // What a gradient by few taps works with: patches, or each image's sums.
    patches: patched ? s.batch * pooled.height * pooled.width * columns * 16 : 0,
    partial: patched ? s.batch * weights * 4 : 0,
    // Transformed kernels, the shards' sums, and the convolution's output (or its gradient) where a pool follows.
    kernel: forward?.kernelBytes ?? 0,
    turnedKernel: inputGradient?.kernelBytes ?? 0,
    parts: weightGradient?.partBytes ?? 0,
    wide: forward === undefined && weightGradient === undefined
      ? 0
      : s.batch * s.outHeight * s.outWidth * s.filters * 4,
  });
  const many = s.kernelWidth * s.inChannels * eights(s.filters);
  // One task is at one of these at a time.
  const product = inOrder({
    spare: 16 * Math.max(eights(s.filters), eights(s.inChannels)),
    // dy in its frame, as lists (a count, then an offset and a value for each filter), and a list to spare.
    frame: (below + 1) * (s.filters + 2) * 8,
  });
  const gradient = inOrder({
    all: s.kernelHeight * many * 4,
    sums: s.kernelHeight * many * 4,
    counts: s.filters * 4,
    lists: s.filters * (s.outHeight * s.outWidth + 1) * 8,
  });
  const unit = Math.max(
    forward?.unitBytes ?? 0,
    inputGradient?.unitBytes ?? 0,
    weightGradient?.unitBytes ?? 0,
  );
  return { framed, rowBytes, frameBytes, pooled, columns, shared, product, gradient, unit };
}

/** Whether a kernel's row is too short for lists: then a window's few inputs are laid out instead. */
export function isPatched(s: ConvShape): boolean {
  return s.kernelWidth * s.inChannels < 16;
}

/** Bytes of the rooms that a convolution of these sizes works in. */
export function convRoom(s: ConvShape): { readonly shared: number; readonly own: number } {
  const { shared, product, gradient, unit } = layOut(s);
  return { shared: shared.bytes, own: Math.max(product.bytes, gradient.bytes, unit) };
}

/** The products that go by Winograd's algorithm; undefined where the plain ones are faster. */
export function winogradsOf(s: ConvShape) {
  const sides = winogradSides(s);
  return {
    forward: sides.forward && winogradForward(s, sides.forward),
    inputGradient: sides.inputGradient && winogradInputGradient(s, sides.inputGradient),
    weightGradient: sides.weightGradient && winogradWeightGradient(s, sides.weightGradient),
  };
}

/**
 * The gradient by the weights behind a pool: Winograd's for 3x3 kernels, although three of four slopes are 0;
 * lists of the others for 2x2 ones, which save less.
 */
export function pooledGradient(s: ConvShape) {
  return s.kernelHeight === 3 ? winogradsOf(s).weightGradient : undefined;
}
