/** Updates of the weights, element by element, in f64 between the stored f32 values. */
import type { Ops } from "../ops.ts";
import { doubles, floats } from "./views.ts";

export function optimizer(
  memory: WebAssembly.Memory,
): Pick<Ops, "regularizerGradient" | "regularizerLoss" | "rmsprop" | "adam" | "sgd"> {
  return {
    regularizerGradient(n, l1, l2, w, dw) {
      const weights = floats(memory, w), slopes = floats(memory, dw);
      for (let i = 0; i < n; i++) {
        const weight = weights.get(i);
        slopes.set(i, slopes.get(i) + l1 * Math.sign(weight) + 2 * l2 * weight);
      }
    },
    regularizerLoss(n, l1, l2, w, to) {
      const weights = floats(memory, w);
      let magnitudes = 0, squares = 0;
      for (let i = 0; i < n; i++) {
        magnitudes += Math.abs(weights.get(i));
        squares += weights.get(i) * weights.get(i);
      }
      doubles(memory, to).set(0, l1 * magnitudes + l2 * squares);
    },
    rmsprop(n, rateAt, rho, momentum, epsilon, g, v, m, w) {
      const rate = floats(memory, rateAt).get(0);
      const slopes = floats(memory, g), squares = floats(memory, v), weights = floats(memory, w);
      for (let i = 0; i < n; i++) {
        const slope = slopes.get(i);
        squares.set(i, rho * squares.get(i) + (1 - rho) * slope * slope);
        let change = rate * slope / Math.sqrt(squares.get(i) + epsilon);
        if (m !== 0) {
          const moments = floats(memory, m);
          change += momentum * moments.get(i);
          moments.set(i, change);
        }
        weights.set(i, weights.get(i) - change);
      }
    },
    adam(n, rateAt, beta1, beta2, epsilon, g, m, v, w) {
      const rateAtStep = floats(memory, rateAt).get(0);
      const slopes = floats(memory, g), means = floats(memory, m);
      const squares = floats(memory, v), weights = floats(memory, w);
      for (let i = 0; i < n; i++) {
        const slope = slopes.get(i);
        means.set(i, means.get(i) + (slope - means.get(i)) * (1 - beta1));
        squares.set(i, squares.get(i) + (slope * slope - squares.get(i)) * (1 - beta2));
        const change = rateAtStep * means.get(i) / (Math.sqrt(squares.get(i)) + epsilon);
        weights.set(i, weights.get(i) - change);
      }
    },
    sgd(n, rateAt, momentum, nesterov, g, m, w) {
      const rate = floats(memory, rateAt).get(0);
      const slopes = floats(memory, g), weights = floats(memory, w);
      for (let i = 0; i < n; i++) {
        let change = -rate * slopes.get(i);
        if (m !== 0) {
          const moments = floats(memory, m);
          const moment = momentum * moments.get(i) + change;
          moments.set(i, moment);
          change = nesterov ? momentum * moment + change : moment;
        }
        weights.set(i, weights.get(i) + change);
      }
    },
  };
}
