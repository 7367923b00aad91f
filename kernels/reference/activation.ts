/** Activations and softmax, computed in f64 and rounded once. A NaN comes out as a NaN. */
import { exp, expm1, log1p, tanh } from "../../numerics/functions.ts";
import type { Activation, Ops } from "../ops.ts";
import { floats } from "./views.ts";

const sigmoid = (x: number) => 1 / (1 + exp(-x));
/** Keras' default for the activation of this name. */
const LEAK = Math.fround(0.2);

const FORWARD: Readonly<Record<Activation, (x: number) => number>> = {
  relu: (x) => x < 0 ? 0 : x,
  sigmoid,
  tanh,
  elu: (x) => x > 0 ? x : expm1(x),
  softplus: (x) => (x > 0 ? x : 0) + log1p(exp(-Math.abs(x))),
  leakyRelu: (x) => x < 0 ? LEAK * x : x,
  swish: (x) => x * sigmoid(x),
};

/** The derivative by x, from x and the output y. */
const DERIVATIVE: Readonly<Record<Activation, (x: number, y: number) => number>> = {
  relu: (_, y) => y > 0 ? 1 : 0,
  sigmoid: (_, y) => y * (1 - y),
  tanh: (_, y) => 1 - y * y,
  elu: (x, y) => x > 0 ? 1 : y + 1,
  softplus: (x) => sigmoid(x),
  leakyRelu: (x) => x > 0 ? 1 : LEAK,
  swish: (x, y) => sigmoid(x) + y * (1 - sigmoid(x)),
};

export function activation(
  memory: WebAssembly.Memory,
): Pick<
  Ops,
  "activationForward" | "activationBackward" | "softmaxForward" | "softmaxBackward"
> {
  return {
    activationForward(kind, n, x, y) {
      const input = floats(memory, x), output = floats(memory, y);
      for (let i = 0; i < n; i++) output.set(i, FORWARD[kind](input.get(i)));
    },
    activationBackward(kind, n, x, y, dy, dx) {
      const input = floats(memory, x), output = floats(memory, y);
      const above = floats(memory, dy), below = floats(memory, dx);
      for (let i = 0; i < n; i++) {
        const slope = DERIVATIVE[kind](input.get(i), output.get(i));
        below.set(i, slope === 0 ? 0 : above.get(i) * slope);
      }
    },
    softmaxForward(rows, columns, x, y) {
      const input = floats(memory, x), output = floats(memory, y);
      for (let r = 0; r < rows; r++) {
        const powers = softmaxPowers(columns, (c) => input.get(r * columns + c));
        const sum = powers.reduce((total, power) => total + power, 0);
        powers.forEach((power, c) => output.set(r * columns + c, power / sum));
      }
    },
    softmaxBackward(rows, columns, y, dy, dx) {
      const output = floats(memory, y), above = floats(memory, dy), below = floats(memory, dx);
      for (let r = 0; r < rows; r++) {
        let dot = 0;
        for (let i = r * columns; i < (r + 1) * columns; i++) dot += output.get(i) * above.get(i);
        for (let i = r * columns; i < (r + 1) * columns; i++) {
          below.set(i, output.get(i) * (above.get(i) - dot));
        }
      }
    },
  };
}

/** e^(x - greatest x) of a row. */
export function softmaxPowers(columns: number, read: (column: number) => number): number[] {
  const row = Array.from({ length: columns }, (_, c) => read(c));
  const greatest = Math.max(...row);
  return row.map((x) => exp(x - greatest));
}
