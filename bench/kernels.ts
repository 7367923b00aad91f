/**
 * Times each kernel of the baseline network's training step, batch 64, on one thread:
 * `deno run -A bench/kernels.ts [ROUNDS]`. The least of the rounds is what the machine can do when it is
 * quiet, the median what it does; kernels take turns, so that all meet the same noise.
 */
import { buildKernels } from "../kernels/build.ts";
import { FAMILIES } from "../kernels/families.ts";
import { createArena, createMemory } from "../kernels/memory.ts";
import type { Address, ConvShape, PoolShape } from "../kernels/ops.ts";
import { createOps } from "../kernels/wasm.ts";
import { stream } from "../numerics/random.ts";

const BATCH = 64, CLASSES = 10, HIDDEN = 256;
const built = await buildKernels();
const modules = Object.fromEntries(
  await Promise.all(
    FAMILIES.map(async (family) =>
      [family, await WebAssembly.compile(await Deno.readFile(built[family].path))] as const
    ),
  ),
);
const memory = createMemory(256 * 1024 * 1024);
const ops = createOps(modules, memory);
const arena = createArena(memory.buffer.byteLength);
const draws = stream(1, "bench");

/** A tensor of small draws: a sequence of 4096, again and again. */
function tensor(n: number, scale = 1): Address {
  const address = arena.take(n * 4);
  const values = new Float32Array(memory.buffer, address, n);
  for (let i = 0; i < n; i++) {
    values[i] = i < 4096 ? draws.normal(i) * scale : values[i - 4096] ?? 0;
  }
  return address;
}

function same(size: number, channels: number, filters: number): ConvShape {
  return {
    batch: BATCH,
    inHeight: size,
    inWidth: size,
    inChannels: channels,
    kernelHeight: 2,
    kernelWidth: 2,
    strideY: 1,
    strideX: 1,
    padTop: 0,
    padLeft: 0,
    outHeight: size,
    outWidth: size,
    filters,
  };
}

function halve(size: number, channels: number): PoolShape {
  return {
    batch: BATCH,
    inHeight: size,
    inWidth: size,
    channels,
    poolHeight: 2,
    poolWidth: 2,
    strideY: 2,
    strideX: 2,
    padTop: 0,
    padLeft: 0,
    outHeight: size / 2,
    outWidth: size / 2,
  };
}

const conv1 = same(28, 1, 64), conv2 = same(14, 64, 32);
const pool1 = halve(28, 64), pool2 = halve(14, 32);
const n0 = BATCH * 28 * 28, n1 = n0 * 64, p1 = n1 / 4, n2 = BATCH * 14 * 14 * 32, p2 = n2 / 4;
const flat = 7 * 7 * 32;

const bytes = arena.take(n0), table = tensor(256);
new Uint8Array(memory.buffer, bytes, n0).forEach((_, i, all) => all[i] = draws.uint32(i));
const x = tensor(n0);
const w1 = tensor(256, 0.1), b1 = tensor(64), w2 = tensor(8192, 0.1), b2 = tensor(32);
const w3 = tensor(flat * HIDDEN, 0.01), b3 = tensor(HIDDEN);
const w4 = tensor(HIDDEN * CLASSES, 0.1), b4 = tensor(CLASSES);
const y1 = tensor(n1), q1 = tensor(p1), a1 = tensor(p1), d1 = tensor(n1), e1 = tensor(p1);
const y2 = tensor(n2), q2 = tensor(p2), a2 = tensor(p2), d2 = tensor(n2), e2 = tensor(p2);
const y3 = tensor(BATCH * HIDDEN), d3 = tensor(BATCH * HIDDEN);
const y4 = tensor(BATCH * CLASSES), d4 = tensor(BATCH * CLASSES);
const g1 = tensor(256),
  g2 = tensor(8192),
  g3 = tensor(flat * HIDDEN),
  g4 = tensor(HIDDEN * CLASSES);
const h1 = tensor(64), h2 = tensor(32), h3 = tensor(HIDDEN), h4 = tensor(CLASSES);
const weights = flat * HIDDEN, slots = tensor(weights), losses = tensor(BATCH);
const labels = arena.take(BATCH * 4);
const scratch = arena.take(Math.max(ops.conv2dScratch(conv1), ops.conv2dScratch(conv2)));
const mask = { seedLow: 1, seedHigh: 2, layer: 3, step: 4 };

const convolution = (s: ConvShape) =>
  2 * s.batch * s.outHeight * s.outWidth * s.kernelHeight * s.kernelWidth * s.inChannels *
  s.filters;
const product = (inputs: number, units: number) => 2 * BATCH * inputs * units;

