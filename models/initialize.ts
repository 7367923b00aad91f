/** Keras' initialisers, drawn from counter-based streams: a value is a function of its index alone. */
import { type Stream, stream } from "../numerics/random.ts";
import type { Layer, Weight } from "./layers.ts";
import type { Initializer } from "./model.ts";
import type { NamedTensor } from "./trainer.ts";

type Random = Exclude<Initializer, "zeros" | "ones">;

/** Keras' VarianceScaling: how wide, by which fan, in which form. */
const SCALING: Readonly<
  Record<Random, { scale: number; fan: "in" | "mean"; form: "uniform" | "normal" }>
> = {
  glorotUniform: { scale: 1, fan: "mean", form: "uniform" },
  glorotNormal: { scale: 1, fan: "mean", form: "normal" },
  heUniform: { scale: 2, fan: "in", form: "uniform" },
  heNormal: { scale: 2, fan: "in", form: "normal" },
  lecunUniform: { scale: 1, fan: "in", form: "uniform" },
  lecunNormal: { scale: 1, fan: "in", form: "normal" },
};

/** Standard deviation of a standard normal that is cut off at +-2; Keras divides by it. */
const CUT_DEVIATION = 0.87962566103423978;

/** Keras' fans: the product of all but the last two axes times the channels in, and out. */
export function fans(shape: readonly number[]): { readonly in: number; readonly out: number } {
  if (shape.length < 2) {
    const size = shape[0] ?? 1;
    return { in: size, out: size };
  }
  const field = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return { in: field * (shape.at(-2) ?? 1), out: field * (shape.at(-1) ?? 1) };
}

/** A normal within +-2. The attempt k of element i has the index i + k * count: no two share one. */
function cutNormal(draws: Stream, index: number, count: number): number {
  let z = draws.normal(index);
  for (let attempt = 1; Math.abs(z) > 2; attempt++) z = draws.normal(index + attempt * count);
  return z;
}

/** First values of one weight, f32. */
export function initialValues(
  weight: Pick<Weight, "name" | "shape" | "size" | "initializer">,
  seed: number,
  position: number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(weight.size);
  const kind = weight.initializer;
  if (kind === "zeros") return values;
  if (kind === "ones") return values.fill(1);
  const { scale, fan, form } = SCALING[kind];
  const both = fans(weight.shape);
  const variance = scale / Math.max(1, fan === "in" ? both.in : (both.in + both.out) / 2);
  const draws = stream(seed, "train", position, weight.name);
  if (form === "uniform") {
    const limit = Math.sqrt(3 * variance);
    for (let i = 0; i < values.length; i++) values[i] = (2 * draws.uniform(i) - 1) * limit;
  } else {
    const deviation = Math.sqrt(variance) / CUT_DEVIATION;
    for (let i = 0; i < values.length; i++) {
      values[i] = cutNormal(draws, i, values.length) * deviation;
    }
  }
  return values;
}

/** First values of all weights, in Keras' order. The key of a weight is (seed, "train", layer position, name). */
export function initialize(layers: readonly Layer[], seed: number): NamedTensor[] {
  return layers.flatMap((layer) =>
    layer.weights.map((weight) => ({
      name: weight.path,
      shape: weight.shape,
      values: initialValues(weight, seed, layer.position),
    }))
  );
}
