/** The axes of the linked charts: where a value stands on its axis. Used to draw, and in the reader's browser. */
import { exp, log } from "../../numerics/functions.ts";

/** A param, or the metric. */
export interface Axis {
  /** As short as it is clear among the others. */
  readonly title: string;
  /** The whole name. */
  readonly path: string;
  /** Choices in their order; empty: it has numbers. */
  readonly names: readonly string[];
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly ticks: readonly number[];
  /** Some trial has no value here. */
  readonly gaps: boolean;
}

export type Value = string | number | null;

/** A closed stretch of an axis, in places. */
export type Stretch = readonly [low: number, high: number];

/** Where trials without a value stand. */
export const NOT_SET = -0.14;

/** 0 .. 1 along the axis, or NOT_SET; what lies beyond the ends is put at them. */
export function placeOf(axis: Axis, value: Value): number {
  if (value === null) return NOT_SET;
  if (axis.names.length > 0) {
    const at = axis.names.indexOf(String(value));
    return at < 0 ? NOT_SET : (at + 0.5) / axis.names.length;
  }
  const { low, high } = axis;
  const number = Number(value);
  if (Number.isNaN(number)) return NOT_SET;
  if (number <= low) return high === low ? 0.5 : 0;
  if (number >= high) return 1;
  return axis.log
    ? (log(number) - log(low)) / (log(high) - log(low))
    : (number - low) / (high - low);
}

/** The number at a place of an axis of numbers. */
export function numberAt(axis: Axis, place: number): number {
  const { low, high } = axis;
  const at = Math.max(0, Math.min(1, place));
  return axis.log ? exp(log(low) + at * (log(high) - log(low))) : low + at * (high - low);
}

/** The stretch of the i-th choice. */
export function band(axis: Axis, i: number): Stretch {
  const n = axis.names.length;
  return [i / n, (i + 1) / n];
}

/** Where "not set" begins and ends. */
export const GAP: Stretch = [NOT_SET - 0.05, NOT_SET + 0.05];

/** Moves dots of one choice apart: a place in -0.5 .. 0.5 that follows from the trial's number alone. */
export const spread = (trial: number): number => (trial * 0.618033988749895) % 1 - 0.5;

/** Round numbers from `low` to `high`, about `count` of them; powers of ten on a long log axis. */
export function ticksOf(low: number, high: number, isLog: boolean, count: number): number[] {
  if (!(high > low)) return [low];
  const powers = (from: number) => Number(`1e${from}`);
  if (isLog) {
    const first = Math.floor(log(low) / Math.LN10), last = Math.ceil(log(high) / Math.LN10);
    const decades = Array.from({ length: last - first + 1 }, (_, i) => powers(first + i));
    for (const steps of [[1], [1, 3], [1, 2, 5]]) {
      const found = decades.flatMap((ten) =>
        steps.map((step) => Number((step * ten).toPrecision(3)))
      )
        .filter((tick) => tick >= low && tick <= high);
      if (found.length >= Math.min(count, 3)) {
        const every = Math.ceil(found.length / (count + 1));
        return found.filter((_, i) => i % every === 0);
      }
    }
  }
  const rough = (high - low) / count;
  const power = powers(Math.floor(log(rough) / Math.LN10));
  const step = power * ([1, 2, 5].find((by) => by * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const length = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
