/** Points that depend on no result, by number. */
import { allCells, valueAt } from "../domain.ts";
import { gridOf, pointOf, sizeOf, textOf } from "../space.ts";
import type { Space, Values } from "../sweep.ts";
import { stream } from "../../../numerics/random.ts";

/** How often a point is drawn anew when it has been tried before, until those that are left are looked for. */
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
  return pointOf(space, (path) => drawn(seed, trial, path, attempt));
}

function drawn(seed: number, trial: number, path: string, attempt: number): number {
  return coordinate(stream(seed, "sweep", "random", trial, path).uint32(attempt));
}

/** All points in a grid's order, with one draw for each range that has no end of values. */
export function allPoints(space: Space, seed: number, trial: number, attempt = 0) {
  return gridOf(space, ({ path, domain }) => {
    const cells = allCells(domain);
    if (Number.isFinite(cells.count)) return cells;
    return { ...cells, count: 1, at: () => valueAt(domain, drawn(seed, trial, path, attempt)) };
  });
}

/** The first that was not tried, in a grid's order; null: all of a finite space was. */
export function nextUntried(
  space: Space,
  tried: ReadonlySet<string>,
  seed: number,
  trial: number,
): Values | null {
  const attempts = Number.isFinite(sizeOf(space)) ? 0 : REDRAWS;
  for (let attempt = 0; attempt <= attempts; attempt++) {
    for (const values of allPoints(space, seed, trial, attempt)) {
      if (!tried.has(textOf(values))) return values;
    }
  }
  return null;
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

/** Random points, each once, until there are no more. */
export function* randomPoints(space: Space, seed: number): Generator<Values, void> {
  const tried = new Set<string>();
  for (let trial = 0;; trial++) {
    const values = firstNew(tried, (attempt) => randomPoint(space, seed, trial, attempt)) ??
      nextUntried(space, tried, seed, trial);
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
