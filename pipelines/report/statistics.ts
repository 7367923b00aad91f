/** The few statistics of the report: exact, and without any random draw. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

/** Sample standard deviation; null below two values. */
export function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const m = mean(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - m) * (x - m), 0) / (values.length - 1));
}

/** McNemar's exact test: P(|X - n/2| >= |b - n/2|) of X ~ Binomial(b + c, 1/2). */
export function exactTwoSided(b: number, c: number): number {
  const n = b + c, k = Math.min(b, c);
  if (n === 0) return 1;
  // Terms relative to the largest, so that 2^-n cannot underflow the sum: all of it is divided by the
  // whole row of the triangle, summed in the same scale.
  let term = 1, tail = 0, all = 0;
  const middle = Math.floor(n / 2);
  for (let i = middle; i >= 0; i--) {
    const both = i * 2 === n ? 1 : 2;
    all += both * term;
    if (i <= k) tail += both * term;
    term *= i / (n - i + 1);
  }
  return Math.min(1, tail / all);
}

/** p-values made stricter for their number (Holm), in the order given. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) =>
    (values[a] ?? 0) - (values[b] ?? 0) || a - b
  );
  const out = new Array<number>(values.length).fill(1);
  let floor = 0;
  order.forEach((index, rank) => {
    floor = Math.max(floor, Math.min(1, (values[index] ?? 1) * (values.length - rank)));
    out[index] = floor;
  });
  return out;
}

/** How often each wrong answer was given, most often first. */
export interface Confusion {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
}

export function mostConfused(confusion: readonly (readonly number[])[], take: number): Confusion[] {
  const pairs = confusion.flatMap((row, truth) =>
    row.map((count, predicted) => ({ truth, predicted, count }))
  );
  return pairs.filter((p) => p.truth !== p.predicted && p.count > 0)
    .sort((a, b) => b.count - a.count || a.truth - b.truth || a.predicted - b.predicted)
    .slice(0, take);
}
