/**
 * Turns a layer list into programs: fixed lists of kernel calls on tensors that have their places
 * already. A program is bound to one batch size; all of a model's programs share one layout.
 */
import { distinct, type Family } from "../../kernels/families.ts";
import { createArena, MOST_PAGES, PAGE } from "../../kernels/memory.ts";
import type { LossShape } from "../../kernels/ops.ts";
import { record } from "../../kernels/record.ts";
import { callsOf } from "../../kernels/tasks.ts";
import { MOST_THREADS } from "../../kernels/team.ts";
import type { Layer } from "../layers.ts";
import { thresholdOf } from "../losses.ts";
import type { Loss, Optimizer } from "../model.ts";
import { backwardCalls } from "./backward.ts";
import { type Group, named } from "./call.ts";
import { forwardCalls } from "./forward.ts";
import { type Layout, place } from "./layout.ts";
import { updateCalls, updatesBehind } from "./update.ts";

/** The calls of one batch size, in groups of what does not depend on each other. */
export interface Program {
  readonly batch: number;
  /** Input values, dropout on, the batch's own statistics; then losses, hits, penalties and the first gradient. */
  readonly train: readonly Group[];
  /** From there to the gradients of all weights. */
  readonly backward: readonly Group[];
  /** The same with the optimizer's step: of some weights behind their gradients, at last of the others. */
  readonly learn: readonly Group[];
  /** Input values, dropout off, moving statistics. */
  readonly predict: readonly Group[];
  /** Losses, hits and penalties of what `predict` left. */
  readonly judge: readonly Group[];
}

export function compileProgram(
  layout: Layout,
  loss: Loss,
  optimizer: Optimizer,
  batch: number,
): Program {
  const { input, table, bytes, inputSize } = layout;
  const lookUp = named("input", [{
    op: "lookUp",
    run: (ops) => ops.lookUp(batch * inputSize, bytes, table, input),
  }]);
  const first = layout.gradients[0];
  const behind = updatesBehind(layout, optimizer);
  return {
    batch,
    train: [
      lookUp,
      ...forwardCalls(layout, batch, true),
      headCalls(layout, loss, batch, true, first),
    ],
    backward: backwardCalls(layout, batch, new Map()),
    learn: [...backwardCalls(layout, batch, behind), updateCalls(layout, optimizer, behind)],
    predict: [lookUp, ...forwardCalls(layout, batch, false)],
    judge: [headCalls(layout, loss, batch, false, 0)],
  };
}

/** The loss, from logits where Keras finds them under the last activation, and the hits. */
function headCalls(
  layout: Layout,
  loss: Loss,
  rows: number,
  training: boolean,
  gradient: Layout["gradients"][0] | 0,
): Group {
  const { labels, losses, hits, units } = layout;
  const [output, under] = outputsOf(layout, training);
  const shape: LossShape = {
    rows,
    classes: units,
    fromLogits: loss.fromLogits || layout.headOnLogits,
    clip: loss.type === "sparseCategoricalCrossentropy" ? "each" : "share",
  };
  const read = layout.headOnLogits ? under : output;
  const op = loss.type === "binaryCrossentropy" ? "binaryCrossEntropy" : "categoricalCrossEntropy";
  const threshold = thresholdOf(loss);
  return [
    ...named("loss", [
      { op, run: (ops) => ops[op](shape, read, labels, losses, gradient) },
      { op: "correct", run: (ops) => ops.correct(rows, units, threshold, output, labels, hits) },
    ]),
    ...penaltyCalls(layout),
  ];
}

/** Where the last node's output lies, and its input. */
export function outputsOf(layout: Layout, training: boolean) {
  // Without training a dropout hands its input on.
  const at = layout.nodes
    .filter(({ node }) => training || node.kind !== "dropout")
    .map(({ output }) => output);
  return [at.at(-1) ?? layout.input, at.at(-2) ?? layout.input] as const;
}

/** The regularisers' part of the loss: of the weights that made it, so before an update. */
function penaltyCalls({ penalties }: Layout): Group {
  return penalties.flatMap(({ weight: { weight: { path, regularizer, size }, values }, at }) => {
    if (regularizer === null) return [];
    const { l1, l2 } = regularizer;
    return named(path, [{
      op: "regularizerLoss",
      run: (ops) => ops.regularizerLoss(size, l1, l2, values, at),
    }]);
  });
}

/** A model made ready for a trainer. */
export interface Plan {
  readonly layout: Layout;
  /** Bytes of memory that it needs; most of the threads' scratch among them is never touched. */
  readonly bytes: number;
  /** The optimizer's step of all weights, from gradients that are there. */
  readonly update: Group;
}

export function plan(
  layers: readonly Layer[],
  loss: Loss,
  optimizer: Optimizer,
  capacity: number,
  fused: boolean,
): Plan {
  const arena = createArena();
  const layout = place(arena, layers, loss, optimizer, capacity, fused);
  return { layout, bytes: arena.used, update: updateCalls(layout, optimizer, new Map()) };
}

/** Kernel families that training this model uses. */
export function familiesUsed(
  layers: readonly Layer[],
  loss: Loss,
  optimizer: Optimizer,
): {
  readonly families: readonly Family[];
  /** What it needs with batches of this size and two threads; null: more than there can be. */
  readonly bytes: (batch: number) => number | null;
} {
  // Which operations are called follows from the layers alone, so that sizes do not matter: not even a
  // network that no memory holds is refused here.
  const arena = createArena(Infinity);
  const layout = place(arena, layers, loss, optimizer, 1, true);
  const { train, learn, predict, judge } = compileProgram(layout, loss, optimizer, 1);
  const calls = callsOf(...record([...train, ...learn, ...predict, ...judge]).flat());
  return {
    families: distinct(calls.map(({ family }) => family)),
    bytes(batch) {
      const whole = createArena(Infinity);
      const { scratch } = place(whole, layers, loss, optimizer, batch, true);
      if (whole.used > MOST_PAGES * PAGE) return null;
      return whole.used - (MOST_THREADS - 2) * scratch.bytes;
    },
  };
}
