/** The calls that take the weights one step along their gradients. */
import { pow } from "../../numerics/functions.ts";
import type { Optimizer } from "../model.ts";
import type { Layout, PlacedWeight } from "./layout.ts";
import { type Group, named, type Unnamed } from "./call.ts";

/** One call a trainable weight, in the order of the weights. */
export function updateCalls(layout: Layout, optimizer: Optimizer): Group {
  return layout.weights.flatMap((placed) => {
    const call = updateCall(placed, layout, optimizer);
    return call === null ? [] : named(placed.weight.path, [call]);
  });
}

function updateCall(
  placed: PlacedWeight,
  { rate, adamRate }: Layout,
  optimizer: Optimizer,
): Unnamed | null {
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
        run: (ops) => ops.rmsprop(n, rate, rho, momentum, epsilon, g, v, m, w),
      };
    }
    case "adam": {
      const { beta1, beta2, epsilon } = optimizer;
      const m = slot("momentum"), v = slot("velocity");
      if (m === 0 || v === 0) return null;
      return {
        op: "adam",
        run: (ops) => ops.adam(n, adamRate, beta1, beta2, epsilon, g, m, v, w),
      };
    }
    case "sgd": {
      const { momentum, nesterov } = optimizer;
      const m = slot("momentum");
      return {
        op: "sgd",
        run: (ops) => ops.sgd(n, rate, momentum, nesterov, g, m, w),
      };
    }
  }
}

/**
 * Adam's rate at step t, from 1. Every operation is rounded to f32, as in Keras, where 1 - 0.999 in f32 is
 * 1.3e-5 away from 0.001.
 */
export function rateOfAdam(rate: number, beta1: number, beta2: number, t: number): number {
  const f = Math.fround;
  const power = (beta: number) => f(pow(f(beta), t));
  const numerator = f(f(rate) * f(Math.sqrt(f(1 - power(beta2)))));
  return f(numerator / f(1 - power(beta1)));
}
