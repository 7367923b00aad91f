/** Which last activations a loss can learn from: those that Keras takes as well, and trains badly or never. */
import type { Layer, LayerIssue } from "./layers.ts";
import { lossIssue } from "./losses.ts";
import type { ActivationName, Loss } from "./model.ts";

/** What an activation does to a loss, where it should not stand; unusual ones that learn are not here. */
type Faults = { readonly [A in ActivationName]?: string };

const BOUNDED = "no class can have a probability near 1";
const NEGATIVE = "it gives numbers below 0, which are no probabilities";
const EVEN = "class 1 always has half of the probability or more";
const ALWAYS_ONE = "a softmax of one unit is always 1";
const TWICE = `it gives probabilities, of which the loss makes probabilities again: ${BOUNDED}`;

/** By whether the loss takes logits, and whether one unit or one a class gives them. */
const FAULTS: {
  readonly [T in "logits" | "probabilities"]: { readonly [U in "classes" | "one"]: Faults };
} = {
  logits: {
    classes: {
      softmax: TWICE,
      sigmoid: TWICE,
      tanh: `it gives numbers from -1 to 1: ${BOUNDED}`,
      relu: "it gives no number below 0, and where it gives 0 nothing is learnt",
    },
    one: {
      softmax: ALWAYS_ONE,
      sigmoid: `it gives no number below 0: ${EVEN}`,
      relu: `it gives no number below 0: ${EVEN}`,
      softplus: `it gives no number below 0: ${EVEN}`,
      swish: "it gives no number below -0.28: class 0 can have little more than half",
      elu: "it gives no number below -1: class 0 can have no probability near 1",
      tanh: "it gives numbers from -1 to 1: no class can have a probability near 1",
    },
  },
  probabilities: {
    classes: {
      linear: "it gives logits, and the loss wants probabilities",
      relu: "a class to which it gives 0 is never learnt",
      tanh: NEGATIVE,
      elu: NEGATIVE,
      leakyRelu: NEGATIVE,
      swish: NEGATIVE,
    },
    one: {
      linear: "it gives logits, and the loss wants probabilities",
      softmax: ALWAYS_ONE,
      relu: "it gives numbers above 1, and what it gives 0 is never learnt",
      softplus: "it gives numbers above 1, from which nothing is learnt",
      tanh: NEGATIVE,
      elu: NEGATIVE,
      leakyRelu: NEGATIVE,
      swish: NEGATIVE,
    },
  },
};

/** The activation that decides what numbers a model can end in, and what stands behind it. */
interface End {
  readonly activation: ActivationName;
  readonly layer: Layer;
  /** Averages and maxima between it and the end. */
  readonly isPooled: boolean;
  readonly dropout: Layer | null;
}

/** The last one among `layers`, seen through what keeps the range of numbers. */
function endOf(layers: readonly Layer[]): End | null {
  let isPooled = false, dropout: Layer | null = null;
  for (const layer of layers.toReversed()) {
    const { spec } = layer;
    const end = (activation: ActivationName): End => ({ activation, layer, isPooled, dropout });
    switch (spec.type) {
      case "flatten":
        break;
      case "maxPooling2d":
      case "averagePooling2d":
        isPooled = true;
        break;
      case "dropout":
        if (spec.rate > 0) dropout = layer;
        break;
      case "activation":
        if (spec.activation !== "linear") return end(spec.activation);
        break;
      case "conv2d":
      case "dense":
        return end(spec.activation);
      case "batchNormalization":
        return end("linear");
      default:
        spec satisfies never;
    }
  }
  return null;
}

/** What keeps a model from learning with this loss, with two ways out: its shape, or its last activation. */
export function endIssue(layers: readonly Layer[], loss: Loss): LayerIssue | null {
  const misfit = lossIssue(layers, loss);
  const last = layers.at(-1);
  if (misfit !== null || last === undefined) {
    return { position: Math.max(0, layers.length - 1), message: misfit ?? "" };
  }
  const end = endOf(layers);
  if (end === null) return null; // Pixels alone, which no loss can change.
  const { activation, layer: { spec: { name }, position }, dropout } = end;
  const units = loss.type === "binaryCrossentropy" ? "one" : "classes";
  const right = units === "one" ? "sigmoid" : "softmax";
  const fault = faultOf(end, loss.fromLogits ? "logits" : "probabilities", units);
  if (fault !== null) {
    const what = activation === "linear" ? "no activation" : `the activation ${activation}`;
    const wants = loss.fromLogits ? "logits" : "probabilities";
    const logits = [
      ...activation === "linear" ? [] : ["take the activation away"],
      ...loss.fromLogits ? [] : [`say "loss: { type: ${loss.type}, fromLogits: true }"`],
    ].join(" and ");
    const probabilities = [
      ...activation === right ? [] : [`end with ${right}`],
      ...loss.fromLogits ? [`say "loss: ${loss.type}"`] : [],
    ].join(" and ");
    return {
      position,
      message: `Layer "${name}" ends the model with ${what}, ` +
        `and the loss takes ${wants}: ${fault}`,
      help: `${logits.charAt(0).toUpperCase()}${logits.slice(1)}, or ${probabilities}`,
    };
  }
  if (loss.fromLogits || (activation !== "softmax" && activation !== "sigmoid")) return null;
  if (dropout !== null) {
    return {
      position: dropout.position,
      message: `Layer "${dropout.spec.name}" drops probabilities behind the last activation: ` +
        "a class that is dropped is not learnt",
      help: "Put it before the last dense layer, or take it away",
    };
  }
  // The loss is taken of what is under a last softmax or sigmoid: those are logits as well.
  if (layers[position]?.spec.type !== "activation") return null;
  const under = endOf(layers.slice(0, position));
  const below = under && faultOf(under, "logits", units);
  if (under === null || below === null) return null;
  return {
    position: under.layer.position,
    message: `Layer "${under.layer.spec.name}" has the activation ${under.activation} under ` +
      `a last ${activation}, which takes logits: ${below}`,
    help: `Take this activation away, or put a dense layer without activation behind it`,
  };
}

function faultOf(
  { activation, isPooled }: End,
  takes: "logits" | "probabilities",
  units: "classes" | "one",
): string | null {
  // Of several one is mostly above 0: so some known networks end.
  if (isPooled && activation === "relu" && takes === "logits" && units === "classes") return null;
  return FAULTS[takes][units][activation] ?? null;
}
