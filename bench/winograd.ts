/**
 * Times the convolutions of the course's networks by the dense kernels and by Winograd's, on one thread:
 * `deno run -A bench/winograd.ts [ROUNDS] [IMAGES]`. Least and median of the rounds in ms, and the GFLOP/s of
 * the least, counted as the dense kernels' work; `*` marks what `winogradSides` takes. Kernels take turns, so
 * that all meet the same noise. "lists" are the dense kernels where 12 % of dy is not zero.
 */
import { buildKernels } from "../kernels/build.ts";
import { createArena, createMemory } from "../kernels/memory.ts";
import type { Address, ConvShape } from "../kernels/ops.ts";
import {
  type Side,
  type WinogradCall,
  winogradForward,
  winogradInputGradient,
  winogradSides,
  winogradWeightGradient,
} from "../kernels/winograd.ts";
import { createOps } from "../kernels/wasm.ts";
import { stream } from "../numerics/random.ts";

const rounds = Number(Deno.args[0] ?? 20), batch = Number(Deno.args[1] ?? 32);
const built = await buildKernels();
const load = async (path: string) => await WebAssembly.compile(await Deno.readFile(path));
const conv = await load(built.conv.path), winograd = await load(built.winograd.path);
const memory = createMemory(1024 * 1024 * 1024);
const ops = createOps({ conv }, memory);
const { exports } = new WebAssembly.Instance(winograd, { env: { memory } });
const draws = stream(1, "bench");

function call({ name, args }: WinogradCall): void {
  const kernel = exports[name];
  if (typeof kernel !== "function") {
    throw new Error(`The module "winograd" has no export "${name}"`);
  }
  kernel(...args);
}

function layer(size: number, channels: number, filters: number, kernel: number): ConvShape {
  return {
    batch,
    inHeight: size,
    inWidth: size,
    inChannels: channels,
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideY: 1,
    strideX: 1,
    padTop: kernel - 1 >> 1,
    padLeft: kernel - 1 >> 1,
    outHeight: size,
    outWidth: size,
    filters,
  };
}

const LAYERS: readonly (readonly [string, ConvShape, readonly Side[]])[] = [
  ["32x32x3 to 32, 3x3", layer(32, 3, 32, 3), [6, 4]],
  ["32x32x32 to 32, 3x3", layer(32, 32, 32, 3), [6, 4]],
  ["16x16x32 to 64, 3x3", layer(16, 32, 64, 3), [6, 4]],
  ["16x16x64 to 64, 3x3", layer(16, 64, 64, 3), [6, 4]],
  ["8x8x64 to 128, 3x3", layer(8, 64, 128, 3), [6, 4]],
  ["8x8x128 to 128, 3x3", layer(8, 128, 128, 3), [6, 4]],
  ["28x28x1 to 64, 2x2", layer(28, 1, 64, 2), [3]],
  ["14x14x64 to 32, 2x2", layer(14, 64, 32, 2), [3]],
];

/** The least and the median of each function's times, taking turns. */
function time(functions: readonly (() => void)[]): { least: number; median: number }[] {
  const times = functions.map(() => new Float64Array(rounds));
  for (let round = -4; round < rounds; round++) {
    functions.forEach((run, i) => {
      const start = performance.now();
      run();
      const own = times[i];
      if (round >= 0 && own !== undefined) own[round] = performance.now() - start;
    });
  }
  return times.map((own) => {
    const sorted = own.toSorted();
    return { least: sorted[0] ?? NaN, median: sorted[rounds >> 1] ?? NaN };
  });
}

for (const [name, s, sides] of LAYERS) {
  const arena = createArena(memory.buffer.byteLength);
  const tensor = (n: number, density = 1): Address => {
    const address = arena.take(n * 4);
    const values = new Float32Array(memory.buffer, address, n);
    for (let i = 0; i < n; i++) {
      values[i] = i < 65536
        ? (draws.uniform(i + 99999) < density ? draws.normal(i) : 0)
        : values[i - 65536] ?? 0;
    }
    return address;
  };
  const inputs = s.batch * s.inHeight * s.inWidth * s.inChannels;
  const outputs = s.batch * s.outHeight * s.outWidth * s.filters;
  const weights = s.kernelHeight * s.kernelWidth * s.inChannels * s.filters;
  const x = tensor(inputs), w = tensor(weights), bias = tensor(s.filters), dy = tensor(outputs);
  const rare = tensor(outputs, 0.12);
  const y = tensor(outputs), dx = tensor(inputs), dw = tensor(weights);
  const scratch = arena.take(ops.conv2dScratch(s));
  const convolve = (
    plan: ReturnType<typeof winogradForward>,
    from: Address,
    shift: Address | 0,
    to: Address,
  ) => {
    const kernel = arena.take(plan.kernelBytes), unit = arena.take(plan.unitBytes);
    const transform = plan.transform([0, plan.panels], w, kernel, unit);
    const run = plan.run([0, s.batch], from, kernel, shift, false, to, unit);
    return () => {
      call(transform);
      call(run);
    };
  };
  const weigh = (side: Side) => {
    const plan = winogradWeightGradient(s, side);
    const parts = arena.take(plan.partBytes), unit = arena.take(plan.unitBytes);
    const runs = plan.shards.map((_, i) => plan.run(i, x, dy, parts, unit));
    const sum = plan.sum([0, plan.weights], parts, dw);
    return () => {
      runs.forEach(call);
      call(sum);
    };
  };
  const taken = winogradSides(s);
  const mark = (side: Side, chosen: Side | undefined) =>
    `side ${side}${side === chosen ? "*" : ""}`;
  const rows: readonly (readonly [string, readonly (readonly [string, () => void])[]])[] = [
    ["forward", [
      ["dense", () => ops.conv2dForward(s, x, w, bias, y, scratch)],
      ...sides.map((side) =>
        [mark(side, taken.forward), convolve(winogradForward(s, side), x, bias, y)] as const
      ),
    ]],
    ["input gradient", [
      ["dense", () => ops.conv2dInputGradient(s, dy, w, dx, scratch)],
      ["lists, 12 %", () => ops.conv2dInputGradient(s, rare, w, dx, scratch)],
      ...sides.map((side) =>
        [
          mark(side, taken.inputGradient),
          convolve(winogradInputGradient(s, side), dy, 0, dx),
        ] as const
      ),
    ]],
    ["weight gradient", [
      ["dense", () => ops.conv2dWeightGradient(s, x, dy, dw, scratch)],
      ["lists, 12 %", () => ops.conv2dWeightGradient(s, x, rare, dw, scratch)],
      ...sides.map((side) => [mark(side, taken.weightGradient), weigh(side)] as const),
    ]],
  ];
  const operations = 2 * outputs * weights / s.filters;
  console.log(`${name}, ${batch} images, ${(operations / 1e6).toFixed(0)} MFLOP`);
  for (const [product, variants] of rows) {
    const found = time(variants.map(([, run]) => run));
    const cells = variants.map(([variant], i) => {
      const { least, median } = found[i] ?? { least: NaN, median: NaN };
      const rate = (operations / least / 1e6).toFixed(1);
      return `${variant} ${least.toFixed(2)} (${median.toFixed(2)}) ms ${rate}`;
    });
    console.log(`  ${product.padEnd(16)} ${cells.join(" | ")}`);
  }
}
