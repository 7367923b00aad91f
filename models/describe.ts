/** What is stored beside a model's weights, for those who read them. */
import type { JsonObject } from "../pipelines/json.ts";
import { countParameters, kindOf, type Layer } from "./layers.ts";
import type { Loss, Model, Optimizer } from "./model.ts";
import type { Scaling } from "./examples.ts";

/** Plain data. `topology` and `loss` are what `readModel` reads; the rest is to be looked at. */
export function describeModel(
  model: Model,
  layers: readonly Layer[],
  loss: Loss,
  optimizer: Optimizer,
  scaling: Scaling,
  classes: readonly string[],
) {
  return {
    topology: {
      inputShape: [...model.inputShape],
      layers: layers.map(({ spec }) => plain(spec)),
    },
    loss: { type: loss.type, fromLogits: loss.fromLogits },
    optimizer: { ...optimizer },
    scaling: { subtract: scaling.subtract, divide: scaling.divide },
    classes: [...classes],
    parameters: { ...countParameters(layers) },
    layers: layers.map((layer) => ({
      name: layer.spec.name,
      type: kindOf(layer.spec).className,
      output: [...layer.outputShape],
      parameters: layer.parameters,
      weights: layer.weights.map(({ path }) => path),
    })),
  };
}

/** A spec as JSON, which all of it is; only the interface within must be spelled out for the types. */
function plain(spec: Layer["spec"]): JsonObject {
  if (!("kernelRegularizer" in spec)) return { ...spec };
  const { kernelRegularizer } = spec;
  return {
    ...spec,
    kernelRegularizer: kernelRegularizer === null ? null : { ...kernelRegularizer },
  };
}
