/**
 * Parzen's estimate of how a param's values lie in [0, 1], with a prior that spreads over all of it
 * (Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS 2011).
 */
import { below, density, FAR } from "./normal.ts";

/** From and to; equal for a value of a range without steps. */
export type Part = readonly [from: number, to: number];

export interface Estimate {
  /** A place as likely as the estimate has it: `pick` is uniform in [0, 1], `normal(i)` are normal draws. */
  draw(pick: number, normal: (i: number) => number): number;
  /** The density at a point, or the mass of a part. */
  at(part: Part): number;
}

/** Draws of a kernel that fall out of [0, 1] are drawn anew so often; a third at least falls into it. */
export const TRIES = 64;

/** Of the n choices each counts as often as it was seen, and once more. */
export function ofChoices(n: number, seen: readonly Part[]): Estimate {
  const cell = ([from, to]: Part) => Math.floor((from + to) / 2 * n);
  const weights = new Array<number>(n).fill(1);
  for (const part of seen) weights[cell(part)] = (weights[cell(part)] ?? 0) + 1;
  const all = n + seen.length;
  return {
    draw(pick) {
      let left = pick * all, i = 0;
      while (i < n - 1 && left >= (weights[i] ?? 0)) left -= weights[i++] ?? 0;
      return (i + 0.5) / n;
    },
    at: (part) => (weights[cell(part)] ?? 0) / all,
  };
}

/**
 * One normal kernel about each value seen and one in the middle, all of equal weight and cut to [0, 1]. A
 * kernel is as wide as the larger gap to its neighbours, within bounds; the middle one has deviation 1.
 */
export function ofRange(seen: readonly Part[]): Estimate {
  const n = seen.length + 1;
  const centers = Float64Array.of(0.5, ...seen.map(([from, to]) => (from + to) / 2)).sort();
  const prior = centers.indexOf(0.5);
  const least = 1 / Math.min(100, 1 + n);
  const widths = centers.map((center, i) => {
    if (i === prior) return 1;
    // Those at the edge look inwards alone: the wall is no neighbour.
    const left = i > 0 ? center - (centers[i - 1] ?? 0) : 0;
    const right = i < n - 1 ? (centers[i + 1] ?? 0) - center : 0;
    return Math.max(least, Math.min(1, Math.max(left, right)));
  });
  const shares = centers.map((center, i) => {
    const width = widths[i] ?? 1;
    return 1 / (n * (below((1 - center) / width) - below(-center / width)));
  });

  return {
    draw(pick, normal) {
      const i = Math.min(n - 1, Math.floor(pick * n));
      const center = centers[i] ?? 0.5, width = widths[i] ?? 1;
      for (let k = 0; k < TRIES; k++) {
        const place = center + width * normal(k);
        if (place >= 0 && place <= 1) return place;
      }
      return center;
    },
    at([from, to]) {
      const size = from === to ? 1 : to - from;
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const width = widths[i] ?? 1;
        const a = (from - (centers[i] ?? 0)) / width, b = (to - (centers[i] ?? 0)) / width;
        if (a > FAR || b < -FAR) continue;
        // The difference of two parts below loses its digits where they are nearly equal.
        const mass = b - a < 1e-3 ? density((a + b) / 2) * size / width : below(b) - below(a);
        sum += (shares[i] ?? 0) * mass;
      }
      return sum;
    },
  };
}
