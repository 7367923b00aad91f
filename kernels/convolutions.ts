/** Convolutions as tasks, plain and with what follows them; and where their scratch lies. */
import { dropoutSettings } from "./dropout.ts";
import type { OpName } from "./families.ts";
import type { ConvShape, Ops } from "./ops.ts";
import { type Emit, MOST_TASKS, pieces, type Task } from "./tasks.ts";

const align = (bytes: number) => Math.ceil(bytes / 64) * 64;
const eights = (filters: number) => Math.ceil(filters / 8) * 8;
/** Columns that `patchGradient` adds up at once. */
const FIVE = 5;
/** Filters that one task of a gradient by lists takes. */
const SOME = 4;

/** Lays pieces one after another. */
function inOrder<K extends string>(sizes: Readonly<Record<K, number>>) {
  let bytes = 0;
  const at: Partial<Record<K, number>> = {};
  // A record's keys are those of its type.
  for (const [name, size] of Object.entries(sizes) as [K, number][]) {
    at[name] = bytes;
    bytes += align(size);
  }
  return { at: at as Record<K, number>, bytes };
}

/** Where things lie, from the start of a convolution's rooms on, and the sizes that its kernels take. */
function layOut(s: ConvShape) {
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
  return { framed, rowBytes, frameBytes, pooled, columns, shared, product, gradient };
}

/** Whether a kernel's row is too short for lists: then a window's few inputs are laid out instead. */
function isPatched(s: ConvShape): boolean {
  return s.kernelWidth * s.inChannels < 16;
}

/** Bytes of the rooms that a convolution of these sizes works in. */
export function convRoom(s: ConvShape): { readonly shared: number; readonly own: number } {
  const { shared, product, gradient } = layOut(s);
  return { shared: shared.bytes, own: Math.max(product.bytes, gradient.bytes) };
}

type Convolutions = Pick<
  Ops,
  | "conv2dFrames"
  | "conv2dForward"
  | "conv2dInputGradient"
  | "conv2dWeightGradient"
  | "convPoolForward"
  | "convPoolInputGradient"
  | "convPoolWeightGradient"
>;

