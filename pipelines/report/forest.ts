/** Regression trees over a grid: every feature has a few cells, and a leaf is a box of cells. */
import type { Stream } from "../../numerics/random.ts";

/** A feature of the examples. */
export interface Feature {
  /** Cells in all, at least 1. */
  readonly cells: number;
  /** They have an order; without one any set of cells may be taken together. */
  readonly isOrdered: boolean;
  /** Cell of each example; -1: it has no value here. */
  readonly of: Int16Array;
}

/** A box of cells, by feature 1 where a cell is in it; and the mean of the examples in it. */
export interface Leaf {
  readonly box: readonly Uint8Array[];
  readonly value: number;
}

interface Cut {
  readonly feature: number;
  /** 1: the cell goes left. */
  readonly left: Uint8Array;
  readonly gain: number;
}

/**
 * One tree on the examples given (an example may come twice). A node is cut where that takes away most
 * of the squared error, by one of a random two thirds of the features. A feature that some example of a node
 * lacks cannot cut it: what decides whether it is set does so first. A leaf has a hundredth of the examples
 * at least: smaller ones follow noise.
 */
export function grow(
  features: readonly Feature[],
  targets: Float64Array,
  examples: Uint32Array,
  random: Stream,
): Leaf[] {
  const leaves: Leaf[] = [];
  const least = Math.max(3, Math.ceil(examples.length / 100));
  let draws = 0;
  const visit = (own: Uint32Array, box: readonly Uint8Array[]) => {
    const order = features.map((_, i) => ({ i, by: random.uint32(draws++) }))
      .sort((a, b) => a.by - b.by || a.i - b.i);
    let best: Cut | null = null, tried = 0;
    for (const { i } of order) {
      if (own.length < 2 * least || tried >= Math.ceil(2 * features.length / 3)) break;
      const feature = features[i];
      const cut = feature === undefined ? null : bestCut(feature, i, targets, own, least);
      if (cut === null) continue;
      tried++;
      if (best === null || cut.gain > best.gain) best = cut;
    }
    if (best === null) {
      let sum = 0;
      for (const e of own) sum += targets[e] ?? 0;
      leaves.push({ box, value: sum / own.length });
      return;
    }
    const { feature, left } = best;
    const cells = features[feature]?.of;
    const goesLeft = (e: number) => left[cells?.[e] ?? 0] === 1;
    const half = (isLeft: boolean) =>
      box.map((mask, i) =>
        i === feature ? mask.map((bit, c) => (left[c] === 1) === isLeft ? bit : 0) : mask
      );
    visit(own.filter(goesLeft), half(true));
    visit(own.filter((e) => !goesLeft(e)), half(false));
  };
  visit(examples, features.map(({ cells }) => new Uint8Array(cells).fill(1)));
  return leaves;
}

/** Null: some example has no value, or no cut leaves enough examples on both sides. */
function bestCut(
  { cells, isOrdered, of }: Feature,
  feature: number,
  targets: Float64Array,
  own: Uint32Array,
  least: number,
): Cut | null {
  const sums = new Float64Array(cells), counts = new Uint32Array(cells);
  let total = 0;
  for (const e of own) {
    const cell = of[e] ?? -1, target = targets[e] ?? 0;
    if (cell < 0) return null;
    sums[cell] = (sums[cell] ?? 0) + target;
    counts[cell] = (counts[cell] ?? 0) + 1;
    total += target;
  }
  const order = Array.from({ length: cells }, (_, c) => c);
  // Of cells without an order, the best two sets are neighbours in the order of their means (Fisher 1958).
  const meanOf = (c: number) => {
    const count = counts[c] ?? 0;
    return count === 0 ? total / own.length : (sums[c] ?? 0) / count;
  };
  if (!isOrdered) order.sort((a, b) => meanOf(a) - meanOf(b) || a - b);
  let sum = 0, count = 0, gain = 0, first = -1, last = -1;
  for (let k = 0; k + 1 < cells; k++) {
    const cell = order[k] ?? 0;
    sum += sums[cell] ?? 0;
    count += counts[cell] ?? 0;
    const others = own.length - count;
    if (count < least || others < least) continue;
    const here = sum * sum / count + (total - sum) * (total - sum) / others -
      total * total / own.length;
    if (here > gain + 1e-12) {
      gain = here;
      first = last = k;
    } else if (last === k - 1 && counts[cell] === 0) last = k;
  }
  if (first < 0) return null;
  // Between two filled cells the border stands in the middle of the empty ones.
  const border = isOrdered ? Math.floor((first + last) / 2) : first;
  const left = new Uint8Array(cells);
  for (let k = 0; k <= border; k++) left[order[k] ?? 0] = 1;
  return { feature, left, gain };
}
