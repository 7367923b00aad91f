/** Convolutions, alone and with what follows them, against the plain loops. */
import assert from "node:assert/strict";
import { dropoutKeys } from "../kernels/dropout.ts";
import { winogradsOf } from "../kernels/conv_room.ts";
import type { ConvShape } from "../kernels/ops.ts";
import { both, createPair, loadModules, type Padding, side } from "./kernels_rig.ts";

const modules = await loadModules();
/** f32 sums of a few hundred products, against f64. */
const SUMS = 2e-6;

type Row = readonly [
  batch: number,
  size: readonly [number, number],
  kernel: readonly [number, number],
  stride: readonly [number, number],
  padding: Padding,
  channels: number,
  filters: number,
];

const CONVOLUTIONS: readonly Row[] = [
  [3, [8, 8], [2, 2], [1, 1], "same", 1, 64],
  [2, [9, 7], [2, 2], [1, 1], "valid", 1, 16],
  [2, [7, 9], [2, 2], [1, 1], "same", 64, 32],
  [1, [5, 7], [3, 3], [1, 1], "same", 3, 5],
  [2, [9, 6], [3, 3], [1, 1], "valid", 4, 8],
  [1, [11, 8], [3, 2], [2, 2], "same", 5, 7],
  [2, [10, 13], [2, 5], [3, 2], "valid", 6, 12],
  [1, [8, 8], [1, 1], [2, 2], "valid", 9, 3],
  [1, [4, 4], [4, 4], [1, 1], "valid", 2, 1],
  [2, [3, 3], [5, 5], [1, 1], "same", 1, 4],
  [1, [6, 5], [2, 2], [3, 3], "valid", 1, 13],
  [1, [7, 7], [1, 3], [1, 2], "same", 8, 16],
];

function shapeOf([batch, size, kernel, stride, padding, channels, filters]: Row): ConvShape {
  const y = side(size[0], kernel[0], stride[0], padding);
  const x = side(size[1], kernel[1], stride[1], padding);
  return {
    batch,
    inHeight: size[0],
    inWidth: size[1],
    inChannels: channels,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideY: stride[0],
    strideX: stride[1],
    padTop: y.pad,
    padLeft: x.pad,
    outHeight: y.out,
    outWidth: x.out,
    filters,
  };
}

const nameOf = ([batch, size, kernel, stride, padding, channels, filters]: Row) =>
  `${batch}x${size.join("x")}x${channels}, ${filters} filters of ${kernel.join("x")}, ` +
  `stride ${stride.join("x")}, ${padding}`;

for (const row of CONVOLUTIONS) {
  const [batch, size, kernel, , , channels, filters] = row, name = nameOf(row);
  Deno.test(`convolution agrees with plain loops: ${name}`, () => {
    const s = shapeOf(row);
    const pair = createPair(modules, name);
    const inputs = batch * size[0] * size[1] * channels;
    const outputs = batch * s.outHeight * s.outWidth * filters;
    const weights = kernel[0] * kernel[1] * channels * filters;
    const input = pair.floats(inputs), weight = pair.floats(weights), bias = pair.floats(filters);
    const above = pair.floats(outputs);
    const output = pair.room(outputs), plain = pair.room(outputs);
    const below = pair.room(inputs), slope = pair.room(weights);
    const room = pair.roomOf(s), positive = pair.room(outputs);
    const guard = pair.floats(16);
    both(pair, (ops) => {
      ops.conv2dForward(s, input, weight, bias, false, output, 0, room);
      ops.conv2dForward(s, input, weight, bias, true, positive, 0, room);
      ops.conv2dForward(s, input, weight, 0, false, plain, 0, room);
      ops.conv2dInputGradient(s, above, weight, below, room);
      ops.conv2dWeightGradient(s, input, above, slope, room);
    });
    pair.agree("forward", output, outputs, SUMS);
    pair.agree("forward with relu", positive, outputs, SUMS);
    pair.agree("forward without bias", plain, outputs, SUMS);
    pair.agree("gradient by the input", below, inputs, SUMS);
    pair.agree("gradient by the weights", slope, weights, SUMS);
    pair.agree("what follows the scratch", guard, 16, 0);

    // Mostly zeros take another way through the same sums.
    const rare = pair.floats(outputs, (i) => i * 7919 % 11 < 2 ? (i % 17) - 8 : 0);
    const fewBelow = pair.room(inputs), fewSlope = pair.room(weights);
    both(pair, (ops) => {
      ops.conv2dInputGradient(s, rare, weight, fewBelow, room);
      ops.conv2dWeightGradient(s, input, rare, fewSlope, room);
    });
    pair.agree("gradient by the input of a sparse dy", fewBelow, inputs, SUMS);
    pair.agree("gradient by the weights of a sparse dy", fewSlope, weights, SUMS);
    pair.agree("what follows the scratch", guard, 16, 0);
  });
}

