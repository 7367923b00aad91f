/** Two-dimensional convolution in plain loops, sums in f64. */
import { dropoutSettings } from "../dropout.ts";
import type { ConvShape, Ops } from "../ops.ts";
import { dropoutHash } from "./dropout.ts";
import { bytes, floats, words } from "./views.ts";

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

type Plain = Pick<
  Ops,
  "conv2dForward" | "conv2dInputGradient" | "conv2dWeightGradient"
>;
type Pooled = Pick<
  Ops,
  "convPoolForward" | "convPoolInputGradient" | "convPoolWeightGradient"
>;

export function convolution(memory: WebAssembly.Memory): Plain & Pooled {
  /** Before rounding. */
  function outputs(s: ConvShape, x: number, w: number, bias: number): Float64Array {
    const input = floats(memory, x), weights = floats(memory, w);
    const sums = new Float64Array(s.batch * s.outHeight * s.outWidth * s.filters);
    if (bias !== 0) {
      const shift = floats(memory, bias);
      for (let i = 0; i < sums.length; i++) sums[i] = shift.get(i % s.filters);
    }
    eachProduct(s, (o, i, k) => sums[o] = (sums[o] ?? 0) + input.get(i) * weights.get(k));
    return sums;
  }
  function inputGradient(s: ConvShape, above: (o: number) => number, w: number, dx: number) {
    const weights = floats(memory, w), below = floats(memory, dx);
    const sums = new Float64Array(s.batch * s.inHeight * s.inWidth * s.inChannels);
    eachProduct(s, (o, i, k) => sums[i] = (sums[i] ?? 0) + above(o) * weights.get(k));
    sums.forEach((sum, i) => below.set(i, sum));
  }
  function weightGradient(s: ConvShape, x: number, above: (o: number) => number, dw: number) {
    const input = floats(memory, x), weights = floats(memory, dw);
    const sums = new Float64Array(s.kernelHeight * s.kernelWidth * s.inChannels * s.filters);
    eachProduct(s, (o, i, k) => sums[k] = (sums[k] ?? 0) + input.get(i) * above(o));
    sums.forEach((sum, i) => weights.set(i, sum));
  }
  /** The gradient by the convolution's output, from that by the pooled one. */
  function spread(s: ConvShape, rate: number, dy: number, codes: number): Float64Array {
    const above = floats(memory, dy), places = bytes(memory, codes);
    const { scale } = dropoutSettings(rate);
    const slopes = new Float64Array(s.batch * s.outHeight * s.outWidth * s.filters);
    eachWindow(s, (pooled, place) => {
      const code = places.get(pooled);
      if (code < 4) slopes[place(code)] = Math.fround(above.get(pooled) * scale);
    });
    return slopes;
  }

  return {
    conv2dForward(s, x, w, bias, relu, y) {
      const output = floats(memory, y);
      outputs(s, x, w, bias).forEach((sum, i) => output.set(i, relu && sum < 0 ? 0 : sum));
    },
    conv2dInputGradient(s, dy, w, dx) {
      const above = floats(memory, dy);
      inputGradient(s, (o) => above.get(o), w, dx);
    },
    conv2dWeightGradient(s, x, dy, dw) {
      const above = floats(memory, dy);
      weightGradient(s, x, (o) => above.get(o), dw);
    },

    convPoolForward(s, dropping, x, w, bias, y, codes) {
      const sums = outputs(s, x, w, bias);
      const output = floats(memory, y), places = bytes(memory, codes);
      const { threshold, scale } = dropoutSettings(dropping?.rate ?? 0);
      const keys = words(memory, dropping?.keys ?? 0);
      eachWindow(s, (pooled, place) => {
        let code = 0, best = Math.fround(sums[place(0)] ?? NaN);
        for (let k = 1; k < 4; k++) {
          const value = Math.fround(sums[place(k)] ?? NaN);
          if (!(value > best || (Number.isNaN(value) && !Number.isNaN(best)))) continue;
          best = value;
          code = k;
        }
        const kept = dropping === null ||
          dropoutHash(pooled, keys.get(0), keys.get(1)) >= threshold;
        if (codes !== 0) places.set(pooled, best > 0 && kept ? code : 255);
        const value = best < 0 ? 0 : best;
        output.set(pooled, dropping === null ? value : kept ? value * scale : 0);
      });
    },
    convPoolInputGradient(s, rate, dy, codes, w, dx) {
      const slopes = spread(s, rate, dy, codes);
      inputGradient(s, (o) => slopes[o] ?? NaN, w, dx);
    },
    convPoolWeightGradient(s, rate, x, dy, codes, dw, db) {
      const slopes = spread(s, rate, dy, codes);
      weightGradient(s, x, (o) => slopes[o] ?? NaN, dw);
      if (db === 0) return;
      const sums = new Float64Array(s.filters), bias = floats(memory, db);
      slopes.forEach((slope, o) => sums[o % s.filters] = (sums[o % s.filters] ?? 0) + slope);
      sums.forEach((sum, f) => bias.set(f, sum));
    },
  };
}

/** Each element behind a 2x2 pool, and where its window's four elements lie in front of it. */
function eachWindow(
  s: ConvShape,
  visit: (pooled: number, place: (code: number) => number) => void,
): void {
  const height = s.outHeight >> 1, width = s.outWidth >> 1;
  for (let i = 0; i < s.batch * height * width * s.filters; i++) {
    const f = i % s.filters, window = (i - f) / s.filters;
    const px = window % width, row = (window - px) / width;
    const py = row % height, b = (row - py) / height;
    visit(i, (code) => {
      const oy = 2 * py + (code >> 1), ox = 2 * px + (code & 1);
      return ((b * s.outHeight + oy) * s.outWidth + ox) * s.filters + f;
    });
  }
}
