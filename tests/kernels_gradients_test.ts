/** The reference's gradients against finite differences of its own forward passes. */
import assert from "node:assert/strict";
import { createArena, createMemory } from "../kernels/memory.ts";
import type { Activation, Address, ConvShape, Ops, PoolShape } from "../kernels/ops.ts";
import { createReferenceOps } from "../kernels/reference/index.ts";
import { stream } from "../numerics/random.ts";

/** A memory of small tensors with a loss: the sum of the output times fixed draws `dy`. */
function rig(name: string) {
  const memory = createMemory(0);
  const ops = createReferenceOps(memory);
  const arena = createArena(memory.buffer.byteLength);
  const draws = stream(3, "gradients", name);
  let drawn = 0;
  const read = (address: Address, n: number) => new Float32Array(memory.buffer, address, n);
  const tensor = (n: number) => {
    const address = arena.take(n * 4);
    read(address, n).forEach((_, i, all) => all[i] = draws.normal(drawn++));
    return address;
  };
  /** Asserts that `slopes` are the derivatives by `x` of the loss that `forward` gives. */
  function check(
    what: string,
    x: Address,
    n: number,
    slopes: Address,
    loss: () => number,
    step = 1 / 64,
  ): void {
    const values = read(x, n), found = read(slopes, n).slice();
    for (let i = 0; i < n; i++) {
      const value = values[i] ?? NaN;
      values[i] = value + step;
      const above = loss(), to = values[i] ?? NaN;
      values[i] = value - step;
      const below = loss(), from = values[i] ?? NaN;
      values[i] = value;
      const wanted = (above - below) / (to - from);
      // Outputs are f32, so the difference carries their rounding over the step.
      const tolerance = 2e-3 * Math.max(1, Math.abs(wanted));
      const error = Math.abs(wanted - (found[i] ?? NaN));
      assert.ok(error <= tolerance, `${what}, element ${i}: ${found[i]}, not ${wanted}`);
    }
  }
  /** The sum of y times dy, after `forward`. */
  const along = (y: Address, dy: Address, n: number, forward: () => void) => () => {
    forward();
    const outputs = read(y, n), weights = read(dy, n);
    return outputs.reduce((sum, output, i) => sum + output * (weights[i] ?? NaN), 0);
  };
  return { ops, tensor, read, check, along, memory };
}

Deno.test("convolution's gradients are those of its forward pass, strides and padding included", () => {
  const { ops, tensor, check, along } = rig("conv");
  const s: ConvShape = {
    batch: 2,
    inHeight: 5,
    inWidth: 4,
    inChannels: 2,
    kernelHeight: 3,
    kernelWidth: 2,
    strideY: 2,
    strideX: 1,
    padTop: 1,
    padLeft: 0,
    outHeight: 3,
    outWidth: 4,
    filters: 3,
  };
  const x = tensor(80), w = tensor(36), bias = tensor(3), y = tensor(72), dy = tensor(72);
  const dx = tensor(80), dw = tensor(36), db = tensor(3);
  const room = { shared: tensor(16), own: tensor(16) };
  const loss = along(y, dy, 72, () => ops.conv2dForward(s, x, w, bias, false, y, 0, room));
  ops.conv2dInputGradient(s, dy, w, dx, room);
  ops.conv2dWeightGradient(s, x, dy, dw, room);
  ops.biasGradient(24, 3, dy, db);
  check("input", x, 80, dx, loss);
  check("weights", w, 36, dw, loss);
  check("bias", bias, 3, db, loss);
});

Deno.test("a dense layer's gradients are those of its forward pass", () => {
  const { ops, tensor, check, along } = rig("dense");
  const x = tensor(15), w = tensor(20), bias = tensor(4), y = tensor(12), dy = tensor(12);
  const dx = tensor(15), dw = tensor(20), db = tensor(4);
  const own = tensor(16);
  const loss = along(y, dy, 12, () => ops.denseForward(3, 5, 4, x, w, bias, y, own));
  ops.denseInputGradient(3, 5, 4, dy, w, dx, null);
  ops.denseWeightGradient(3, 5, 4, x, dy, dw, null, null);
  ops.biasGradient(3, 4, dy, db);
  check("input", x, 15, dx, loss);
  check("weights", w, 20, dw, loss);
  check("bias", bias, 4, db, loss);
});

const KINDS: readonly Activation[] = [
  "relu",
  "sigmoid",
  "tanh",
  "elu",
  "softplus",
  "leakyRelu",
  "swish",
];

