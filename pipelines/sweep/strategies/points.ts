/** Points that depend on no result, by number. */
import { pointOf, textOf } from "../space.ts";
import type { Space, Values } from "../sweep.ts";
import { stream } from "../../../numerics/random.ts";

/** How often a point is drawn anew when it has been tried before, until a space counts as used up. */
export const REDRAWS = 200;

/** A 32-bit word as a coordinate in [0, 1], both ends included. */
export function coordinate(word: number): number {
  return word / 0xffffffff;
}

/**
 * The random point of a trial. Each coordinate is a function of seed, trial, path and attempt alone, so that
 * neither the budget nor a further param changes it.
 */
export function randomPoint(space: Space, seed: number, trial: number, attempt: number): Values {
  return pointOf(
    space,
    (path) => coordinate(stream(seed, "sweep", "random", trial, path).uint32(attempt)),
  );
}

/** The first of `REDRAWS` draws and one more that is none of the points tried; null: none is. */
export function firstNew(
  tried: ReadonlySet<string>,
  draw: (attempt: number) => Values,
): Values | null {
  for (let attempt = 0; attempt <= REDRAWS; attempt++) {
    const values = draw(attempt);
    if (!tried.has(textOf(values))) return values;
  }
  return null;
}

/** Random points without end, each once; it ends when it finds no further one. */
export function* randomPoints(space: Space, seed: number): Generator<Values, void> {
  const tried = new Set<string>();
  for (let trial = 0;; trial++) {
    const values = firstNew(tried, (attempt) => randomPoint(space, seed, trial, attempt));
    if (values === null) return;
    tried.add(textOf(values));
    yield values;
  }
}

/** Points by number, at most `count`: made in order and kept, whoever asks first. Null: there are not so many. */
export function listOf(
  points: Iterator<Values, void>,
  count: number,
): (n: number) => Values | null {
  const made: Values[] = [];
  let ended = false;
  return (n) => {
    while (!ended && made.length <= n && made.length < count) {
      const next = points.next();
      if (next.done) ended = true;
      else made.push(next.value);
    }
    return made[n] ?? null;
  };
}
