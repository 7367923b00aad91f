/** Whether what someone else got can be another run of the same experiment: judged by our figures over seeds. */
import { nameOf } from "./chart_parts.ts";
import type { Variant } from "./data.ts";
import { deviation, mean } from "./statistics.ts";
import { quantile95 } from "./sweep_statistics.ts";

export type Figure = "loss" | "accuracy";
export type Verdict = "consistent" | "not consistent" | "not judged";
export type Interval = readonly [low: number, high: number];

/**
 * Where 95 of 100 further runs are expected: Student's interval for one more draw, and never less than the range of
 * those that are there, which one more of any distribution leaves in 2 of n + 1 cases. Tried on drawn figures with
 * heavy tails (Student's t of 2 and 3 degrees, log-normal), it holds 93 to 97 of 100 from 16 draws on, and of 8 draws
 * 92; at 99 of 100 it would hold 96, so that level would promise too much. Null below two.
 */
export function furtherRun(values: readonly number[]): Interval | null {
  const sd = deviation(values), n = values.length;
  if (sd === null) return null;
  const middle = mean(values), half = quantile95(n - 1) * sd * Math.sqrt(1 + 1 / n);
  return [Math.min(middle - half, ...values), Math.max(middle + half, ...values)];
}

/** Our figures by seed: those that are given with the reference, else those of the variant itself. */
function ours({ reference, replicates }: Variant, figure: Figure): readonly number[] {
  return reference?.seeds?.[figure] ?? replicates.map((one) => one[figure]);
}

export function judge(
  variant: Variant,
  figure: Figure,
): { readonly verdict: Verdict; readonly interval: Interval | null; readonly seeds: number } {
  const theirs = variant.reference?.[figure], values = ours(variant, figure);
  const interval = theirs === undefined ? null : furtherRun(values);
  if (theirs === undefined || interval === null) {
    return { verdict: "not judged", interval: null, seeds: values.length };
  }
  const [low, high] = interval;
  const verdict = theirs >= low && theirs <= high ? "consistent" : "not consistent";
  return { verdict, interval, seeds: values.length };
}

/** What was compared with what, in words; each interval once. */
export function describeJudgement(
  variants: readonly Variant[],
  say: Readonly<Record<Figure, (value: number) => string>>,
): string {
  const groups = new Map<string, string[]>();
  for (const variant of variants) {
    if (variant.reference === null) continue;
    const parts = (["loss", "accuracy"] as const).flatMap((figure) => {
      const { interval, seeds } = judge(variant, figure);
      return interval === null
        ? []
        : [`${figure} ${interval.map(say[figure]).join(" to ")} (${seeds} seeds)`];
    });
    const key = parts.join(", ");
    groups.set(key, [...groups.get(key) ?? [], nameOf(variant)]);
  }
  const unjudged = groups.get("");
  groups.delete("");
  const ranges = [...groups].map(([key, names]) =>
    groups.size > 1 || unjudged !== undefined ? `${names.join(", ")}: ${key}` : key
  );
  return [
    ...ranges.length === 0 ? [] : [
      `The reference is one run of someone else. It is consistent where 95 of 100 further runs of ours are ` +
      `expected, by what our seeds gave: ${
        ranges.join("; ")
      }. One in twenty lies outside by chance; the run ` +
      "in this table is no part of it.",
    ],
    ...unjudged === undefined
      ? []
      : [`Not judged: of ${unjudged.join(", ")} there are no figures over seeds.`],
  ].join(" ");
}
