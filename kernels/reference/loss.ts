/** Losses and hits, row by row, in f64. A label outside the classes gives a NaN, not a guess. */
import { exp, log, log1p } from "../../numerics/functions.ts";
import type { Ops } from "../ops.ts";
import { softmaxPowers } from "./activation.ts";
import { floats, integers } from "./views.ts";

/** Keras' fuzz factor, and what clipping a probability means in f32. */
const LEAST = Math.fround(1e-7), MOST = Math.fround(1 - 1e-7);

/** A NaN stays one. */
const clip = (p: number) => p < LEAST ? LEAST : p > MOST ? MOST : p;
const clipped = (p: number) => p < LEAST || p > MOST;

export function loss(
  memory: WebAssembly.Memory,
): Pick<Ops, "categoricalCrossEntropy" | "binaryCrossEntropy" | "correct"> {
  return {
    categoricalCrossEntropy(
      { rows, classes, fromLogits, clip: what },
      prediction,
      labels,
      losses,
      gradient,
    ) {
      const input = floats(memory, prediction), truth = integers(memory, labels);
      const output = floats(memory, losses);
      for (let r = 0; r < rows; r++) {
        const label = truth.get(r);
        const each = !fromLogits && what === "each";
        const given = (c: number) => input.get(r * classes + c);
        const value = (c: number) => each ? clip(given(c)) : given(c);
        const parts = fromLogits
          ? softmaxPowers(classes, value)
          : Array.from({ length: classes }, (_, c) => value(c));
        const sum = parts.reduce((total, part) => total + part, 0);
        const share = (parts[label] ?? NaN) / sum;
        if (fromLogits) {
          const greatest = Math.max(...Array.from({ length: classes }, (_, c) => value(c)));
          const own = label >= 0 && label < classes ? value(label) : NaN;
          output.set(r, log(sum) - (own - greatest));
        } else output.set(r, -log(each ? share : clip(share)));
        if (gradient === 0) continue;
        const slopes = floats(memory, gradient);
        for (let c = 0; c < classes; c++) {
          const hit = c === label ? 1 : 0;
          const slope = fromLogits
            ? (parts[c] ?? NaN) / sum - hit
            : clipped(each ? given(c) : share)
            ? 0
            : (1 - hit / share) / sum;
          slopes.set(r * classes + c, slope / rows);
        }
      }
    },
    binaryCrossEntropy({ rows, fromLogits }, prediction, labels, losses, gradient) {
      const input = floats(memory, prediction), truth = integers(memory, labels);
      const output = floats(memory, losses);
      for (let r = 0; r < rows; r++) {
        const x = input.get(r), label = truth.get(r);
        const t = label === 0 || label === 1 ? label : NaN;
        let slope: number;
        if (fromLogits) {
          output.set(r, (x < 0 ? 0 : x) - x * t + log1p(exp(-Math.abs(x))));
          slope = 1 / (1 + exp(-x)) - t;
        } else {
          const p = clip(x);
          output.set(r, -(t === 1 ? log(p) : t === 0 ? log(1 - p) : NaN));
          slope = clipped(x) ? 0 : (p - t) / (p * (1 - p));
        }
        if (gradient !== 0) floats(memory, gradient).set(r, slope / rows);
      }
    },
    correct(rows, classes, threshold, prediction, labels, hits) {
      const input = floats(memory, prediction), truth = integers(memory, labels);
      const output = integers(memory, hits);
      for (let r = 0; r < rows; r++) {
        let found = 0;
        if (classes === 1) found = input.get(r) > Math.fround(threshold) ? 1 : 0;
        else {
          for (let c = 1; c < classes; c++) {
            if (input.get(r * classes + c) > input.get(r * classes + found)) found = c;
          }
        }
        output.set(r, found === truth.get(r) ? 1 : 0);
      }
    },
  };
}
