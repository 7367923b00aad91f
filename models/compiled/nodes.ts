/** A model's layers as the primitive operations that a program is made of. */
import type { Activation } from "../../kernels/ops.ts";
import { type Layer, sizeOf, type Spec } from "../layers.ts";
import type { ActivationName, Loss } from "../model.ts";

/** One primitive operation; sizes are per example. */
export type Node =
  | {
    readonly kind: "conv2d";
    readonly layer: Layer<Spec<"conv2d">>;
    /** With the relu behind it; `before`: of which what follows takes care, in the gradient, too. */
    readonly relu: "no" | "own" | "before";
  }
  | {
    /** A convolution, relu, a 2x2 max-pool, and a dropout where there is one. */
    readonly kind: "convPool";
    readonly layer: Layer<Spec<"conv2d">>;
    readonly pool: Layer<Spec<"maxPooling2d">>;
    readonly dropout: { readonly rate: number; readonly position: number } | null;
  }
  | {
    /** A normalisation behind a convolution with relu, a 2x2 max-pool, and a dropout where there is one. */
    readonly kind: "normPool";
    readonly layer: Layer<Spec<"batchNormalization">>;
    readonly pool: Layer<Spec<"maxPooling2d">>;
    readonly dropout: { readonly rate: number; readonly position: number } | null;
  }
  | { readonly kind: "dense"; readonly layer: Layer<Spec<"dense">> }
  | { readonly kind: "norm"; readonly layer: Layer<Spec<"batchNormalization">> }
  | {
    readonly kind: "pool";
    readonly how: "max" | "average";
    readonly layer: Layer<Spec<"maxPooling2d">>;
  }
  | {
    readonly kind: "dropout";
    readonly rate: number;
    readonly position: number;
    readonly size: number;
  }
  | { readonly kind: "activation"; readonly activation: Activation; readonly size: number }
  | { readonly kind: "softmax"; readonly rows: number; readonly columns: number };

function activations(name: ActivationName, shape: readonly number[]): readonly Node[] {
  const size = sizeOf(shape);
  if (name === "linear") return [];
  if (name !== "softmax") return [{ kind: "activation", activation: name, size }];
  const columns = shape.at(-1) ?? 1;
  return [{ kind: "softmax", rows: size / columns, columns }];
}

/** What a layer does, in order; flatten does nothing, for row-major memory is flat already. */
export function nodesOf(layer: Layer): readonly Node[] {
  const { spec } = layer;
  switch (spec.type) {
    case "conv2d":
      return [{ kind: "conv2d", layer: { ...layer, spec }, relu: "no" }, ...after(spec)];
    case "dense":
      return [{ kind: "dense", layer: { ...layer, spec } }, ...after(spec)];
    case "batchNormalization":
      return [{ kind: "norm", layer: { ...layer, spec } }];
    case "maxPooling2d":
    case "averagePooling2d":
      return [{
        kind: "pool",
        how: spec.type === "maxPooling2d" ? "max" : "average",
        layer: { ...layer, spec },
      }];
    case "dropout": {
      const { rate } = spec;
      const { position } = layer;
      return rate === 0
        ? []
        : [{ kind: "dropout", rate, position, size: sizeOf(layer.outputShape) }];
    }
    case "activation":
      return after(spec);
    case "flatten":
      return [];
  }

  function after(spec: { readonly activation: ActivationName }): readonly Node[] {
    return activations(spec.activation, layer.outputShape);
  }
}

/** What a node is called where programs are shown: its layer's name, or what it does. */
export function nameOf(node: Node): string {
  if ("layer" in node) return node.layer.spec.name;
  return node.kind === "activation" ? node.activation : node.kind;
}

/** Elements of a node's input and output, per example. */
export function sizesOf(node: Node): { readonly input: number; readonly output: number } {
  switch (node.kind) {
    case "conv2d":
    case "dense":
    case "norm":
    case "pool":
      return { input: sizeOf(node.layer.inputShape), output: sizeOf(node.layer.outputShape) };
    case "convPool":
    case "normPool":
      return { input: sizeOf(node.layer.inputShape), output: sizeOf(node.pool.outputShape) };
    case "dropout":
    case "activation":
      return { input: node.size, output: node.size };
    case "softmax":
      return { input: node.rows * node.columns, output: node.rows * node.columns };
  }
}

/**
 * True if the loss is taken from the input of the last node, a softmax or sigmoid. Keras on TensorFlow
 * does so: both activations leave their logits on the tensor for any loss to find (so that a categorical
 * loss of sigmoids is that of a softmax), and a flatten after them makes a tensor without.
 */
export function endsInProbabilities(layers: readonly Layer[], loss: Loss): boolean {
  const spec = layers.at(-1)?.spec;
  return !loss.fromLogits && spec !== undefined && "activation" in spec &&
    (spec.activation === "softmax" || spec.activation === "sigmoid");
}
