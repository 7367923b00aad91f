/** Convolutions with the relu, pool and dropout behind them, as tasks. */
import { isPatched, layOut, pooledGradient, winogradsOf } from "./conv_room.ts";
import { convolve, frame, framesAt, imageBytes, pack, slope, turn } from "./conv_tasks.ts";
import { dropoutSettings } from "./dropout.ts";
import type { Address, ConvShape, Ops } from "./ops.ts";
import { type Emit, pieces, type Task } from "./tasks.ts";

const family = "fused";
/** Filters that one task of a gradient by lists takes. */
const SOME = 4;

type Pooled = Pick<Ops, "convPoolForward" | "convPoolInputGradient" | "convPoolWeightGradient">;

/** The convolution's whole output, or its gradient, where a kernel needs it. */
// What lies at a whole number of cache lines from an address is one.
const wideAt = (s: ConvShape, shared: Address) => shared + layOut(s).shared.at.wide as Address;

/** Whether a window's pixels and a filter's taps fit the registers. */
function isFour(s: ConvShape): boolean {
  return s.inChannels === 1 && s.kernelHeight === 2 && s.kernelWidth === 2 &&
    s.strideY === 1 && s.strideX === 1;
}

function biasTasks(s: ConvShape, dy: number, db: number): readonly Task[] {
  const rows = s.batch * s.outHeight * s.outWidth;
  return pieces(s.filters, 16).map(([first, some]) => ({
    family: "dense",
    name: "biasGradient",
    args: [rows, s.filters, some, dy + first * 4, db + first * 4],
  }));
}

export function pooledConvolutions(emit: Emit): Pooled {
  return {
    convPoolForward(s, dropping, x, w, bias, y, codes, { shared, own }) {
      const { rowBytes, frameBytes, pooled, shared: { at } } = layOut(s);
      const frames = framesAt(s, x, shared);
      const { threshold, scale } = dropoutSettings(dropping?.rate ?? 0);
      const elements = pooled.height * pooled.width * s.filters;
      const { forward } = winogradsOf(s);
      const codesOf = (image: number) => codes === 0 ? 0 : codes + image * elements;
      if (forward !== undefined) {
        // Frames are for the gradients alone.
        if (codes !== 0 && pooledGradient(s) === undefined) emit(frame(s, x, shared));
        const wide = wideAt(s, shared);
        convolve(forward, x, w, bias, false, wide, shared + at.kernel, own).forEach(emit);
        emit(
          pieces(s.batch).map(([first, many]) => ({
            family,
            name: "pool",
            args: [
              ...[many, s.outHeight, s.outWidth, s.filters, wide + first * imageBytes(s).y],
              ...[y + first * elements * 4, codesOf(first), first * elements],
              ...[dropping?.keys ?? 0, threshold, scale],
            ],
          })),
        );
        return;
      }
      emit([pack(s, w, bias, shared), ...frame(s, x, shared)]);
      const four = isFour(s);
      const sizes = four ? [] : [s.inChannels, s.kernelHeight, s.kernelWidth, s.strideY, s.strideX];
      emit(
        pieces(s.batch).map(([first, many]) => ({
          family,
          name: four ? "forwardFour" : "forward",
          args: [
            ...[many, rowBytes, frameBytes, ...sizes, pooled.height, pooled.width, s.filters],
            ...[frames + first * frameBytes, shared + at.packed, shared + at.start],
            ...[y + first * elements * 4, codesOf(first), first * elements],
            ...[dropping?.keys ?? 0, threshold, scale],
          ],
        })),
      );
    },

    convPoolInputGradient(s, rate, dy, codes, w, dx, { shared, own }) {
      const { pooled, shared: { at }, product } = layOut(s);
      const elements = pooled.height * pooled.width * s.filters;
      emit([turn(s, w, shared)]);
      emit(
        pieces(s.batch).map(([first, many]) => ({
          family,
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
      const { rowBytes, frameBytes, pooled, columns, shared: { at }, gradient } = layOut(s);
      const frames = framesAt(s, x, shared);
      const { scale } = dropoutSettings(rate);
      const biasAt = (first: number) => db === 0 ? 0 : db + first * 4;
      const sizes = [
        ...[rowBytes, frameBytes, s.inChannels, s.kernelHeight, s.kernelWidth],
        ...[s.strideY, s.strideX, pooled.height, pooled.width],
      ];
      const windows = pooled.height * pooled.width;
      const gradientByShards = pooledGradient(s);
      if (gradientByShards !== undefined) {
        const wide = wideAt(s, shared), elements = windows * s.filters;
        emit(
          pieces(s.batch).map(([first, many]) => ({
            family,
            name: "spread",
            args: [
              ...[many, s.outHeight, s.outWidth, s.filters, scale, dy + first * elements * 4],
              ...[codes + first * elements, wide + first * imageBytes(s).y],
            ],
          })),
        );
        const [shards = [], sum = []] = slope(
          gradientByShards,
          x,
          wide,
          dw,
          shared + at.parts,
          own,
        );
        emit([...shards, ...(db === 0 ? [] : biasTasks(s, wide, db))]);
        emit(sum);
        return;
      }
      if (!isPatched(s)) {
        emit(
          pieces(s.filters, SOME).map(([first, some]) => ({
            family,
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
          family,
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
          family,
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
