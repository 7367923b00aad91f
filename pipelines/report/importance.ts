/**
 * How much each param alone decides where a trial is ranked: the functional ANOVA of a forest of regression
 * trees (Hutter, Hoos, Leyton-Brown, "An efficient approach for assessing hyperparameter importance",
 * ICML 2014). A tree is constant on boxes, so that its mean over all other params, at each value of one
 * param, is an exact sum; the variance of that mean over the param's values is what the param decides.
 */
import { stream } from "../../numerics/random.ts";
import { type Feature, grow, type Leaf } from "./forest.ts";
import { mean } from "./statistics.ts";
import { placeOf } from "./sweep_axes.ts";
import type { Linked, Ranked } from "./sweep_columns.ts";

export interface Importance {
  readonly title: string;
  /** Part of the variance of the ranking that it decides alone, 0 .. 1: the mean over the trees. */
  readonly share: number;
  /** The middle 80 % of the trees, each grown on its own draw of the trials. */
  readonly low: number;
  readonly high: number;
  /** The largest share that it had in forests grown on shuffled rankings. */
  readonly chance: number;
}

export interface Importances {
  /** Most important first. */
  readonly params: readonly Importance[];
  /** Part of the variance that the trees explain with all params together. */
  readonly together: number;
  /** The most that they explain so of shuffled rankings, which is noise. */
  readonly chance: number;
  /** Trials that it is drawn from. */
  readonly trials: number;
}

export const TREES = 48;
/** So that the largest of them is exceeded by chance in one of twenty cases. */
export const SHUFFLES = 19;
const TREES_A_SHUFFLE = 12;
/** Cells that a range is cut into. */
const CELLS = 24;
/** Fewer trials than these say nothing; of more every second, third ... is taken, in the order of the ranking. */
const LEAST = 10;
const MOST = 1000;

/** Null: too few trials. Those that failed are left out, as are those that are not over. */
export function importances(linked: Linked): Importances | null {
  const params = linked.axes.slice(0, -1);
  const all = linked.rows.filter((row) =>
    row.values.at(-1) !== null && (row.state === "done" || row.state === "pruned")
  );
  const every = Math.ceil(all.length / MOST);
  const rows = all.filter((_, index) => index % every === 0);
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
  const places = Float64Array.from(rows, (_, i) => (rows.length - i) / rows.length);
  const trees = forest(features, places, TREES, "importance");
  const shuffled = Array.from({ length: SHUFFLES }, (_, i) => {
    const order = stream(1, "importance-shuffle", i).permutation(places.length);
    const targets = Float64Array.from(order, (k) => places[k] ?? 0);
    return forest(features, targets, TREES_A_SHUFFLE, `importance-shuffle-${i}`);
  });
  const found = params.map(({ title }, i): Importance => {
    const shares = trees.map(({ alone }) => alone[i] ?? 0).sort((a, b) => a - b);
    const part = (p: number) => shares[Math.round(p * (shares.length - 1))] ?? 0;
    return {
      title,
      share: mean(shares),
      low: part(0.1),
      high: part(0.9),
      chance: Math.max(...shuffled.map((one) => mean(one.map(({ alone }) => alone[i] ?? 0)))),
    };
  });
  return {
    params: found.sort((a, b) => b.share - a.share),
    together: mean(trees.map(({ together }) => together)),
    chance: Math.max(...shuffled.map((one) => mean(one.map(({ together }) => together)))),
    trials: rows.length,
  };
}

interface Shares {
  /** By feature, of the variance of the targets. */
  readonly alone: readonly number[];
  readonly together: number;
}

/** The shares in each of so many trees, each grown on as many examples as there are, drawn with repetition. */
function forest(
  features: readonly Feature[],
  targets: Float64Array,
  trees: number,
  purpose: string,
): Shares[] {
  const n = targets.length, variance = varianceOf([...targets]);
  return Array.from({ length: trees }, (_, tree) => {
    const draw = stream(1, purpose, "draw", tree);
    const examples = Uint32Array.from({ length: n }, (_, i) => Math.floor(draw.uniform(i) * n));
    const leaves = grow(features, targets, examples, stream(1, purpose, "grow", tree));
    const volumes = leaves.map(({ box }) => box.reduce((volume, mask) => volume * part(mask), 1));
    const middle = leaves.reduce((sum, { value }, k) => sum + (volumes[k] ?? 0) * value, 0);
    const all = leaves.reduce(
      (sum, { value }, k) => sum + (volumes[k] ?? 0) * (value - middle) * (value - middle),
      0,
    );
    return {
      alone: features.map((_, i) => varianceOf(meansOver(leaves, volumes, i)) / variance),
      together: all / variance,
    };
  });
}

/** Part of a feature's cells that a box has. */
function part(mask: Uint8Array): number {
  let inside = 0;
  for (const bit of mask) inside += bit;
  return inside / mask.length;
}

function varianceOf(values: readonly number[]): number {
  const middle = mean(values);
  return mean(values.map((x) => (x - middle) * (x - middle)));
}

/** At each cell of feature `i`, the tree's mean over all other features. */
function meansOver(leaves: readonly Leaf[], volumes: readonly number[], i: number): number[] {
  const means: number[] = [];
  leaves.forEach(({ box, value }, k) => {
    const mask = box[i];
    if (mask === undefined) return;
    const others = (volumes[k] ?? 0) / part(mask);
    mask.forEach((bit, cell) =>
      means[cell] = (means[cell] ?? 0) + (bit === 1 ? others * value : 0)
    );
  });
  return means;
}
