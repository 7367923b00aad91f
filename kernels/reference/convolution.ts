/** Two-dimensional convolution in plain loops, sums in f64. */
import type { ConvShape, Ops } from "../ops.ts";
import { floats } from "./views.ts";

/** Calls back with the flat indices of each product's output, input and weight, once. */
function eachProduct(
  s: ConvShape,
  visit: (output: number, input: number, weight: number) => void,
): void {
  for (let b = 0; b < s.batch; b++) {
    for (let oy = 0; oy < s.outHeight; oy++) {
      for (let ox = 0; ox < s.outWidth; ox++) {
        const pixel = ((b * s.outHeight + oy) * s.outWidth + ox) * s.filters;
        for (let ky = 0; ky < s.kernelHeight; ky++) {
          const iy = oy * s.strideY + ky - s.padTop;
          if (iy < 0 || iy >= s.inHeight) continue;
          for (let kx = 0; kx < s.kernelWidth; kx++) {
            const ix = ox * s.strideX + kx - s.padLeft;
            if (ix < 0 || ix >= s.inWidth) continue;
            for (let c = 0; c < s.inChannels; c++) {
              const input = ((b * s.inHeight + iy) * s.inWidth + ix) * s.inChannels + c;
              const weight = ((ky * s.kernelWidth + kx) * s.inChannels + c) * s.filters;
              for (let f = 0; f < s.filters; f++) visit(pixel + f, input, weight + f);
            }
          }
        }
      }
    }
  }
}

export function convolution(
  memory: WebAssembly.Memory,
): Pick<
  Ops,
  "conv2dForward" | "conv2dInputGradient" | "conv2dWeightGradient" | "conv2dScratch"
> {
  return {
    conv2dForward(s, x, w, bias, y) {
      const input = floats(memory, x), weights = floats(memory, w), output = floats(memory, y);
      const sums = new Float64Array(s.batch * s.outHeight * s.outWidth * s.filters);
      if (bias !== 0) {
        const shift = floats(memory, bias);
        for (let i = 0; i < sums.length; i++) sums[i] = shift.get(i % s.filters);
      }
      eachProduct(s, (o, i, k) => sums[o] = (sums[o] ?? 0) + input.get(i) * weights.get(k));
      sums.forEach((sum, i) => output.set(i, sum));
    },
    conv2dInputGradient(s, dy, w, dx) {
      const above = floats(memory, dy), weights = floats(memory, w), below = floats(memory, dx);
      const sums = new Float64Array(s.batch * s.inHeight * s.inWidth * s.inChannels);
      eachProduct(s, (o, i, k) => sums[i] = (sums[i] ?? 0) + above.get(o) * weights.get(k));
      sums.forEach((sum, i) => below.set(i, sum));
    },
    conv2dWeightGradient(s, x, dy, dw) {
      const input = floats(memory, x), above = floats(memory, dy), weights = floats(memory, dw);
      const sums = new Float64Array(s.kernelHeight * s.kernelWidth * s.inChannels * s.filters);
      eachProduct(s, (o, i, k) => sums[k] = (sums[k] ?? 0) + input.get(i) * above.get(o));
      sums.forEach((sum, i) => weights.set(i, sum));
    },
    conv2dScratch: () => 0,
  };
}
