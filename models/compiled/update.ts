/** The calls that take the weights one step along their gradients. */
import { pow } from "../../numerics/functions.ts";
import type { Optimizer } from "../model.ts";
import type { Layout, PlacedWeight } from "./layout.ts";
import type { Call } from "./call.ts";

/** One call a trainable weight, in the order of the weights. */
export function updateCalls(layout: Layout, optimizer: Optimizer): Call[] {
  return layout.weights.flatMap((placed) => {
    const call = updateCall(placed, optimizer);
    return call === null ? [] : [call];
  });
}

function updateCall(placed: PlacedWeight, optimizer: Optimizer): Call | null {
  const { values: w, gradient: g, weight: { size: n } } = placed;
  if (g === null) return null;
  const slot = (name: string) => placed.slots.find((one) => one.name === name)?.values ?? 0;
  switch (optimizer.type) {
    case "rmsprop": {
      const { rho, momentum, epsilon } = optimizer;
      const v = slot("velocity"), m = slot("momentum");
      if (v === 0) return null;
      return {
        op: "rmsprop",
        run: (ops, { learningRate }) =>
          ops.rmsprop(n, learningRate, rho, momentum, epsilon, g, v, m, w),
      };
    }
    case "adam": {
      const { beta1, beta2, epsilon } = optimizer;
      const m = slot("momentum"), v = slot("velocity");
      if (m === 0 || v === 0) return null;
      return {
        op: "adam",
        run: (ops, { learningRate, step }) => {
          const rate = adamRate(learningRate, beta1, beta2, step + 1);
          ops.adam(n, rate, beta1, beta2, epsilon, g, m, v, w);
        },
      };
    }
    case "sgd": {
      const { momentum, nesterov } = optimizer;
      const m = slot("momentum");
      return {
        op: "sgd",
        run: (ops, { learningRate }) => ops.sgd(n, learningRate, momentum, nesterov, g, m, w),
      };
    }
  }
}

/**
 * Adam's rate at step t, from 1. Every operation is rounded to f32, as in Keras, where 1 - 0.999 in f32 is
 * 1.3e-5 away from 0.001.
 */
export function adamRate(rate: number, beta1: number, beta2: number, t: number): number {
  const f = Math.fround;
  const power = (beta: number) => f(pow(f(beta), t));
  const numerator = f(f(rate) * f(Math.sqrt(f(1 - power(beta2)))));
  return f(numerator / f(1 - power(beta1)));
}
