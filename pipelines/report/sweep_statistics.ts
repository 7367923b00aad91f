/** Student's t for a few replicates: intervals of means, and paired tests against the baseline. */
import { exp, log } from "../../numerics/functions.ts";
import { deviation, mean } from "./statistics.ts";

const HALF_LOG_TWO_PI = 0.9189385332046728;

/** log Γ(x) of x > 0: Stirling's series, after steps of Γ(x + 1) = x Γ(x) to where it is exact. */
export function logGamma(x: number): number {
  let factor = 1, at = x;
  while (at < 12) factor *= at++;
  const inverse = 1 / (at * at);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 -
                inverse / 1188)))) / at;
  return (at - 0.5) * log(at) - at + HALF_LOG_TWO_PI + series - log(factor);
}

/**
 * The regularized incomplete beta function I_x(a, b) of a, b > 0 and x in [0, 1], by its continued
 * fraction (Lentz's method), which converges fast below the mean; above, by 1 - I_{1-x}(b, a).
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log(1 - x),
  ) / a;
  // A denominator of 0 would end it; this is far below any that counts.
  const least = 1e-300;
  const some = (value: number) => Math.abs(value) < least ? least : value;
  let c = 1, d = 1 / some(1 - (a + b) * x / (a + 1));
  let result = d;
  for (let m = 1; m <= 500; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / some(1 + even * d);
    c = some(1 + even / c);
    result *= d * c;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / some(1 + odd * d);
    c = some(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * result;
}

/** P(|T| >= |t|) of Student's t with so many degrees of freedom. */
export function twoSided(t: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

const quantiles = new Map<number, number>();

/** The t that |T| exceeds with 5 % probability: the half-width of a 95 % interval in standard errors. */
export function quantile95(freedom: number): number {
  const known = quantiles.get(freedom);
  if (known !== undefined) return known;
  // 12.7 at one degree is the largest.
  let low = 1, high = 16;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (twoSided(middle, freedom) > 0.05) low = middle;
    else high = middle;
  }
  quantiles.set(freedom, high);
  return high;
}

/** Half the width of the 95 % interval of a mean; null below two values. */
export function halfWidth(values: readonly number[]): number | null {
  const sd = deviation(values);
  return sd === null ? null : quantile95(values.length - 1) * sd / Math.sqrt(values.length);
}

export interface Difference {
  /** Mean of the second minus the first, over the seeds that both have. */
  readonly mean: number;
  readonly pairs: number;
  /** Half the width of its 95 % interval; null below two pairs. */
  readonly half: number | null;
  /** Two-sided p of the paired t-test; null below two pairs, or where all differences are equal. */
  readonly p: number | null;
}

type BySeed = readonly { readonly seed: string; readonly value: number }[];

/** Compares two trials seed by seed; null where they share none. */
export function difference(first: BySeed, second: BySeed): Difference | null {
  const base = new Map(first.map(({ seed, value }) => [seed, value]));
  const differences = second.flatMap(({ seed, value }) => {
    const other = base.get(seed);
    return other === undefined ? [] : [value - other];
  });
  if (differences.length === 0) return null;
  const average = mean(differences), sd = deviation(differences);
  // Equal differences but for rounding: a test would divide by what is left of it.
  const isFlat = sd === null || sd <= 1e-12 * Math.abs(average);
  return {
    mean: average,
    pairs: differences.length,
    half: halfWidth(differences),
    p: isFlat || sd === 0
      ? null
      : twoSided(average * Math.sqrt(differences.length) / sd, differences.length - 1),
  };
}
