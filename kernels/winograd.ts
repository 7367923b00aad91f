/**
 * How the family "winograd" (`assembly/winograd.ts`) is called: which shapes it takes, the scratch that it
 * needs, and each call's export and numbers. Nothing here runs anything.
 *
 * A convolution, or its gradient by the input, is: the kernel transformed once (`transform`), then ranges of
 * images in any order on any threads (`run`). A gradient by the weights is: shards of the batch in any order
 * (`run`), then their sum (`sum`). Every thread needs scratch of its own (`unitBytes`), 16-byte aligned.
 * No split changes a bit: shards, blocks and orders of sums follow from the shape alone.
 */
import type { Address, ConvShape } from "./ops.ts";

/** Positions along a transformed tile: 6 is F(4x4, 3x3), 4 is F(2x2, 3x3), 3 is F(2x2, 2x2). */
export type Side = 3 | 4 | 6;

/** A call of an export of the module "winograd". */
export interface WinogradCall {
  readonly name: "transformKernel" | "forward" | "weightGradient" | "sumOf";
  readonly args: readonly number[];
}

/** A convolution, forward or by the input, whose sizes are known. */
export interface WinogradConvolution {
  /** Bytes that the transformed kernel takes. */
  readonly kernelBytes: number;
  /** Bytes of scratch for each unit that runs at the same time. */
  readonly unitBytes: number;
  /** Panels of eight filters: what `transform` can be split by. */
  readonly panels: number;
  /** Images: what `run` can be split by. */
  readonly batch: number;
  /** Transforms panels [first, last) of the layer's kernel `w` into `kernel`. */
  transform(
    range: Range,
    w: Address,
    kernel: Address,
    unit: Address,
  ): WinogradCall;
  /** Convolves images [first, last) of `x` into `y`. `bias` 0 means none; `relu` raises what is below 0 to 0. */
  run(
    range: Range,
    x: Address,
    kernel: Address,
    bias: Address | 0,
    relu: boolean,
    y: Address,
    unit: Address,
  ): WinogradCall;
}

/** A gradient by the weights, whose sizes are known. */
export interface WinogradWeightGradient {
  /** The ranges of images that are summed alone. */
  readonly shards: readonly Range[];
  /** Bytes of all shards' gradients. */
  readonly partBytes: number;
  /** Bytes of scratch for each unit that runs at the same time. */
  readonly unitBytes: number;
  /** Weights: what `sum` can be split by. */
  readonly weights: number;
  /** The gradient of shard `shard` into its place in `parts`. */
  run(shard: number, x: Address, dy: Address, parts: Address, unit: Address): WinogradCall;
  /** dw[first, last) from `parts`, when all shards are done. */
  sum(range: Range, parts: Address, dw: Address): WinogradCall;
}

/** From the first to before the last. */
export type Range = readonly [first: number, last: number];

/** The variant to take for each product; undefined where the dense kernels are faster. */
export interface WinogradSides {
  readonly forward: Side | undefined;
  readonly inputGradient: Side | undefined;
  readonly weightGradient: Side | undefined;
}

/** Bytes of transformed tiles in a block: half of a small second-level cache; 128 to 768 KiB time the same. */
const BLOCK_BYTES = 256 * 1024;
/** Tiles in a shard of a gradient by the weights: fewer would not pay for the sums' way back. */
const SHARD_TILES = 64;
const MOST_SHARDS = 16;
/** Constants, a square, a patch (see `assembly/winograd_transforms.ts`); the bias follows. */
const WORK = 4096;

const aligned = (bytes: number) => Math.ceil(bytes / 64) * 64;
const roundUp = (n: number, to: number) => Math.ceil(n / to) * to;

/** Tiles of an image. */
function tilesOf(s: ConvShape, side: Side): number {
  const hop = side === 6 ? 4 : 2;
  return Math.ceil(s.outHeight / hop) * Math.ceil(s.outWidth / hop);
}

/** The variant with the fewest multiplications; where equal, that of the smaller error, which is no slower. */
function sideOf(s: ConvShape): Side | undefined {
  const { inChannels: channels, filters } = s;
  if (s.kernelHeight === 2) {
    return channels >= 8 && filters >= 8 && channels * filters >= 256 ? 3 : undefined;
  }
  // With 3 channels the squares of the outputs cost what the products save.
  if (channels < 4) return undefined;
  return tilesOf(s, 4) * 16 <= tilesOf(s, 6) * 36 ? 4 : 6;
}

/**
 * Where Winograd pays, by the times that `bench/winograd.ts` prints: from 32 channels on it takes a third of the
 * dense kernels' time with 3x3 kernels, two thirds with 2x2. The batch does not count, so that an image's
 * outputs are the same bits in every batch. A dy that is mostly zeros, as behind a max-pool, is another matter:
 * of it the dense kernels sum lists of non-zeros, in 0.6 to 1.0 of Winograd's time (3x3) or half of it (2x2).
 *
 * Relative L2 errors against f64 on the course's layers, the worst of the three products: 6 has 1.5e-6, 4 has
 * 1.0e-6, 3 has 4e-7, the dense kernels 6e-7. All gradients of CIFAR-10's six layers together: 1.4e-6 (dense: 6e-7).
 */