const POOLED: readonly Row[] = [
  [3, [8, 8], [2, 2], [1, 1], "same", 1, 64],
  [2, [7, 9], [2, 2], [1, 1], "same", 64, 32],
  [2, [9, 7], [3, 3], [1, 1], "valid", 3, 8],
  [1, [8, 10], [3, 3], [1, 1], "same", 5, 16],
  [2, [13, 11], [3, 2], [2, 1], "same", 20, 24],
  [1, [5, 5], [2, 2], [3, 3], "valid", 17, 8],
  [17, [6, 6], [5, 5], [1, 1], "same", 2, 8],
];

for (const row of POOLED) {
  const [batch, size, kernel, , , channels, filters] = row, name = nameOf(row);
  Deno.test(`convolution, relu, pool and dropout at once agree with plain loops: ${name}`, () => {
    const s = shapeOf(row), pair = createPair(modules, `pooled ${name}`);
    const inputs = batch * size[0] * size[1] * channels;
    const outputs = batch * (s.outHeight >> 1) * (s.outWidth >> 1) * filters;
    const weights = kernel[0] * kernel[1] * channels * filters;
    // Few values, so that there are ties, which only sums of whole numbers are sure to keep.
    const exact = winogradsOf(s).forward === undefined;
    const draw = (n: number, value: (i: number) => number) =>
      pair.floats(n, exact ? value : undefined);
    const input = draw(inputs, (i) => (i * i * 7919 % 11 % 5) - 2);
    const weight = draw(weights, (i) => (i * i * 31 % 13 % 7) - 3);
    const bias = draw(filters, (i) => (i % 5) - 2), above = pair.floats(outputs);
    const keys = pair.words(dropoutKeys({ seedLow: 1, seedHigh: 2, layer: 3, step: 4 }));
    const y = pair.room(outputs), codes = pair.bytes(outputs, () => 77);
    const dx = pair.room(inputs), dw = pair.room(weights), db = pair.room(filters);
    const room = pair.roomOf(s), guard = pair.floats(16);
    for (const rate of [0.3, 0]) {
      both(pair, (ops) => {
        const dropping = rate === 0 ? null : { rate, keys };
        ops.convPoolForward(s, dropping, input, weight, bias, y, codes, room);
        ops.convPoolInputGradient(s, rate, above, codes, weight, dx, room);
        ops.convPoolWeightGradient(s, rate, input, above, codes, dw, db, room);
      });
      const what = (of: string) => `${of}, rate ${rate}`;
      pair.agree(what("forward"), y, outputs, exact ? 0 : SUMS);
      const places = pair.readBytes(pair.compiled, codes, outputs);
      assert.deepEqual(places, pair.readBytes(pair.reference, codes, outputs));
      assert.ok(new Set(places).size > 1, "one window is as the other");
      const pooled = pair.read(pair.compiled, y, outputs).slice();
      const dropping = rate === 0 ? null : { rate, keys };
      pair.compiled.convPoolForward(s, dropping, input, weight, bias, y, 0, room);
      assert.deepEqual(pair.read(pair.compiled, y, outputs), pooled, "without codes it is another");
      pair.agree(what("gradient by the input"), dx, inputs, SUMS);
      pair.agree(what("gradient by the weights"), dw, weights, SUMS);
      pair.agree(what("gradient by the bias"), db, filters, SUMS);
      pair.agree("what follows the rooms", guard, 16, 0);
    }
  });
}

Deno.test("what is not a number stays visible through a pooled convolution", () => {
  const s = shapeOf([1, [4, 4], [1, 1], [1, 1], "same", 1, 8]);
  const pair = createPair(modules, "pooled NaN");
  const input = pair.floats(16, (i) => i === 5 ? NaN : 1), weight = pair.floats(8, () => 1);
  const y = pair.room(32), codes = pair.bytes(32, () => 0), room = pair.roomOf(s);
  both(pair, (ops) => {
    ops.convPoolForward(s, null, input, weight, 0, y, codes, room);
  });
  pair.agree("forward", y, 32, 0);
  assert.ok(pair.read(pair.compiled, y, 8).every(Number.isNaN));
});
