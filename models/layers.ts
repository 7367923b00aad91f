/**
 * The one table of layers: what each makes of its input's shape, which weights it has, and what Keras
 * calls it. Trainers, summary, initialisers and exports are all built from it.
 */
import type { Initializer, LayerSpec, Model, Padding, Regularizer } from "./model.ts";

/** A weight as a layer declares it. */
export interface WeightSpec {
  /** Keras' name within the layer, e.g. "kernel". */
  readonly name: string;
  readonly shape: readonly number[];
  readonly trainable: boolean;
  readonly initializer: Initializer;
  readonly regularizer: Regularizer | null;
}

/** A weight of a layer in a model. */
export interface Weight extends WeightSpec {
  /** Keras' path: layer name, "/", weight name. */
  readonly path: string;
  readonly size: number;
}

/** A layer with its shapes; none of them counts the batch. */
export interface Layer<S extends LayerSpec = LayerSpec> {
  readonly spec: S;
  /** Its place in the model's list, from 0. */
  readonly position: number;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Trainable ones first, as Keras has them. */
  readonly weights: readonly Weight[];
  readonly parameters: number;
}

/** What is wrong with a layer: it does not fit what comes before it, or the loss, or no name. */
export interface LayerIssue {
  readonly position: number;
  readonly message: string;
  readonly help?: string;
}

/** The member of a union whose `type` can be T. */
type Member<S, T> = S extends { readonly type: infer K } ? T extends K ? S : never : never;
/** The spec of one type of layer. */
export type Spec<T extends LayerSpec["type"]> = Member<LayerSpec, T>;
type Shape = readonly number[];

interface LayerKind<S extends LayerSpec> {
  /** Keras' class. */
  readonly className: string;
  /** What Keras names the first one; the next get _1, _2. */
  readonly autoName: string;
  /** The output's shape, or what is wrong with the input's. */
  output(spec: S, input: Shape): Shape | string;
  weights(spec: S, input: Shape): readonly WeightSpec[];
}

const WANTS_IMAGES =
  "an input of rank 3 [height, width, channels] is wanted; it must come before flatten";

function none(): readonly WeightSpec[] {
  return [];
}

function same(_spec: LayerSpec, input: Shape): Shape {
  return input;
}

/** Output size and leading padding along one axis, as TensorFlow has them. */
export function window(
  input: number,
  kernel: number,
  stride: number,
  padding: Padding,
): { readonly output: number; readonly before: number } {
  if (padding === "valid") return { output: Math.floor((input - kernel) / stride) + 1, before: 0 };
  const output = Math.ceil(input / stride);
  const total = Math.max((output - 1) * stride + kernel - input, 0);
  return { output, before: Math.floor(total / 2) };
}

