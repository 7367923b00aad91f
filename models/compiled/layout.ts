/** Where a program's tensors lie: sized for the largest batch, and shared by all smaller ones. */
import type { Arena } from "../../kernels/memory.ts";
import { convRoom } from "../../kernels/conv_room.ts";
import { DENSE_SCRATCH, denseRoom } from "../../kernels/dense.ts";
import type { Address } from "../../kernels/ops.ts";
import { MOST_THREADS } from "../../kernels/team.ts";
import type { Layer, Weight } from "../layers.ts";
import type { Loss, Optimizer } from "../model.ts";
import { fuse } from "./fuse.ts";
import { endsInProbabilities, type Node, nodesOf, sizesOf } from "./nodes.ts";
import { convShape } from "./shapes.ts";

/** A weight in memory. Slots are the optimizer's; a weight that is not trained has neither slots nor gradient. */
export interface PlacedWeight {
  readonly weight: Weight;
  readonly values: Address;
  readonly gradient: Address | null;
  readonly slots: readonly { readonly name: string; readonly values: Address }[];
}

/** A node with the tensors of its own. Its input is the output of the node before. */
export interface PlacedNode {
  readonly node: Node;
  readonly output: Address;
  /**
   * `argmax` of a max-pool, or `codes` where it is one with what is before it; `mean` and `variance` of a
   * normalisation, and what it shares with its pool (see `NormPoolRoom`); `keys` of a dropout; the `room` that
   * a convolution shares between threads, or a dense layer whose output's gradient is mostly 0.
   */
  readonly extra: Readonly<Record<string, Address>>;
  /** By the weight's name within its layer. */
  readonly weights: Readonly<Record<string, PlacedWeight>>;
}

export interface Layout {
  readonly capacity: number;
  readonly inputSize: number;
  /** u8 pixels as gathered, the 256 values of a byte, and the values looked up. */
  readonly bytes: Address;
  readonly table: Address;
  readonly input: Address;
  readonly nodes: readonly PlacedNode[];
  /** In Keras' order. */
  readonly weights: readonly PlacedWeight[];
  readonly units: number;
  /** i32 classes, f32 losses and i32 hits of the batch. */
  readonly labels: Address;
  readonly losses: Address;
  readonly hits: Address;
  /** Gradients of activations go to and fro between these two. */
  readonly gradients: readonly [Address, Address];
  /** Scratch: so many bytes for each thread, one after another. */
  readonly scratch: { readonly at: Address; readonly bytes: number };
  /** What differs from step to step: f32 learning rate, and f32 rate of Adam's step. */
  readonly rate: Address;
  readonly adamRate: Address;
  /** The dropouts by their layers' positions, and where their two u32 keys lie. */
  readonly dropouts: readonly { readonly position: number; readonly keys: Address }[];
  /** f64 penalties of the weights that have a regulariser. */
  readonly penalties: readonly { readonly weight: PlacedWeight; readonly at: Address }[];
  /** True if the loss reads the logits under the last node. */
  readonly headOnLogits: boolean;
}

/** Keras' slots by optimizer. */
export function slotNames(optimizer: Optimizer): readonly string[] {
  switch (optimizer.type) {
    case "rmsprop":
      return optimizer.momentum === 0 ? ["velocity"] : ["velocity", "momentum"];
    case "adam":
      return ["momentum", "velocity"];
    case "sgd":
      return optimizer.momentum === 0 ? [] : ["momentum"];
  }
}

/** The derivative of relu follows from its output, so that its input needs no room of its own. */
function isInPlace(node: Node, before: Node | undefined): boolean {
  return node.kind === "activation" && node.activation === "relu" && before !== undefined;
}