Deno.test("each activation's gradient is that of its forward pass", () => {
  const { ops, tensor, read, check, along } = rig("activations");
  for (const kind of KINDS) {
    const x = tensor(24), y = tensor(24), dy = tensor(24), dx = tensor(24);
    // No kink within a step of 0.
    read(x, 24).forEach((value, i, all) => all[i] = value + (value < 0 ? -0.1 : 0.1));
    const loss = along(y, dy, 24, () => ops.activationForward(kind, 24, x, y));
    loss();
    ops.activationBackward(kind, 24, x, y, dy, dx);
    check(kind, x, 24, dx, loss);
  }
});

Deno.test("softmax's gradient is that of its forward pass", () => {
  const { ops, tensor, check, along } = rig("softmax");
  const x = tensor(15), y = tensor(15), dy = tensor(15), dx = tensor(15);
  const loss = along(y, dy, 15, () => ops.softmaxForward(3, 5, x, y));
  loss();
  ops.softmaxBackward(3, 5, y, dy, dx);
  check("softmax", x, 15, dx, loss);
});

Deno.test("pooling's gradients are those of its forward passes, overlaps and padding included", () => {
  const { ops, tensor, read, check, along } = rig("pool");
  const s: PoolShape = {
    batch: 1,
    inHeight: 5,
    inWidth: 4,
    channels: 2,
    poolHeight: 3,
    poolWidth: 2,
    strideY: 2,
    strideX: 1,
    padTop: 1,
    padLeft: 0,
    outHeight: 3,
    outWidth: 4,
  };
  const x = tensor(40), y = tensor(24), places = tensor(24), dy = tensor(24), dx = tensor(40);
  // No two within two steps of each other, so that the maximum stays where it is.
  read(x, 40).forEach((_, i, all) => all[i] = ((i * 17) % 40) / 8);
  const greatest = along(y, dy, 24, () => ops.maxPoolForward(s, x, y, places));
  greatest();
  ops.maxPoolBackward(s, dy, places, dx);
  check("maximum", x, 40, dx, greatest);
  ops.averagePoolBackward(s, dy, dx);
  check("mean", x, 40, dx, along(y, dy, 24, () => ops.averagePoolForward(s, x, y)));
});

Deno.test("batch normalisation's gradients are those of its forward pass", () => {
  const { ops, tensor, check, along } = rig("norm");
  const x = tensor(24), gamma = tensor(3), beta = tensor(3), y = tensor(24), dy = tensor(24);
  const dx = tensor(24), dgamma = tensor(3), dbeta = tensor(3);
  const mean = tensor(3), variance = tensor(3), moving = tensor(3), spread = tensor(3);
  const forward = () =>
    ops.batchNormForward(8, 3, 1e-3, 0.9, x, gamma, beta, moving, spread, mean, variance, y);
  const loss = along(y, dy, 24, forward);
  loss();
  ops.batchNormBackward(8, 3, 1e-3, x, gamma, mean, variance, dy, dx, dgamma, dbeta);
  check("input", x, 24, dx, loss);
  check("scale", gamma, 3, dgamma, loss);
  check("centre", beta, 3, dbeta, loss);
});

for (const fromLogits of [true, false]) {
  const kind = fromLogits ? "logits" : "probabilities";
  Deno.test(`the gradients of both cross-entropies of ${kind} are those of the mean loss`, () => {
    const { ops, tensor, read, check, memory } = rig(`loss ${kind}`);
    const p = tensor(15), one = tensor(3), losses = tensor(3), labels = tensor(3);
    const slopes = tensor(15);
    new Int32Array(memory.buffer, labels, 3).set([0, 1, 1]);
    if (!fromLogits) {
      read(p, 15).forEach((_, i, all) => all[i] = 0.3 + i / 30);
      read(one, 3).set([0.3, 0.6, 0.4]);
    }
    const mean = (forward: (ops: Ops) => void) => () => {
      forward(ops);
      return read(losses, 3).reduce((sum, loss) => sum + loss, 0) / 3;
    };
    const many = { rows: 3, classes: 5, fromLogits }, single = { ...many, classes: 1 };
    ops.categoricalCrossEntropy(many, p, labels, losses, slopes);
    const forward = mean((ops) => ops.categoricalCrossEntropy(many, p, labels, losses, 0));
    check("categorical", p, 15, slopes, forward);
    const each = { ...many, clip: "each" } as const;
    if (!fromLogits) read(p, 15)[6] = 1.2;
    ops.categoricalCrossEntropy(each, p, labels, losses, slopes);
    const limited = mean((ops) => ops.categoricalCrossEntropy(each, p, labels, losses, 0));
    check("categorical, each limited", p, 15, slopes, limited);
    ops.binaryCrossEntropy(single, one, labels, losses, slopes);
    const binary = mean((ops) => ops.binaryCrossEntropy(single, one, labels, losses, 0));
    check("binary", one, 3, slopes, binary);
  });
}
