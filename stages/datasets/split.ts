/** Which examples are trained with, and which are kept for validation. */
import { stream } from "../../numerics/random.ts";

/** How examples are chosen. */
export interface Choice {
  /** How many of the examples are looked at; undefined: all. */
  readonly limit?: number | undefined;
  /** For validation: below 1 a part of them, else so many; 0: none. */
  readonly validationSplit: number;
  readonly validationFrom?: "first" | "last" | undefined;
  /** Each class has its part in each part. */
  readonly stratify?: boolean | undefined;
}

/** Examples for validation; as Keras' `validation_split` has it, floor(n * (1 - split)) are trained with. */
export function validationCount(count: number, split: number): number {
  return split < 1 ? count - Math.floor(count * (1 - split)) : split;
}

/** Indices of both parts, each in the order of the data. `seed`: draws instead of taking an end; null: does not. */
export function splitExamples(
  labels: Uint8Array,
  { limit, validationSplit, validationFrom, stratify = false }: Choice,
  seed: number | null,
): { readonly train: readonly number[]; readonly validation: readonly number[] } {
  const all = Array.from(labels, (_, i) => i);
  const drawn = (some: readonly number[], what: string) =>
    seed === null
      ? some
      : [...stream(seed, "preprocess", what).permutation(some.length)].map((i) => some[i] ?? 0);
  const used = limit === undefined || limit >= all.length
    ? all
    : choose(labels, drawn(all, "limit"), limit, stratify);
  const count = Math.min(used.length, validationCount(used.length, validationSplit));
  const order = validationFrom === "first" || seed !== null ? used : used.toReversed();
  const validation = choose(labels, drawn(order, "validation"), count, stratify);
  const kept = new Set(validation);
  return { train: used.filter((i) => !kept.has(i)), validation };
}

/** The first `count` of `order`, sorted; stratified: of each class the first ones, as many as its part is. */
function choose(
  labels: Uint8Array,
  order: readonly number[],
  count: number,
  stratify: boolean,
): readonly number[] {
  if (!stratify) return order.slice(0, count).sort((a, b) => a - b);
  const left = quotas(Map.groupBy(order, (i) => labels[i] ?? 0), count / order.length, count);
  return order.filter((i) => {
    const label = labels[i] ?? 0, quota = left.get(label) ?? 0;
    left.set(label, quota - 1);
    return quota > 0;
  }).sort((a, b) => a - b);
}

/** How many of each class: whole numbers that add up to `count`, the largest remainders rounded up. */
function quotas(
  classes: ReadonlyMap<number, readonly number[]>,
  part: number,
  count: number,
): Map<number, number> {
  const shares = [...classes].sort(([a], [b]) => a - b).map(([label, { length }]) => {
    const share = length * part;
    return { label, whole: Math.floor(share), rest: share - Math.floor(share) };
  });
  let missing = count - shares.reduce((sum, { whole }) => sum + whole, 0);
  const found = new Map(shares.map(({ label, whole }) => [label, whole]));
  // The sort is stable: of equal remainders the lower label comes first.
  for (const { label, whole } of shares.toSorted((a, b) => b.rest - a.rest)) {
    if (missing-- > 0) found.set(label, whole + 1);
  }
  return found;
}

/** Class names in a sentence. */
const MOST_NAMES = 8;

/**
 * Which classes are not in every part that has examples, in words; null: none. `counts`: part by class.
 */
export function absentClasses(
  classes: readonly string[],
  parts: readonly string[],
  counts: readonly (readonly number[])[],
): string | null {
  const filled = parts.flatMap((name, i) => counts[i]?.some((n) => n > 0) ? [{ name, i }] : []);
  const names = new Map<string, string[]>();
  classes.forEach((name, label) => {
    const has = filled.filter(({ i }) => (counts[i]?.[label] ?? 0) > 0);
    if (has.length === 0 || has.length === filled.length) return;
    const where = has.map((part) => part.name).join(" and ");
    names.set(where, [...names.get(where) ?? [], name]);
  });
  if (names.size === 0) return null;
  return [...names].map(([where, all]) => {
    const shown = all.slice(0, MOST_NAMES).map((name) => `"${name}"`).join(", ");
    const more = all.length > MOST_NAMES ? ` and ${all.length - MOST_NAMES} more` : "";
    return `${shown}${more} ${all.length === 1 ? "is" : "are"} in ${where} alone`;
  }).join("; ");
}
