/** Winograd's convolutions against plain loops in f64, and that no split of their work changes a bit. */
import assert from "node:assert/strict";
import type { Address, ConvShape } from "../kernels/ops.ts";
import {
  type Side,
  type WinogradCall,
  winogradForward,
  winogradInputGradient,
  winogradSides,
  winogradWeightGradient,
} from "../kernels/winograd.ts";
import { createPair, loadModules, type Pair } from "./kernels_rig.ts";

const modules = await loadModules();

/** Relative L2 error allowed; the largest of the shapes below have 1.3e-6, 2.1e-7 and 3.8e-7. */
const ERROR: Readonly<Record<Side, number>> = { 6: 2e-6, 4: 4e-7, 3: 6e-7 };

type Row = readonly [
  side: Side,
  batch: number,
  size: readonly [number, number],
  padding: "same" | "valid",
  channels: number,
  filters: number,
];

const CONVOLUTIONS: readonly Row[] = [
  [6, 2, [8, 8], "same", 32, 32],
  [6, 1, [9, 7], "same", 3, 5],
  [6, 3, [5, 11], "valid", 20, 36],
  [6, 1, [3, 3], "valid", 1, 1],
  [6, 5, [4, 4], "same", 128, 64],
  [6, 40, [6, 6], "same", 7, 13],
  [4, 2, [8, 8], "same", 16, 24],
  [4, 1, [7, 5], "same", 3, 9],
  [4, 3, [6, 9], "valid", 18, 6],
  [3, 2, [14, 14], "same", 64, 32],
  [3, 1, [5, 7], "same", 1, 3],
  [3, 3, [6, 3], "valid", 37, 11],
];

function shapeOf([side, batch, size, padding, channels, filters]: Row): ConvShape {
  const kernel = side === 3 ? 2 : 3;
  const pad = padding === "same" ? kernel - 1 >> 1 : 0;
  const lost = padding === "same" ? 0 : kernel - 1;
  return {
    batch,
    inHeight: size[0],
    inWidth: size[1],
    inChannels: channels,
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideY: 1,
    strideX: 1,
    padTop: pad,
    padLeft: pad,
    outHeight: size[0] - lost,
    outWidth: size[1] - lost,
    filters,
  };
}

/** Calls the module on the compiled side's memory. */
function caller(pair: Pair): (call: WinogradCall) => void {
  const { winograd } = modules;
  assert.ok(winograd !== undefined);
  const { exports } = new WebAssembly.Instance(winograd, { env: { memory: pair.memory } });
  return ({ name, args }) => {
    const kernel = exports[name];
    assert.ok(typeof kernel === "function");
    kernel(...args);
  };
}

