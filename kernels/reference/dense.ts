/** Products of matrices in plain loops, sums in f64. */
import type { Ops } from "../ops.ts";
import { floats } from "./views.ts";

/** `all`: the operations that an update behind a gradient is made of. */
export function dense(
  memory: WebAssembly.Memory,
  all: () => Ops,
): Pick<Ops, "denseForward" | "denseInputGradient" | "denseWeightGradient" | "biasGradient"> {
  return {
    denseForward(rows, inputs, units, x, w, bias, y) {
      const input = floats(memory, x), weights = floats(memory, w), output = floats(memory, y);
      for (let r = 0; r < rows; r++) {
        for (let u = 0; u < units; u++) {
          let sum = bias === 0 ? 0 : floats(memory, bias).get(u);
          for (let i = 0; i < inputs; i++) {
            sum += input.get(r * inputs + i) * weights.get(i * units + u);
          }
          output.set(r * units + u, sum);
        }
      }
    },
    denseInputGradient(rows, inputs, units, dy, w, dx) {
      const above = floats(memory, dy), weights = floats(memory, w), below = floats(memory, dx);
      for (let r = 0; r < rows; r++) {
        for (let i = 0; i < inputs; i++) {
          let sum = 0;
          for (let u = 0; u < units; u++) {
            sum += above.get(r * units + u) * weights.get(i * units + u);
          }
          below.set(r * inputs + i, sum);
        }
      }
    },
    denseWeightGradient(rows, inputs, units, x, dy, dw, _room, update) {
      const input = floats(memory, x), above = floats(memory, dy), weights = floats(memory, dw);
      for (let i = 0; i < inputs; i++) {
        for (let u = 0; u < units; u++) {
          let sum = 0;
          for (let r = 0; r < rows; r++) {
            sum += input.get(r * inputs + i) * above.get(r * units + u);
          }
          weights.set(i * units + u, sum);
        }
      }
      update?.(all(), 0, inputs * units);
    },
    biasGradient(rows, channels, dy, db) {
      const above = floats(memory, dy), bias = floats(memory, db);
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let r = 0; r < rows; r++) sum += above.get(r * channels + c);
        bias.set(c, sum);
      }
    },
  };
}
