/** Convolutions as tasks: by the plain kernels, or by Winograd's algorithm where it pays. */
import { isPatched, layOut, winogradsOf } from "./conv_room.ts";
import { convolve, count, frame, framesAt, imageBytes, pack, slope, turn } from "./conv_tasks.ts";
import type { Ops } from "./ops.ts";
import { type Emit, MOST_TASKS, pieces, type Task } from "./tasks.ts";

const family = "conv";

type Convolutions = Pick<Ops, "conv2dForward" | "conv2dInputGradient" | "conv2dWeightGradient">;

export function convolutions(emit: Emit): Convolutions {
  return {
    conv2dForward(s, x, w, bias, relu, y, moments, { shared, own }) {
      const { rowBytes, frameBytes, shared: { at }, product } = layOut(s);
      const frames = framesAt(s, x, shared);
      const { forward, weightGradient } = winogradsOf(s);
      if (forward !== undefined) {
        if (weightGradient === undefined) emit(frame(s, x, shared));
        convolve(forward, x, w, bias, relu, y, shared + at.kernel, own).forEach(emit);
        if (moments === 0) return;
        emit(
          pieces(s.batch).map(([first, many]) => ({
            family,
            name: "momentsOf",
            args: [
              ...[many, s.outHeight * s.outWidth, s.filters],
              ...[y + first * imageBytes(s).y, moments + first * s.filters * 16],
            ],
          })),
        );
        return;
      }
      emit([pack(s, w, bias, shared), ...frame(s, x, shared)]);
      emit(
        pieces(s.batch).map(([first, many]) => ({
          family,
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
      const { shared: { at }, product } = layOut(s);
      const { inputGradient } = winogradsOf(s);
      if (inputGradient !== undefined) {
        const kernel = shared + at.turnedKernel;
        convolve(inputGradient, dy, w, 0, false, dx, kernel, own).forEach(emit);
        return;
      }
      const { tasks, given } = count(s, dy, shared);
      emit([turn(s, w, shared), ...tasks]);
      emit(
        pieces(s.batch).map(([first, many]) => ({
          family,
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
      const { rowBytes, frameBytes, shared: { at: places }, gradient: { at } } = layOut(s);
      const frames = framesAt(s, x, shared);
      if (isPatched(s) && s.filters % 8 === 0) {
        const size = s.kernelHeight * s.kernelWidth * s.inChannels * s.filters;
        emit(
          pieces(s.batch).map(([first, many]) => ({
            family,
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
            family,
            name: "total",
            args: [s.batch, size, some, shared + places.partial + first * 4, dw + first * 4],
          })),
        );
        return;
      }
      const { weightGradient } = winogradsOf(s);
      if (weightGradient !== undefined) {
        slope(weightGradient, x, dy, dw, shared + places.parts, own).forEach(emit);
        return;
      }
      const { tasks, given } = count(s, dy, shared);
      emit(tasks);
      const rowFloats = s.kernelWidth * s.inChannels * s.filters;
      const filters = pieces(s.filters, 8, Math.max(1, Math.floor(MOST_TASKS / s.kernelHeight)));
      const cut: Task[] = [];
      for (let ky = 0; ky < s.kernelHeight; ky++) {
        for (const [first, some] of filters) {
          cut.push({
            family,
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
  };
}