interface Windowed {
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

/** Height and width of a window's walk over images, or what is wrong. */
function walk(
  spec: Windowed,
  size: readonly [number, number],
  input: Shape,
): readonly [number, number] | string {
  if (input.length !== 3) return WANTS_IMAGES;
  const [height = 0, width = 0] = input;
  const rows = window(height, size[0], spec.strides[0], spec.padding).output;
  const columns = window(width, size[1], spec.strides[1], spec.padding).output;
  if (rows < 1 || columns < 1) {
    return `a window of ${size.join("x")} does not fit into an image of ${height}x${width} with ` +
      `padding "valid"; use a smaller window, or padding "same"`;
  }
  return [rows, columns];
}

function kernelAndBias(
  spec: Spec<"conv2d"> | Spec<"dense">,
  shape: Shape,
): readonly WeightSpec[] {
  const kernel: WeightSpec = {
    name: "kernel",
    shape,
    trainable: true,
    initializer: spec.kernelInitializer,
    regularizer: spec.kernelRegularizer,
  };
  if (!spec.useBias) return [kernel];
  const bias: WeightSpec = {
    name: "bias",
    shape: shape.slice(-1),
    trainable: true,
    initializer: spec.biasInitializer,
    regularizer: null,
  };
  return [kernel, bias];
}

function pooling(className: string, autoName: string): LayerKind<Spec<"maxPooling2d">> {
  return {
    className,
    autoName,
    output(spec, input) {
      const found = walk(spec, spec.poolSize, input);
      return typeof found === "string" ? found : [...found, input[2] ?? 0];
    },
    weights: none,
  };
}

/** Every kind of layer. */
export const LAYERS: { readonly [T in LayerSpec["type"]]: LayerKind<Spec<T>> } = {
  conv2d: {
    className: "Conv2D",
    autoName: "conv2d",
    output(spec, input) {
      const found = walk(spec, spec.kernelSize, input);
      return typeof found === "string" ? found : [...found, spec.filters];
    },
    weights: (spec, input) =>
      kernelAndBias(spec, [...spec.kernelSize, input[2] ?? 0, spec.filters]),
  },
  maxPooling2d: pooling("MaxPooling2D", "max_pooling2d"),
  averagePooling2d: pooling("AveragePooling2D", "average_pooling2d"),
  dropout: { className: "Dropout", autoName: "dropout", output: same, weights: none },
  batchNormalization: {
    className: "BatchNormalization",
    autoName: "batch_normalization",
    output: same,
    weights(spec, input) {
      const one = (name: string, trainable: boolean, initializer: Initializer): WeightSpec => ({
        name,
        shape: input.slice(-1),
        trainable,
        initializer,
        regularizer: null,
      });
      return [
        ...(spec.scale ? [one("gamma", true, "ones")] : []),
        ...(spec.center ? [one("beta", true, "zeros")] : []),
        one("moving_mean", false, "zeros"),
        one("moving_variance", false, "ones"),
      ];
    },
  },
  activation: { className: "Activation", autoName: "activation", output: same, weights: none },
  flatten: {
    className: "Flatten",
    autoName: "flatten",
    output: (_spec, input) => [sizeOf(input)],
    weights: none,
  },
  dense: {
    className: "Dense",
    autoName: "dense",
    output: (spec, input) =>
      input.length === 1
        ? [spec.units]
        : `an input of rank 1 is wanted, found [${input.join(", ")}]; put flatten before it`,
    weights: (spec, input) => kernelAndBias(spec, [input[0] ?? 0, spec.units]),
  },
};

/** The table's row of a spec. */
export function kindOf<S extends LayerSpec>(spec: S): LayerKind<S> {
  // The row of `spec.type` is for specs of that type, which TypeScript cannot follow through a union.
  return LAYERS[spec.type] as unknown as LayerKind<S>;
}

/** Product of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Works out all shapes and weights. Stops at the first layer that does not fit. */
export function resolve(model: Model): { layers: readonly Layer[]; issues: readonly LayerIssue[] } {
  const layers: Layer[] = [];
  const issues: LayerIssue[] = [];
  const names = new Set<string>();
  let shape = model.inputShape;
  for (const [position, spec] of model.layers.entries()) {
    const { output, weights } = kindOf(spec);
    if (names.has(spec.name)) {
      issues.push({ position, message: `Layer "${spec.name}": two layers have this name` });
    }
    names.add(spec.name);
    const found = output(spec, shape);
    if (typeof found === "string") {
      issues.push({
        position,
        message: `Layer "${spec.name}" (${spec.type}) does not fit: ${found}`,
      });
      break;
    }
    const all = weights(spec, shape).map((weight) => ({
      ...weight,
      path: `${spec.name}/${weight.name}`,
      size: sizeOf(weight.shape),
    }));
    layers.push({
      spec,
      position,
      inputShape: shape,
      outputShape: found,
      weights: all,
      parameters: all.reduce((sum, weight) => sum + weight.size, 0),
    });
    shape = found;
  }
  return { layers, issues };
}

/** The layers of a model that is known to fit. @throws Error with the first issue's message */
export function layersOf(model: Model): readonly Layer[] {
  const { layers, issues } = resolve(model);
  const issue = issues[0];
  if (issue !== undefined) throw new Error(issue.message);
  return layers;
}

export interface ParameterCount {
  readonly total: number;
  readonly trainable: number;
  readonly nonTrainable: number;
}

export function countParameters(layers: readonly Layer[]): ParameterCount {
  const weights = layers.flatMap((layer) => layer.weights);
  const sum = (some: readonly Weight[]) => some.reduce((total, weight) => total + weight.size, 0);
  const trainable = sum(weights.filter((weight) => weight.trainable));
  const total = sum(weights);
  return { total, trainable, nonTrainable: total - trainable };
}
