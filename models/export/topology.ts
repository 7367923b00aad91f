/** A model's layers as Keras and TensorFlow.js both read them: classes and settings in snake case. */
import type { JsonObject } from "../../pipelines/json.ts";
import { kindOf, type Layer } from "../layers.ts";
import type { ActivationName, Initializer, Regularizer } from "../model.ts";

/** Keras' slope of a leaky relu, which TensorFlow.js has as a layer of its own and with another default. */
const LEAKY_SLOPE = 0.2;

interface KerasLayer {
  readonly [key: string]: JsonObject | string;
  readonly class_name: string;
  readonly config: JsonObject;
}

/** "heNormal" to Keras' class HeNormal. */
function initializer(name: Initializer): JsonObject {
  return { class_name: `${name.charAt(0).toUpperCase()}${name.slice(1)}`, config: {} };
}

function regularizer(value: Regularizer | null): JsonObject | null {
  return value === null ? null : { class_name: "L1L2", config: { ...value } };
}

/** An activation within a layer: linear where it must become a layer of its own. */
function inner(name: ActivationName): string {
  return name === "leakyRelu" ? "linear" : name;
}

function leaky(name: string): KerasLayer {
  return { class_name: "LeakyReLU", config: { name, alpha: LEAKY_SLOPE } };
}

/** A layer and what must follow it. */
function layersOf(layer: Layer): readonly KerasLayer[] {
  const { spec } = layer;
  const { name } = spec;
  const one = (config: JsonObject): KerasLayer => ({
    class_name: kindOf(spec).className,
    config: { name, ...config },
  });
  switch (spec.type) {
    case "conv2d":
    case "dense": {
      const shape: JsonObject = spec.type === "dense" ? { units: spec.units } : {
        filters: spec.filters,
        kernel_size: spec.kernelSize,
        strides: spec.strides,
        padding: spec.padding,
        data_format: "channels_last",
        dilation_rate: [1, 1],
      };
      const trained = one({
        ...shape,
        activation: inner(spec.activation),
        use_bias: spec.useBias,
        kernel_initializer: initializer(spec.kernelInitializer),
        bias_initializer: initializer(spec.biasInitializer),
        kernel_regularizer: regularizer(spec.kernelRegularizer),
      });
      return spec.activation === "leakyRelu" ? [trained, leaky(`${name}_activation`)] : [trained];
    }
    case "maxPooling2d":
    case "averagePooling2d":
      return [one({
        pool_size: spec.poolSize,
        strides: spec.strides,
        padding: spec.padding,
        data_format: "channels_last",
      })];
    case "dropout":
      return [one({ rate: spec.rate })];
    case "batchNormalization":
      return [one({
        axis: -1,
        momentum: spec.momentum,
        epsilon: spec.epsilon,
        center: spec.center,
        scale: spec.scale,
      })];
    case "activation":
      return spec.activation === "leakyRelu"
        ? [leaky(name)]
        : [one({ activation: spec.activation })];
    case "flatten":
      return [one({ data_format: "channels_last" })];
  }
}

/** The whole model, a Sequential. */
export function topologyOf(layers: readonly Layer[], inputShape: readonly number[]): JsonObject {
  const input: KerasLayer = {
    class_name: "InputLayer",
    config: { name: "input", batch_input_shape: [null, ...inputShape], dtype: "float32" },
  };
  return {
    class_name: "Sequential",
    config: { name: "sequential", layers: [input, ...layers.flatMap(layersOf)] },
    backend: "tensor_flow.js",
    keras_version: "2.15.0",
  };
}
