/** Accuracy over seeds and test images: one interval for a variant, one for the difference of two. */
import type { Replicate } from "./data.ts";
import { exactTwoSided, mean } from "./statistics.ts";
import { difference, halfWidth } from "./sweep_statistics.ts";

const Z95 = 1.959963984540054;

export interface Estimate {
  /** Mean over seeds. */
  readonly mean: number;
  /** 95 %: what other seeds and other images of the same kind might give. */
  readonly interval: readonly [number, number];
}

type Predictions = Pick<Replicate, "seed" | "predicted">;

/** 1 where it is right, by image. */
function hits(labels: ArrayLike<number>, { predicted }: Predictions): Float64Array {
  return Float64Array.from(labels, (label, i) => predicted[i] === label ? 1 : 0);
}

/** Mean over lists, place by place. */
function byImage(lists: readonly Float64Array[], count: number): Float64Array {
  const sums = new Float64Array(count);
  for (const list of lists) list.forEach((x, i) => sums[i] = (sums[i] ?? 0) + x);
  return sums.map((x) => x / lists.length);
}

const average = (values: Float64Array) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Mean squared distance from the mean. */
function variance(values: Float64Array): number {
  const m = average(values);
  return values.reduce((sum, x) => sum + (x - m) * (x - m), 0) / values.length;
}

/** Two half-widths of chances that do not know of each other. */
const both = (a: number, b: number) => Math.sqrt(a * a + b * b);

/**
 * Seeds and images are two sources of chance. What images leave open is Wilson's interval (which is right
 * near 0 and 1), with as many images as the spread of their means over seeds stands for; what seeds leave
 * open is Student's t.
 */
export function accuracyOf(
  labels: ArrayLike<number>,
  replicates: readonly Predictions[],
): Estimate {
  const lists = replicates.map((one) => hits(labels, one));
  const means = lists.map(average), p = mean(means);
  const spread = variance(byImage(lists, labels.length));
  const n = spread > 0 ? p * (1 - p) / (spread / labels.length) : labels.length;
  const z = Z95 * Z95 / n;
  const centre = (p + z / 2) / (1 + z);
  const half = Z95 * Math.sqrt(p * (1 - p) / n + z / (4 * n)) / (1 + z);
  const seeds = halfWidth(means) ?? 0;
  return {
    mean: p,
    interval: [
      Math.max(0, p - both(p - (centre - half), seeds)),
      Math.min(1, p + both(centre + half - p, seeds)),
    ],
  };
}

export interface Compared extends Estimate {
  /** Seeds that both have; 1 also where they share none, and the first of each are compared. */
  readonly seeds: number;
  /** Images that only the first, only the second got right, on average over seeds. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Two-sided: a paired t-test over two or more seeds, else McNemar's exact test; null where all seeds differ alike. */
  readonly p: number | null;
}

/** Second minus first, seed by seed on the same images. */
export function compare(
  labels: ArrayLike<number>,
  first: readonly Predictions[],
  second: readonly Predictions[],
): Compared | null {
  const shared = first.flatMap((one) => {
    const two = second.find(({ seed }) => seed === one.seed);
    return two === undefined ? [] : [[one, two] as const];
  });
  const [one, two] = [first[0], second[0]];
  if (one === undefined || two === undefined) return null;
  const pairs = shared.length > 0 ? shared : [[one, two] as const];
  let onlyFirst = 0, onlySecond = 0;
  const values: { seed: string; value: number }[][] = [[], []];
  const differences = pairs.map(([one, two]) => {
    const [a, b] = [hits(labels, one), hits(labels, two)];
    values[0]?.push({ seed: one.seed, value: average(a) });
    values[1]?.push({ seed: one.seed, value: average(b) });
    return a.map((x, i) => {
      const by = (b[i] ?? 0) - x;
      if (by < 0) onlyFirst++;
      else if (by > 0) onlySecond++;
      return by;
    });
  });
  const seeds = pairs.length, by = mean(differences.map(average));
  const images = Z95 * Math.sqrt(variance(byImage(differences, labels.length)) / labels.length);
  const half = both(images, halfWidth(differences.map(average)) ?? 0);
  return {
    mean: by,
    interval: [by - half, by + half],
    seeds,
    onlyFirst: onlyFirst / seeds,
    onlySecond: onlySecond / seeds,
    p: seeds === 1
      ? exactTwoSided(onlyFirst, onlySecond)
      : difference(values[0] ?? [], values[1] ?? [])?.p ?? null,
  };
}
