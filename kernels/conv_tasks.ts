/** Tasks that convolutions are made of. */
import { layOut } from "./conv_room.ts";
import type { Address, ConvShape } from "./ops.ts";
import { type Phase, pieces, type Task } from "./tasks.ts";
import type { WinogradCall, WinogradConvolution, WinogradWeightGradient } from "./winograd.ts";

/** Bytes of an image before and behind the convolution. */
export const imageBytes = (s: ConvShape) => ({
  x: s.inHeight * s.inWidth * s.inChannels * 4,
  y: s.outHeight * s.outWidth * s.filters * 4,
});

/** The kernel turned by 180 degrees, for gradients by the input. */
export function turn(s: ConvShape, w: number, shared: number): Task {
  const { at } = layOut(s).shared;
  return {
    family: "conv",
    name: "turn",
    args: [
      ...[s.kernelHeight, s.kernelWidth, s.inChannels, s.filters, w],
      ...[shared + at.turned, shared + at.turnedPacked, shared + at.zeros],
    ],
  };
}

/** The kernel as panels, and the bias. */
export function pack(s: ConvShape, w: number, bias: number, shared: number): Task {
  const { at } = layOut(s).shared;
  const taps = s.kernelHeight * s.kernelWidth * s.inChannels;
  return {
    family: "conv",
    name: "pack",
    args: [w, taps, s.filters, bias, shared + at.packed, shared + at.start],
  };
}

/** Counts of the non-zeros of dy, for kernels that go by them. */
export function count(s: ConvShape, dy: number, shared: number) {
  const { at } = layOut(s).shared;
  const floats = imageBytes(s).y / 4;
  const parts = pieces(s.batch);
  const tasks = parts.map(([first, some], i): Task => ({
    family: "conv",
    name: "count",
    args: [some * floats, dy + first * floats * 4, shared + at.counts + i * 4],
  }));
  return { tasks, given: [s.batch * floats, parts.length, shared + at.counts] };
}

/** Brings x in with its padding, where it has any. */
export function frame(s: ConvShape, x: number, shared: number): Phase {
  const { framed, frameBytes, rowBytes, shared: { at } } = layOut(s);
  if (!framed) return [];
  const pixelBytes = s.inChannels * 4;
  return pieces(s.batch).map(([first, many]) => ({
    family: "conv",
    name: "frames",
    args: [
      ...[many, s.inHeight, s.inWidth, pixelBytes, s.padTop, s.padLeft],
      ...[frameBytes / rowBytes, rowBytes / pixelBytes],
      ...[x + first * imageBytes(s).x, shared + at.frames + first * frameBytes],
    ],
  }));
}

/** Where images lie with their padding. */
export function framesAt(s: ConvShape, x: number, shared: number) {
  const { framed, shared: { at } } = layOut(s);
  return framed ? shared + at.frames : x;
}

const winograd = ({ name, args }: WinogradCall): Task => ({ family: "winograd", name, args });
// What lies at a whole number of cache lines from an address is one.
const at = (byte: number) => byte as Address;

/** A Winograd convolution: the kernel's transform, then the images. */
export function convolve(
  conv: WinogradConvolution,
  x: Address,
  w: Address,
  bias: Address | 0,
  relu: boolean,
  y: Address,
  kernel: number,
  own: Address,
): readonly Phase[] {
  return [
    pieces(conv.panels).map(([first, many]) =>
      winograd(conv.transform([first, first + many], w, at(kernel), own))
    ),
    pieces(conv.batch).map(([first, many]) =>
      winograd(conv.run([first, first + many], x, at(kernel), bias, relu, y, own))
    ),
  ];
}

/** A Winograd gradient by the weights: the shards, then their sum. */
export function slope(
  gradient: WinogradWeightGradient,
  x: Address,
  dy: Address,
  dw: Address,
  parts: number,
  own: Address,
): readonly Phase[] {
  return [
    gradient.shards.map((_, shard) => winograd(gradient.run(shard, x, dy, at(parts), own))),
    pieces(gradient.weights, 64).map(([first, many]) =>
      winograd(gradient.sum([first, first + many], at(parts), dw))
    ),
  ];
}