/** Places everything in an arena; `fused` takes layers together where one operation does for them. */
export function place(
  arena: Arena,
  layers: readonly Layer[],
  loss: Loss,
  optimizer: Optimizer,
  capacity: number,
  fused: boolean,
): Layout {
  const floats = (n: number) => arena.take(n * 4);
  const weights: PlacedWeight[] = [];
  const nodes: PlacedNode[] = [];
  const inputSize = sizeOfInput(layers);
  const bytes = arena.take(capacity * inputSize);
  const table = floats(256);
  const input = floats(capacity * inputSize);
  let scratch = 0, widest = 0, last = input;
  const byLayer = new Map<number, Record<string, PlacedWeight>>();
  for (const layer of layers) {
    const own: Record<string, PlacedWeight> = {};
    for (const weight of layer.weights) {
      const { name, size, trainable } = weight;
      own[name] = {
        weight,
        values: floats(size),
        gradient: trainable ? floats(size) : null,
        slots: trainable
          ? slotNames(optimizer).map((n) => ({ name: n, values: floats(size) }))
          : [],
      };
      weights.push(own[name]);
    }
    byLayer.set(layer.position, own);
  }
  const dropouts: { position: number; keys: Address }[] = [];
  const plain = layers.flatMap(nodesOf);
  const all = fused ? fuse(plain).nodes : plain;
  for (const [i, node] of all.entries()) {
    const sizes = sizesOf(node);
    const extra = takeExtra(arena, node, nodes.at(-1), capacity);
    if (node.kind === "dense" && fused && leavesZeros(all[i + 1])) {
      extra["room"] = arena.take(denseRoom(capacity, sizes.input, sizes.output));
    }
    if (node.kind === "dense") scratch = Math.max(scratch, DENSE_SCRATCH);
    const dropout = dropoutOf(node);
    if (dropout !== null && extra["keys"] !== undefined) {
      dropouts.push({ position: dropout.position, keys: extra["keys"] });
    }
    if (node.kind === "conv2d" || node.kind === "convPool") {
      scratch = Math.max(scratch, convRoom(convShape(node.layer, capacity)).own);
    }
    // The values that a normalisation, a pool or a loss before it reads must stay as they are.
    const inPlace = isInPlace(node, nodes.at(-1)?.node) && last !== input && mayOverwrite(nodes);
    const output = inPlace ? last : floats(capacity * sizes.output);
    widest = Math.max(widest, sizes.input, sizes.output);
    const own = "layer" in node ? byLayer.get(node.layer.position) ?? {} : {};
    nodes.push({ node, output, extra, weights: own });
    last = output;
  }
  const units = layers.at(-1)?.outputShape[0] ?? 0;
  return {
    capacity,
    inputSize,
    bytes,
    table,
    input,
    nodes,
    weights,
    units,
    labels: arena.take(capacity * 4),
    losses: floats(capacity),
    hits: arena.take(capacity * 4),
    gradients: [floats(capacity * widest), floats(capacity * widest)],
    scratch: { at: arena.take(scratch * MOST_THREADS), bytes: scratch },
    rate: floats(1),
    adamRate: floats(1),
    dropouts,
    penalties: weights.flatMap((weight) =>
      weight.weight.regularizer === null ? [] : [{ weight, at: arena.take(8) }]
    ),
    headOnLogits: endsInProbabilities(layers, loss),
  };
}

/** True if what a node hands back is mostly 0: half of it or more at random inputs, a dropout's share of it. */
function leavesZeros(node: Node | undefined): boolean {
  return node?.kind === "activation" ? node.activation === "relu" : node?.kind === "dropout";
}

/** The dropout that a node does, alone or among other things. */
function dropoutOf(node: Node): { readonly position: number } | null {
  if (node.kind === "dropout") return node;
  return node.kind === "convPool" || node.kind === "normPool" ? node.dropout : null;
}

/** What a node keeps besides its output and weights. */
function takeExtra(
  arena: Arena,
  node: Node,
  before: PlacedNode | undefined,
  capacity: number,
): Record<string, Address> {
  const { output } = sizesOf(node);
  const extra: Record<string, Address> = {};
  if (dropoutOf(node) !== null) extra["keys"] = arena.take(8);
  switch (node.kind) {
    case "convPool":
    case "conv2d": {
      extra["room"] = arena.take(convRoom(convShape(node.layer, capacity)).shared);
      if (node.kind === "convPool") extra["codes"] = arena.take(capacity * output);
      else if (node.relu === "before") {
        extra["moments"] = arena.take(capacity * node.layer.spec.filters * 16);
      }
      return extra;
    }
    case "pool":
      if (node.how === "max") extra["argmax"] = arena.take(capacity * output * 4);
      return extra;
    case "norm":
    case "normPool": {
      const channels = node.layer.inputShape.at(-1) ?? 1;
      extra["mean"] = arena.take(channels * 4);
      extra["variance"] = arena.take(channels * 4);
      if (node.kind === "norm") return extra;
      extra["terms"] = arena.take(3 * channels * 4);
      extra["codes"] = arena.take(capacity * output);
      extra["picked"] = arena.take(capacity * output * 4);
      // The convolution before it leaves each image's sums there.
      const moments = before?.extra["moments"];
      if (moments !== undefined) extra["moments"] = moments;
      return extra;
    }
    case "dense":
    case "dropout":
    case "activation":
    case "softmax":
      return extra;
  }
}

/** Only what computes its gradient without its own output may have that output overwritten. */
function mayOverwrite(nodes: readonly PlacedNode[]): boolean {
  const kind = nodes.at(-1)?.node.kind;
  return kind === "conv2d" || kind === "dense" || kind === "norm";
}

function sizeOfInput(layers: readonly Layer[]): number {
  return (layers[0]?.inputShape ?? []).reduce((product, size) => product * size, 1);
}