export function convolutions(emit: Emit): Convolutions {
  const imageBytes = (s: ConvShape) => ({
    x: s.inHeight * s.inWidth * s.inChannels * 4,
    y: s.outHeight * s.outWidth * s.filters * 4,
  });
  const turn = (op: OpName, s: ConvShape, w: number, shared: number): Task => {
    const { at } = layOut(s).shared;
    return {
      op,
      name: "turn",
      args: [
        ...[s.kernelHeight, s.kernelWidth, s.inChannels, s.filters, w],
        ...[shared + at.turned, shared + at.turnedPacked, shared + at.zeros],
      ],
    };
  };
  const pack = (op: OpName, s: ConvShape, w: number, bias: number, shared: number): Task => {
    const { at } = layOut(s).shared;
    const taps = s.kernelHeight * s.kernelWidth * s.inChannels;
    return {
      op,
      name: "pack",
      args: [w, taps, s.filters, bias, shared + at.packed, shared + at.start],
    };
  };
  /** Counts of the non-zeros of dy, for kernels that go by them. */
  const count = (op: OpName, s: ConvShape, dy: number, shared: number) => {
    const { at } = layOut(s).shared;
    const floats = imageBytes(s).y / 4;
    const parts = pieces(s.batch);
    const tasks = parts.map(([first, some], i): Task => ({
      op,
      name: "count",
      args: [some * floats, dy + first * floats * 4, shared + at.counts + i * 4],
    }));
    return { tasks, given: [s.batch * floats, parts.length, shared + at.counts] };
  };
  const framesAt = (s: ConvShape, x: number, shared: number) => {
    const { framed, shared: { at } } = layOut(s);
    return framed ? shared + at.frames : x;
  };

  return {
    conv2dFrames(s, x, { shared }) {
      const { framed, frameBytes, rowBytes, shared: { at } } = layOut(s);
      if (!framed) return;
      const pixelBytes = s.inChannels * 4;
      emit(
        pieces(s.batch).map(([first, many]) => ({
          op: "conv2dFrames",
          name: "frames",
          args: [
            ...[many, s.inHeight, s.inWidth, pixelBytes, s.padTop, s.padLeft],
            ...[frameBytes / rowBytes, rowBytes / pixelBytes],
            ...[x + first * imageBytes(s).x, shared + at.frames + first * frameBytes],
          ],
        })),
      );
    },

    conv2dForward(s, x, w, bias, relu, y, moments, { shared, own }) {
      const op = "conv2dForward";
      const { rowBytes, frameBytes, shared: { at }, product } = layOut(s);
      const frames = framesAt(s, x, shared);
      emit([pack(op, s, w, bias, shared)]);
      emit(
        pieces(s.batch).map(([first, many]) => ({
          op,
          name: "forward",
          args: [
            ...[many, rowBytes, frameBytes, s.inChannels, s.kernelHeight, s.kernelWidth],
            ...[s.strideY, s.strideX, s.outHeight, s.outWidth, s.filters, relu ? 1 : 0],
            ...[frames + first * frameBytes, shared + at.packed, shared + at.start],
            y + first * imageBytes(s).y,
            moments === 0 ? 0 : moments + first * s.filters * 16,
            own + product.at.spare,
          ],
        })),
      );
    },

    conv2dInputGradient(s, dy, w, dx, { shared, own }) {
      const op = "conv2dInputGradient";
      const { shared: { at }, product } = layOut(s);
      const { tasks, given } = count(op, s, dy, shared);
      emit([turn(op, s, w, shared), ...tasks]);
      emit(
        pieces(s.batch).map(([first, many]) => ({
          op,
          name: "inputGradient",
          args: [
            ...[many, s.inHeight, s.inWidth, s.inChannels, s.kernelHeight, s.kernelWidth],
            ...[s.strideY, s.strideX, s.padTop, s.padLeft, s.outHeight, s.outWidth, s.filters],
            ...[dy + first * imageBytes(s).y, dx + first * imageBytes(s).x],
            ...[shared + at.turned, shared + at.turnedPacked, shared + at.zeros, ...given],
            ...[own + product.at.spare, own + product.at.frame],
          ],
        })),
      );
    },

    conv2dWeightGradient(s, x, dy, dw, { shared, own }) {
      const op = "conv2dWeightGradient";
      const { rowBytes, frameBytes, shared: { at: places }, gradient: { at } } = layOut(s);
      const frames = framesAt(s, x, shared);
      if (isPatched(s) && s.filters % 8 === 0) {
        const size = s.kernelHeight * s.kernelWidth * s.inChannels * s.filters;
        emit(
          pieces(s.batch).map(([first, many]) => ({
            op,
            name: "shortGradient",
            args: [
              ...[many, rowBytes, frameBytes, s.inChannels, s.kernelHeight, s.kernelWidth],
              ...[s.strideY, s.strideX, s.outHeight, s.outWidth, s.filters],
              ...[frames + first * frameBytes, dy + first * imageBytes(s).y],
              shared + places.partial + first * size * 4,
            ],
          })),
        );
        emit(
          pieces(size, 64).map(([first, some]) => ({
            op,
            name: "total",
            args: [s.batch, size, some, shared + places.partial + first * 4, dw + first * 4],
          })),
        );
        return;
      }
      const { tasks, given } = count(op, s, dy, shared);
      emit(tasks);
      const rowFloats = s.kernelWidth * s.inChannels * s.filters;
      const filters = pieces(s.filters, 8, Math.max(1, Math.floor(MOST_TASKS / s.kernelHeight)));
      const cut: Task[] = [];
      for (let ky = 0; ky < s.kernelHeight; ky++) {
        for (const [first, some] of filters) {
          cut.push({
            op,
            name: "weightGradient",
            args: [
              ...[s.batch, rowBytes, frameBytes, s.inChannels, s.kernelWidth, s.strideY, s.strideX],
              ...[s.outHeight, s.outWidth, s.filters, some, ky, frames, dy + first * 4],
              ...[dw + (ky * rowFloats + first) * 4, ...given],
              ...[own + at.all, own + at.sums, own + at.counts, own + at.lists],
            ],
          });
        }
      }
      emit(cut);
    },

    convPoolForward(s, dropping, x, w, bias, y, codes, { shared }) {
      const op = "convPoolForward";
      const { rowBytes, frameBytes, pooled, shared: { at } } = layOut(s);
      const frames = framesAt(s, x, shared);
      const { threshold, scale } = dropoutSettings(dropping?.rate ?? 0);
      const elements = pooled.height * pooled.width * s.filters;
      emit([pack("conv2dForward", s, w, bias, shared)]);
      emit(
        pieces(s.batch).map(([first, many]) => ({
          op,
          name: "forward",
          args: [
            ...[many, rowBytes, frameBytes, s.inChannels, s.kernelHeight, s.kernelWidth],
            ...[s.strideY, s.strideX, pooled.height, pooled.width, s.filters],
            ...[frames + first * frameBytes, shared + at.packed, shared + at.start],
            ...[y + first * elements * 4, codes + first * elements, first * elements],
            ...[dropping?.keys ?? 0, threshold, scale],
          ],
        })),
      );
    },

    convPoolInputGradient(s, rate, dy, codes, w, dx, { shared, own }) {
      const { pooled, shared: { at }, product } = layOut(s);
      const elements = pooled.height * pooled.width * s.filters;
      emit([turn("conv2dInputGradient", s, w, shared)]);
      emit(
        pieces(s.batch).map(([first, many]) => ({
          op: "convPoolInputGradient",
          name: "inputGradient",
          args: [
            ...[many, s.inHeight, s.inWidth, s.inChannels, s.kernelHeight, s.kernelWidth],
            ...[s.strideY, s.strideX, s.padTop, s.padLeft, pooled.height, pooled.width, s.filters],
            ...[dropoutSettings(rate).scale, dy + first * elements * 4, codes + first * elements],
            ...[dx + first * imageBytes(s).x, shared + at.turned, own + product.at.frame],
          ],
        })),
      );
    },

    convPoolWeightGradient(s, rate, x, dy, codes, dw, db, { shared, own }) {
      const op = "convPoolWeightGradient";
      const { rowBytes, frameBytes, pooled, columns, shared: { at }, gradient } = layOut(s);
      const frames = framesAt(s, x, shared);
      const { scale } = dropoutSettings(rate);
      const biasAt = (first: number) => db === 0 ? 0 : db + first * 4;
      const sizes = [
        ...[rowBytes, frameBytes, s.inChannels, s.kernelHeight, s.kernelWidth],
        ...[s.strideY, s.strideX, pooled.height, pooled.width],
      ];
      const windows = pooled.height * pooled.width;
      if (!isPatched(s)) {
        emit(
          pieces(s.filters, SOME).map(([first, some]) => ({
            op,
            name: "weightGradient",
            args: [
              ...[s.batch, ...sizes, s.filters, some, scale, frames],
              ...[dy + first * 4, codes + first, dw + first * 4, biasAt(first)],
              ...[own + gradient.at.all, own + gradient.at.sums],
              ...[own + gradient.at.counts, own + gradient.at.lists],
            ],
          })),
        );
        return;
      }
      emit(
        pieces(s.batch).map(([first, many]) => ({
          op,
          name: "patches",
          args: [
            ...[many, ...sizes, columns, frames + first * frameBytes],
            shared + at.patches + first * windows * columns * 16,
          ],
        })),
      );
      const taps = s.kernelHeight * s.kernelWidth * s.inChannels;
      emit(
        pieces(s.filters, 8, s.filters).map(([first]) => ({
          op,
          name: "patchGradient",
          args: [
            ...[s.batch, windows, taps, columns, s.filters, scale, shared + at.patches],
            ...[dy + first * 4, codes + first, dw + first * 4, biasAt(first)],
          ],
        })),
      );
    },
  };
}