export function winogradSides(s: ConvShape): WinogradSides {
  const fits = s.strideY === 1 && s.strideX === 1 && s.kernelHeight === s.kernelWidth &&
    (s.kernelHeight === 2 || s.kernelHeight === 3);
  const side = fits ? sideOf(s) : undefined;
  return {
    forward: side,
    inputGradient: fits ? sideOf(turnedShape(s)) : undefined,
    weightGradient: side,
  };
}

/** The convolution of dy that gives dx. */
function turnedShape(s: ConvShape): ConvShape {
  return {
    ...s,
    inHeight: s.outHeight,
    inWidth: s.outWidth,
    inChannels: s.filters,
    padTop: s.kernelHeight - 1 - s.padTop,
    padLeft: s.kernelWidth - 1 - s.padLeft,
    outHeight: s.inHeight,
    outWidth: s.inWidth,
    filters: s.inChannels,
  };
}

/** Tiles in a block, a multiple of four, and where its pieces lie in a unit's scratch. */
function blockOf(s: ConvShape, side: Side) {
  const channels = roundUp(s.inChannels, 4), filters = roundUp(s.filters, 8);
  const tileBytes = side * side * (channels + filters) * 4;
  const all = roundUp(s.batch * tilesOf(s, side), 4);
  const tiles = Math.min(Math.max(Math.floor(BLOCK_BYTES / tileBytes / 4) * 4, 8), 64, all);
  // A cache line more, so that the positions' tiles do not fall on the same cache sets.
  const inputStride = tiles * channels * 4 + 64, outputStride = tiles * filters * 4 + 64;
  const input = WORK + aligned(filters * 4);
  const output = input + side * side * inputStride;
  const end = output + side * side * outputStride;
  return { channels, filters, tiles, input, inputStride, output, outputStride, end };
}

function sizesOf(s: ConvShape, side: Side, [first, last]: Range): number[] {
  return [
    side,
    first,
    last,
    s.inHeight,
    s.inWidth,
    s.inChannels,
    s.padTop,
    s.padLeft,
    s.outHeight,
    s.outWidth,
    s.filters,
  ];
}

function convolution(s: ConvShape, side: Side, turned: boolean): WinogradConvolution {
  const { channels, filters, tiles, input, inputStride, output, outputStride, end } = blockOf(
    s,
    side,
  );
  const stride = channels * filters * 4 + 64;
  return {
    kernelBytes: side * side * stride,
    unitBytes: end,
    panels: filters / 8,
    batch: s.batch,
    transform: ([first, last], w, kernel, unit) => ({
      name: "transformKernel",
      args: [
        side,
        first,
        last,
        s.inChannels,
        s.filters,
        turned ? 1 : 0,
        w,
        kernel,
        stride,
        unit,
      ],
    }),
    run: (range, x, kernel, bias, relu, y, unit) => ({
      name: "forward",
      args: [
        ...sizesOf(s, side, range),
        relu ? 1 : 0,
        x,
        kernel,
        stride,
        bias,
        y,
        tiles,
        unit,
        unit + input,
        inputStride,
        unit + output,
        outputStride,
      ],
    }),
  };
}

/** The convolution itself. */
export function winogradForward(s: ConvShape, side: Side): WinogradConvolution {
  return convolution(s, side, false);
}

/** The gradient by the input: `run` takes dy as `x`, bias 0, no relu, and dx as `y`. */
export function winogradInputGradient(s: ConvShape, side: Side): WinogradConvolution {
  return convolution(turnedShape(s), side, true);
}

/** The gradient by the weights, in shards of the batch. */
export function winogradWeightGradient(s: ConvShape, side: Side): WinogradWeightGradient {
  const block = blockOf(s, side);
  const weights = s.kernelHeight * s.kernelWidth * s.inChannels * s.filters;
  const stride = aligned(weights * 4);
  const wanted = Math.floor(s.batch * tilesOf(s, side) / SHARD_TILES);
  const count = Math.min(Math.max(wanted, 1), MOST_SHARDS, s.batch);
  const shards = Array.from(
    { length: count },
    (_, i): Range => [
      Math.floor(i * s.batch / count),
      Math.floor((i + 1) * s.batch / count),
    ],
  );
  const sumsStride = block.channels * block.filters * 4 + 64;
  return {
    shards,
    partBytes: count * stride,
    unitBytes: block.end + side * side * sumsStride,
    weights,
    run(shard, x, dy, parts, unit) {
      const range = shards[shard];
      if (range === undefined) {
        throw new RangeError(`Cannot run shard ${shard}: there are ${count}, counted from 0`);
      }
      return {
        name: "weightGradient",
        args: [
          ...sizesOf(s, side, range),
          x,
          dy,
          parts + shard * stride,
          block.tiles,
          unit,
          unit + block.input,
          block.inputStride,
          unit + block.output,
          block.outputStride,
          unit + block.end,
          sumsStride,
        ],
      };
    },
    sum: ([first, last], parts, dw) => ({
      name: "sumOf",
      args: [count, first, last, parts, stride, dw],
    }),
  };
}
