/** Sobol's sequence with a random digital shift: points that fill a space more evenly than random ones. */
import { stream } from "../../../numerics/random.ts";
import { pointOf, textOf } from "../space.ts";
import type { Strategy } from "../strategy.ts";
import type { Sweep, Values } from "../sweep.ts";
import { fixed } from "./fixed.ts";
import { coordinate, listOf, nextUntried, REDRAWS } from "./points.ts";
import { DIRECTIONS } from "./sobol_numbers.ts";

/** How many params a space may have. */
export const SOBOL_DIMENSIONS = DIRECTIONS.length + 1;

/** Throws a RangeError if the space has more params than `SOBOL_DIMENSIONS`. */
export function sobol(sweep: Sweep): Strategy {
  const { budget: { trials }, space } = sweep;
  if (space.length > SOBOL_DIMENSIONS) {
    throw new RangeError(
      `Sobol's sequence has ${SOBOL_DIMENSIONS} dimensions here, and the space ${space.length} params: ` +
        'sweep fewer, or take the strategy "random"',
    );
  }
  return fixed(listOf(sobolPoints(sweep), trials), trials);
}

/** Each point once. After `REDRAWS` points in a row that have been there before the rest follow in a grid's order. */
function* sobolPoints({ space, seed }: Sweep): Generator<Values, void> {
  const axes = new Map(space.map(({ path }, dimension) => [path, {
    directions: directionsOf(dimension),
    // Drawn by path, so that a further param leaves those before it as they are.
    shift: stream(seed, "sweep", "sobol", path).uint32(0),
  }]));
  const unit = (index: number) => (path: string) => {
    const axis = axes.get(path);
    if (axis === undefined) throw new RangeError(`No param of the space is called "${path}"`);
    return coordinate((sobolWord(axis.directions, index) ^ axis.shift) >>> 0);
  };
  const tried = new Set<string>();
  for (let index = 0, known = 0; known <= REDRAWS; index++) {
    const values = pointOf(space, unit(index)), text = textOf(values);
    if (tried.has(text)) known++;
    else {
      known = 0;
      tried.add(text);
      yield values;
    }
  }
  for (let trial = tried.size;; trial++) {
    const values = nextUntried(space, tried, seed, trial);
    if (values === null) return;
    tried.add(textOf(values));
    yield values;
  }
}

/** The 32 direction numbers of a dimension, counted from 0, as binary fractions. */
export function directionsOf(dimension: number): Uint32Array {
  const numbers = new Uint32Array(32);
  if (dimension === 0) return numbers.map((_, i) => 2 ** (31 - i));
  const row = DIRECTIONS[dimension - 1];
  if (row === undefined) throw new RangeError(`There are no numbers of dimension ${dimension}`);
  const [coefficients, first] = row, degree = first.length;
  first.forEach((m, i) => numbers[i] = m * 2 ** (31 - i));
  for (let i = degree; i < 32; i++) {
    const before = numbers[i - degree] ?? 0;
    let word = before ^ (before >>> degree);
    for (let k = 1; k < degree; k++) {
      if (coefficients >>> (degree - 1 - k) & 1) word ^= numbers[i - k] ?? 0;
    }
    numbers[i] = word;
  }
  return numbers;
}

/** The index-th coordinate, below 2^32 of them, in the order of Gray's code: in any 2^k first ones it is a net. */
export function sobolWord(directions: Uint32Array, index: number): number {
  let word = 0;
  for (let gray = (index ^ (index >>> 1)) >>> 0, i = 0; gray !== 0; gray >>>= 1, i++) {
    if (gray & 1) word ^= directions[i] ?? 0;
  }
  return word >>> 0;
}
