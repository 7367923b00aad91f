/** Keras' optimizers by TensorFlow.js' operations (its own Adam has epsilon in another place). */
import * as tf from "@tensorflow/tfjs-core";
import { slotNames } from "../compiled/layout.ts";
import { rateOfAdam } from "../compiled/update.ts";
import type { Optimizer } from "../model.ts";

/** One weight's slots by name. */
export type Slots = ReadonlyMap<string, tf.Variable>;

export function slotsOnTape(
  optimizer: Optimizer,
  weights: readonly { readonly shape: readonly number[] }[],
): Slots[] {
  return weights.map(({ shape }) =>
    new Map(
      slotNames(optimizer).map((name) => [name, tf.variable(tf.zeros([...shape]), false)]),
    )
  );
}

/** `t`: the step, from 1. */
export function updateOnTape(
  optimizer: Optimizer,
  weight: tf.Variable,
  gradient: tf.Tensor,
  slots: Slots,
  rate: number,
  t: number,
): void {
  const momentum = slots.get("momentum"), velocity = slots.get("velocity");
  const lost = () => new Error(`The optimizer ${optimizer.type} lacks a slot of "${weight.name}"`);
  switch (optimizer.type) {
    case "rmsprop": {
      if (velocity === undefined) throw lost();
      const { rho, epsilon } = optimizer;
      blend(velocity, rho, tf.square(gradient));
      let change = tf.div(tf.mul(gradient, rate), tf.sqrt(tf.add(velocity, epsilon)));
      if (momentum !== undefined) {
        change = tf.add(tf.mul(momentum, optimizer.momentum), change);
        momentum.assign(change);
      }
      weight.assign(tf.sub(weight, change));
      break;
    }
    case "adam": {
      if (velocity === undefined || momentum === undefined) throw lost();
      const { beta1, beta2, epsilon } = optimizer;
      blend(momentum, beta1, gradient);
      blend(velocity, beta2, tf.square(gradient));
      const step = tf.mul(momentum, rateOfAdam(rate, beta1, beta2, t));
      weight.assign(tf.sub(weight, tf.div(step, tf.add(tf.sqrt(velocity), epsilon))));
      break;
    }
    case "sgd": {
      let change: tf.Tensor = tf.mul(gradient, -rate);
      if (momentum !== undefined) {
        const moved = tf.add(tf.mul(momentum, optimizer.momentum), change);
        momentum.assign(moved);
        change = optimizer.nesterov ? tf.add(tf.mul(moved, optimizer.momentum), change) : moved;
      }
      weight.assign(tf.add(weight, change));
      break;
    }
    default:
      optimizer satisfies never;
  }
}

/** slot = keep slot + (1 - keep) value */
function blend(slot: tf.Variable, keep: number, value: tf.Tensor): void {
  slot.assign(tf.add(tf.mul(slot, keep), tf.mul(value, 1 - keep)));
}