for (const row of CONVOLUTIONS) {
  const [side, batch, size, padding, channels, filters] = row;
  const name = `side ${side}, ${batch}x${
    size.join("x")
  }x${channels}, ${filters} filters, ${padding}`;
  Deno.test(`Winograd agrees with plain loops, whatever the split: ${name}`, () => {
    const s = shapeOf(row);
    const pair = createPair(modules, name);
    const call = caller(pair);
    const inputs = batch * size[0] * size[1] * channels;
    const outputs = batch * s.outHeight * s.outWidth * filters;
    const weights = s.kernelHeight * s.kernelWidth * channels * filters;
    const x = pair.floats(inputs), w = pair.floats(weights), bias = pair.floats(filters);
    const dy = pair.floats(outputs);
    const room = (bytes: number) => pair.room(bytes / 4);
    const rooms = { shared: x, own: x }; // the plain loops need none
    const copyOf = (address: Address, n: number) => pair.read(pair.compiled, address, n).slice();

    for (const product of ["forward", "input gradient"] as const) {
      const forward = product === "forward";
      const plan = forward ? winogradForward(s, side) : winogradInputGradient(s, side);
      const from = forward ? x : dy, shift = forward ? bias : 0;
      const n = forward ? outputs : inputs;
      const kernel = room(plan.kernelBytes), unit = room(plan.unitBytes), y = pair.room(n);
      const guard = pair.floats(16);
      if (forward) pair.reference.conv2dForward(s, x, w, bias, false, y, 0, rooms);
      else pair.reference.conv2dInputGradient(s, dy, w, y, rooms);
      call(plan.transform([0, plan.panels], w, kernel, unit));
      call(plan.run([0, batch], from, kernel, shift, false, y, unit));
      pair.agree(product, y, n, ERROR[side]);
      pair.agree(`what follows the ${product}`, guard, 16, 0);
      const whole = copyOf(y, n);
      // Panel by panel and image by image, last first, in a fresh scratch.
      const other = room(plan.unitBytes), apart = room(plan.kernelBytes);
      for (let i = plan.panels - 1; i >= 0; i--) call(plan.transform([i, i + 1], w, apart, other));
      pair.read(pair.compiled, y, n).fill(NaN);
      for (let i = batch - 1; i >= 0; i--) {
        call(plan.run([i, i + 1], from, apart, shift, false, y, other));
      }
      assert.deepEqual(copyOf(y, n), whole, `${product} in pieces`);
      call(plan.run([0, batch], from, kernel, shift, true, y, unit));
      assert.deepEqual(copyOf(y, n), whole.map((value) => value < 0 ? 0 : value), "with relu");
    }

    const plan = winogradWeightGradient(s, side);
    const parts = room(plan.partBytes), unit = room(plan.unitBytes), dw = pair.room(weights);
    const guard = pair.floats(16);
    pair.reference.conv2dWeightGradient(s, x, dy, dw, rooms);
    plan.shards.forEach((_, i) => call(plan.run(i, x, dy, parts, unit)));
    call(plan.sum([0, weights], parts, dw));
    pair.agree("weight gradient", dw, weights, ERROR[side]);
    pair.agree("what follows the weight gradient", guard, 16, 0);
    const whole = copyOf(dw, weights);
    const other = room(plan.unitBytes), cut = weights >> 1;
    for (let i = plan.shards.length - 1; i >= 0; i--) call(plan.run(i, x, dy, parts, other));
    pair.read(pair.compiled, dw, weights).fill(NaN);
    call(plan.sum([cut, weights], parts, dw));
    call(plan.sum([0, cut], parts, dw));
    assert.deepEqual(copyOf(dw, weights), whole, "weight gradient in pieces");
  });
}

Deno.test("where Winograd is taken follows from the shape, whatever the batch", () => {
  const all = (side: Side | undefined) => ({
    forward: side,
    inputGradient: side,
    weightGradient: side,
  });
  const large = shapeOf([6, 1, [32, 32], "same", 32, 64]);
  assert.deepEqual(winogradSides(large), all(6));
  assert.deepEqual(winogradSides({ ...large, batch: 128 }), all(6));
  assert.deepEqual(winogradSides(shapeOf([4, 1, [6, 6], "same", 32, 64])), all(4));
  assert.deepEqual(winogradSides(shapeOf([3, 1, [14, 14], "same", 64, 32])), all(3));
  assert.deepEqual(winogradSides(shapeOf([3, 1, [28, 28], "same", 1, 64])), all(undefined));
  const first = winogradSides(shapeOf([6, 1, [32, 32], "same", 1, 32]));
  assert.deepEqual(first, { ...all(undefined), inputGradient: 6 });
  // 7x7 outputs are best in 4x4 tiles, the 6x6 inputs under a "full" padding in 2x2 tiles.
  const full: ConvShape = { ...large, inHeight: 6, inWidth: 6, outHeight: 7, outWidth: 7 };
  assert.deepEqual(winogradSides(full), { ...all(6), inputGradient: 4 });
  assert.deepEqual(winogradSides({ ...large, strideX: 2, outWidth: 16 }), all(undefined));
  assert.deepEqual(winogradSides({ ...large, kernelHeight: 2 }), all(undefined));
  assert.deepEqual(winogradSides({ ...large, kernelHeight: 5, kernelWidth: 5 }), all(undefined));
});
