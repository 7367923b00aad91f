/** Where things stand in the linked charts; their drawing for paper and their canvas share it. */
import { type Axis, NOT_SET, placeOf, spread } from "./sweep_axes.ts";
import type { Linked, Ranked } from "./sweep_columns.ts";

/** A drawing's size, and the sides of the part where data stand; in CSS pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Of parallel coordinates with so many axes; "not set" lies below the bottom. */
export function parallelFrame(axes: number): Frame {
  const width = Math.max(1040, 104 * axes);
  return { width, height: 380, left: 84, right: width - 84, top: 40, bottom: 316 };
}

/** Of the metric against one param; "not set" lies left of the values. */
export function sliceFrame(axis: Axis): Frame {
  const [left, right] = [46, 310];
  // NOT_SET is a part of the values' width, and its dots need some room beside them.
  const inset = axis.gaps ? (right - left) * -NOT_SET / (1 - 2 * NOT_SET) + 18 : 8;
  return { width: 318, height: 212, left: left + inset, right: right - 8, top: 12, bottom: 172 };
}

export const axisX = ({ left, right }: Frame, i: number, axes: number) =>
  axes < 2 ? (left + right) / 2 : left + i * (right - left) / (axes - 1);
export const across = ({ left, right }: Frame, place: number) => left + place * (right - left);
export const up = ({ top, bottom }: Frame, place: number) => bottom - place * (bottom - top);

/** A trial's place on axis i as it is drawn: trials of one choice are spread over its band, as are those without one. */
export function drawnPlace(axis: Axis, row: Ranked, i: number): number {
  const place = placeOf(axis, row.values[i] ?? null);
  const room = place === NOT_SET ? 0.07 : axis.names.length > 0 ? 0.6 / axis.names.length : 0;
  return place + room * spread(row.trial);
}

/** How a trial is drawn: the best, one of the best tenth, or one of the rest. */
export type Tone = "best" | "top" | "rest";

/** How strongly one of so many is drawn: where many lie over each other they must not become a blot. */
export function strength(tone: Tone, many: number, isLine: boolean): number {
  if (tone === "best") return 1;
  const [least, most, room] = isLine
    ? tone === "top" ? [0.25, 0.8, 30] : [0.06, 0.6, 60]
    : tone === "top"
    ? [0.45, 0.85, 150]
    : [0.22, 0.5, 300];
  return Math.max(least, Math.min(most, room / Math.max(1, many)));
}

/** Tones of all rows, and the order in which they are drawn: the best last. */
export function tonesOf({ rows }: Linked): Tone[] {
  const ranked = rows.filter((row) => row.rank !== null).length;
  return rows.map(({ rank }) =>
    rank === 1 ? "best" : rank !== null && rank <= Math.ceil(ranked / 10) ? "top" : "rest"
  );
}