/** Name, multiplications and additions (0: not counted), and the call. */
const steps: readonly (readonly [string, number, () => void])[] = [
  ["look-up", 0, () => ops.lookUp(n0, bytes, table, x)],
  ["conv1 forward", convolution(conv1), () => ops.conv2dForward(conv1, x, w1, b1, y1, scratch)],
  ["relu 1", 0, () => ops.activationForward("relu", n1, y1, y1)],
  ["pool 1", 0, () => ops.maxPoolForward(pool1, y1, q1, a1)],
  ["dropout 1", 0, () => ops.dropout(p1, 0.3, mask, q1, q1)],
  ["conv2 forward", convolution(conv2), () => ops.conv2dForward(conv2, q1, w2, b2, y2, scratch)],
  ["relu 2", 0, () => ops.activationForward("relu", n2, y2, y2)],
  ["pool 2", 0, () => ops.maxPoolForward(pool2, y2, q2, a2)],
  ["dropout 2", 0, () => ops.dropout(p2, 0.3, mask, q2, q2)],
  [
    "dense1 forward",
    product(flat, HIDDEN),
    () => ops.denseForward(BATCH, flat, HIDDEN, q2, w3, b3, y3),
  ],
  ["relu 3", 0, () => ops.activationForward("relu", BATCH * HIDDEN, y3, y3)],
  ["dropout 3", 0, () => ops.dropout(BATCH * HIDDEN, 0.5, mask, y3, y3)],
  [
    "dense2 forward",
    product(HIDDEN, CLASSES),
    () => ops.denseForward(BATCH, HIDDEN, CLASSES, y3, w4, b4, y4),
  ],
  [
    "loss",
    0,
    () =>
      ops.categoricalCrossEntropy(
        { rows: BATCH, classes: CLASSES, fromLogits: true },
        y4,
        labels,
        losses,
        d4,
      ),
  ],
  [
    "dense2 weight gradient",
    product(HIDDEN, CLASSES),
    () => ops.denseWeightGradient(BATCH, HIDDEN, CLASSES, y3, d4, g4),
  ],
  ["dense2 bias gradient", 0, () => ops.biasGradient(BATCH, CLASSES, d4, h4)],
  [
    "dense2 input gradient",
    product(HIDDEN, CLASSES),
    () => ops.denseInputGradient(BATCH, HIDDEN, CLASSES, d4, w4, d3),
  ],
  ["dropout 3 gradient", 0, () => ops.dropout(BATCH * HIDDEN, 0.5, mask, d3, d3)],
  ["relu 3 gradient", 0, () => ops.activationBackward("relu", BATCH * HIDDEN, y3, y3, d3, d3)],
  [
    "dense1 weight gradient",
    product(flat, HIDDEN),
    () => ops.denseWeightGradient(BATCH, flat, HIDDEN, q2, d3, g3),
  ],
  ["dense1 bias gradient", 0, () => ops.biasGradient(BATCH, HIDDEN, d3, h3)],
  [
    "dense1 input gradient",
    product(flat, HIDDEN),
    () => ops.denseInputGradient(BATCH, flat, HIDDEN, d3, w3, e2),
  ],
  ["dropout 2 gradient", 0, () => ops.dropout(p2, 0.3, mask, e2, e2)],
  ["pool 2 gradient", 0, () => ops.maxPoolBackward(pool2, e2, a2, d2)],
  ["relu 2 gradient", 0, () => ops.activationBackward("relu", n2, y2, y2, d2, d2)],
  [
    "conv2 weight gradient",
    convolution(conv2),
    () => ops.conv2dWeightGradient(conv2, q1, d2, g2, scratch),
  ],
  ["conv2 bias gradient", 0, () => ops.biasGradient(n2 / 32, 32, d2, h2)],
  [
    "conv2 input gradient",
    convolution(conv2),
    () => ops.conv2dInputGradient(conv2, d2, w2, e1, scratch),
  ],
  ["dropout 1 gradient", 0, () => ops.dropout(p1, 0.3, mask, e1, e1)],
  ["pool 1 gradient", 0, () => ops.maxPoolBackward(pool1, e1, a1, d1)],
  ["relu 1 gradient", 0, () => ops.activationBackward("relu", n1, y1, y1, d1, d1)],
  [
    "conv1 weight gradient",
    convolution(conv1),
    () => ops.conv2dWeightGradient(conv1, x, d1, g1, scratch),
  ],
  ["conv1 bias gradient", 0, () => ops.biasGradient(n1 / 64, 64, d1, h1)],
  ["rmsprop", 0, () => ops.rmsprop(weights, 1e-9, 0.9, 0, 1e-7, g3, slots, 0, w3)],
];

new Float32Array(memory.buffer, slots, weights).fill(1);
const rounds = Number(Deno.args[0] ?? 40);
const times = steps.map(() => new Float64Array(rounds));
const totals = new Float64Array(rounds);
for (let round = -8; round < rounds; round++) {
  steps.forEach(([, , call], index) => {
    const start = performance.now();
    call();
    const taken = performance.now() - start;
    // The rounds below 0 warm the compiler up.
    if (round < 0) return;
    const own = times[index];
    if (own !== undefined) own[round] = taken;
    totals[round] = (totals[round] ?? 0) + taken;
  });
}

function line(name: string, values: Float64Array, operations: number): string {
  const sorted = values.toSorted();
  const least = sorted[0] ?? NaN, median = sorted[sorted.length >> 1] ?? NaN;
  const speed = operations === 0 ? "" : `${(operations / least / 1e6).toFixed(1)} GFLOP/s`;
  return `${name.padEnd(24)} ${least.toFixed(3).padStart(8)} ${
    median.toFixed(3).padStart(8)
  }  ${speed}`;
}

console.log(`${"kernel".padEnd(24)} ${"least ms".padStart(8)} ${"median".padStart(8)}`);
steps.forEach(([name, operations], index) => {
  console.log(line(name, times[index] ?? new Float64Array(), operations));
});
console.log(line("whole step", totals, 0));
