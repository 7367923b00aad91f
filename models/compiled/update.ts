/** The calls that take the weights one step along their gradients. */
import { pow } from "../../numerics/functions.ts";
import type { Address, Update } from "../../kernels/ops.ts";
import type { Optimizer } from "../model.ts";
import type { Layout, PlacedWeight } from "./layout.ts";
import { type Group, named } from "./call.ts";

/** One call for each trainable weight, in their order, but for those that are updated elsewhere. */
export function updateCalls(
  layout: Layout,
  optimizer: Optimizer,
  elsewhere: ReadonlyMap<PlacedWeight, Update>,
): Group {
  return layout.weights.flatMap((placed) => {
    const update = updateOf(placed, layout, optimizer);
    if (update === null || elsewhere.has(placed)) return [];
    const { path, size } = placed.weight;
    return named(path, [{ op: optimizer.type, run: (ops) => update(ops, 0, size) }]);
  });
}

/**
 * Updates that can be done piece by piece as soon as the gradient is there: of dense kernels that nothing
 * reads any more by then. That is so where the gradient by the input works on a copy (by lists), or where none
 * is wanted; and a regulariser would read the weights, too.
 */
export function updatesBehind(
  layout: Layout,
  optimizer: Optimizer,
): ReadonlyMap<PlacedWeight, Update> {
  const first = layout.nodes.find(({ weights }) => Object.keys(weights).length > 0);
  return new Map(layout.nodes.flatMap((placed) => {
    const { kernel } = placed.weights;
    if (placed.node.kind !== "dense" || kernel === undefined) return [];
    if (placed.extra["room"] === undefined && placed !== first) return [];
    const update = kernel.weight.regularizer === null ? updateOf(kernel, layout, optimizer) : null;
    return update === null ? [] : [[kernel, update] as const];
  }));
}

/** How any piece of a weight goes one step along its gradient; null for a weight that is not trained. */
function updateOf(
  placed: PlacedWeight,
  { rate, adamRate }: Layout,
  optimizer: Optimizer,
): Update | null {
  const { values, gradient } = placed;
  if (gradient === null) return null;
  const slot = (name: string) => placed.slots.find((one) => one.name === name)?.values ?? null;
  switch (optimizer.type) {
    case "rmsprop": {
      const { rho, momentum, epsilon } = optimizer;
      const velocity = slot("velocity"), moments = slot("momentum");
      if (velocity === null) return null;
      return (ops, first, n) => {
        const g = from(gradient, first), v = from(velocity, first), w = from(values, first);
        const m = moments === null ? 0 : from(moments, first);
        ops.rmsprop(n, rate, rho, momentum, epsilon, g, v, m, w);
      };
    }
    case "adam": {
      const { beta1, beta2, epsilon } = optimizer;
      const moments = slot("momentum"), velocity = slot("velocity");
      if (moments === null || velocity === null) return null;
      return (ops, first, n) => {
        const g = from(gradient, first), w = from(values, first);
        const m = from(moments, first), v = from(velocity, first);
        ops.adam(n, adamRate, beta1, beta2, epsilon, g, m, v, w);
      };
    }
    case "sgd": {
      const { momentum, nesterov } = optimizer;
      const moments = slot("momentum");
      return (ops, first, n) => {
        const m = moments === null ? 0 : from(moments, first);
        ops.sgd(n, rate, momentum, nesterov, from(gradient, first), m, from(values, first));
      };
    }
  }
}

/** Where a tensor's element lies. */
function from(tensor: Address, first: number): Address {
  // Pieces are of whole panels, which are multiples of 16 bytes.
  return tensor + first * 4 as Address;
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
