/**
 * How much each param alone decides where a trial is ranked: the functional ANOVA of a forest of regression
 * trees (Hutter, Hoos, Leyton-Brown, "An efficient approach for assessing hyperparameter importance",
 * ICML 2014). A tree is constant on boxes, so that its mean over all other params, at each value of one
 * param, is an exact sum; the variance of that mean over the param's values is what the param decides.
 */
import { stream } from "../../numerics/random.ts";
import { type Feature, grow, type Leaf } from "./forest.ts";
import { placeOf } from "./sweep_axes.ts";
import type { Linked, Ranked } from "./sweep_columns.ts";

export interface Importance {
  readonly title: string;
  /** Part of the variance of the ranking that it decides alone, 0 .. 1: the mean over the trees. */
  readonly share: number;
  /** The middle 80 % of the trees, each grown on its own draw of the trials. */
  readonly low: number;
  readonly high: number;
  /** What 95 % of trees stay below that were grown on shuffled rankings. */
  readonly chance: number;
}

export interface Importances {
  /** Most important first. */
  readonly params: readonly Importance[];
  /** Trials that it is drawn from. */
  readonly trials: number;
}

export const TREES = 48;
/** Cells that a range is cut into. */
const CELLS = 24;
/** Fewer trials than these say nothing. */
const LEAST = 10;

/** Null: too few trials. Those that failed are left out, as are those that are not over. */
export function importances(linked: Linked): Importances | null {
  const params = linked.axes.slice(0, -1);
  const rows = linked.rows.filter((row) =>
    row.values.at(-1) !== null && (row.state === "done" || row.state === "pruned")
  );
  if (rows.length < LEAST || params.length === 0) return null;
  const features = params.map((axis, i): Feature => {
    const cells = axis.names.length > 0 ? axis.names.length : axis.high > axis.low ? CELLS : 1;
    const of = Int16Array.from(rows, (row: Ranked) => {
      const value = row.values[i] ?? null;
      return value === null
        ? -1
        : Math.min(cells - 1, Math.max(0, Math.floor(placeOf(axis, value) * cells)));
    });
    return { cells, isOrdered: axis.names.length === 0, of };
  });
  // Rows are in the ranking's order. The place, not the metric: one training that ran away would be
  // nearly all of the metric's variance, and metrics of different rungs do not compare.
  const targets = Float64Array.from(rows, (_, i) => (rows.length - i) / rows.length);
  const real = sharesOfTrees(features, targets, (tree) => ({
    targets,
    random: stream(1, "importance", tree),
  }));
  const shuffled = sharesOfTrees(features, targets, (tree) => ({
    targets: Float64Array.from(
      stream(1, "importance-shuffle", tree).permutation(targets.length),
      (i) => targets[i] ?? 0,
    ),
    random: stream(1, "importance-chance", tree),
  }));
  const found = params.map(({ title }, i): Importance => {
    const shares = real.map((tree) => tree[i] ?? 0).sort((a, b) => a - b);
    const chance = shuffled.map((tree) => tree[i] ?? 0).sort((a, b) => a - b);
    const part = (values: readonly number[], p: number) =>
      values[Math.round(p * (values.length - 1))] ?? 0;
    return {
      title,
      share: shares.reduce((sum, x) => sum + x, 0) / shares.length,
      low: part(shares, 0.1),
      high: part(shares, 0.9),
      chance: part(chance, 0.95),
    };
  });
  return { params: found.sort((a, b) => b.share - a.share), trials: rows.length };
}

/** By tree and feature. */
function sharesOfTrees(
  features: readonly Feature[],
  targets: Float64Array,
  of: (tree: number) => { targets: Float64Array; random: ReturnType<typeof stream> },
): number[][] {
  const n = targets.length;
  const middle = targets.reduce((sum, x) => sum + x, 0) / n;
  const variance = targets.reduce((sum, x) => sum + (x - middle) * (x - middle), 0) / n;
  return Array.from({ length: TREES }, (_, tree) => {
    const own = of(tree);
    // As many as there are, with repetition.
    const draw = stream(1, "importance-draw", tree);
    const examples = Uint32Array.from({ length: n }, (_, i) => Math.floor(draw.uniform(i) * n));
    const leaves = grow(features, own.targets, examples, own.random);
    return features.map((feature, i) =>
      variance === 0 ? 0 : decided(leaves, feature, i) / variance
    );
  });
}

/** Variance over the cells of feature `i` of the tree's mean over all other features. */
function decided(leaves: readonly Leaf[], { cells }: Feature, i: number): number {
  const means = new Float64Array(cells);
  for (const { box, value } of leaves) {
    let volume = 1;
    box.forEach((mask, k) => {
      if (k === i) return;
      let inside = 0;
      for (const bit of mask) inside += bit;
      volume *= inside / mask.length;
    });
    box[i]?.forEach((bit, cell) => {
      if (bit === 1) means[cell] = (means[cell] ?? 0) + volume * value;
    });
  }
  const average = means.reduce((sum, x) => sum + x, 0) / cells;
  return means.reduce((sum, x) => sum + (x - average) * (x - average), 0) / cells;
}
