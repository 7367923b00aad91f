/** A curve that stays short however long a training takes. */
import type { Sample } from "./views.ts";

/** Points of a curve at most. */
export const MOST_POINTS = 400;

export interface Placed extends Sample {
  /** The place in the file of events behind the line that told it. */
  readonly place: number;
}

export interface Curve {
  readonly samples: readonly Placed[];
  /** Samples that were there in all. */
  readonly seen: number;
  /** Every so many of them one is kept; beside them the last one. */
  readonly stride: number;
}

/** With one more sample: evenly thinned, the newest always there. */
export function thinned({ samples, seen, stride }: Curve, sample: Placed): Curve {
  const isKept = (index: number) => index % stride === 0;
  const before = seen === 0 || isKept(seen - 1) ? samples : samples.slice(0, -1);
  const all = [...before, sample];
  if (all.length <= MOST_POINTS) return { samples: all, seen: seen + 1, stride };
  const last = all.length - 1;
  return {
    samples: all.filter((_, index) => index % 2 === 0 || index === last),
    seen: seen + 1,
    stride: 2 * stride,
  };
}
