/** Layers' sizes in the form that the kernels take, for a batch of a given size. */
import type { ConvShape, NormPoolShape, PoolShape } from "../../kernels/ops.ts";
import { type Layer, type Spec, window } from "../layers.ts";

export function convShape({ spec, inputShape }: Layer<Spec<"conv2d">>, batch: number): ConvShape {
  const [inHeight = 0, inWidth = 0, inChannels = 0] = inputShape;
  const [kernelHeight, kernelWidth] = spec.kernelSize, [strideY, strideX] = spec.strides;
  const rows = window(inHeight, kernelHeight, strideY, spec.padding);
  const columns = window(inWidth, kernelWidth, strideX, spec.padding);
  return {
    batch,
    inHeight,
    inWidth,
    inChannels,
    kernelHeight,
    kernelWidth,
    strideY,
    strideX,
    padTop: rows.before,
    padLeft: columns.before,
    outHeight: rows.output,
    outWidth: columns.output,
    filters: spec.filters,
  };
}

export function poolShape(
  { spec, inputShape }: Layer<Spec<"maxPooling2d">>,
  batch: number,
): PoolShape {
  const [inHeight = 0, inWidth = 0, channels = 0] = inputShape;
  const [poolHeight, poolWidth] = spec.poolSize, [strideY, strideX] = spec.strides;
  const rows = window(inHeight, poolHeight, strideY, spec.padding);
  const columns = window(inWidth, poolWidth, strideX, spec.padding);
  return {
    batch,
    inHeight,
    inWidth,
    channels,
    poolHeight,
    poolWidth,
    strideY,
    strideX,
    padTop: rows.before,
    padLeft: columns.before,
    outHeight: rows.output,
    outWidth: columns.output,
  };
}

export function normPoolShape(
  { inputShape }: Layer<Spec<"batchNormalization">>,
  batch: number,
): NormPoolShape {
  const [height = 0, width = 0, channels = 0] = inputShape;
  return { batch, height, width, channels };
}

/** Multiplications and additions of a convolution, or of one of its gradients. */
export function convFlop(s: ConvShape): number {
  const taps = s.kernelHeight * s.kernelWidth * s.inChannels;
  return 2 * s.batch * s.outHeight * s.outWidth * taps * s.filters;
}
