/** Points of a space: which params count in them, how to draw one, and all that a grid has. */
import type { Json } from "../json.ts";
import { canonicalJson } from "../store/canonical.ts";
import { allCells, type Cells, gridCells, holds, isSame, valueAt } from "./domain.ts";
import type { Parameter, Space, Values } from "./sweep.ts";

type Known = ReadonlyMap<string, Json>;

/** Whether its conditions hold, given the values of those before it. */
function counts(parameter: Parameter, known: Known): boolean {
  return parameter.when.every(({ path, is }) => {
    const value = known.get(path);
    return value !== undefined && is.some((one) => isSame(one, value));
  });
}

/** A point whose values are chosen in declared order, of the parameters that count alone. */
export function pointBy(space: Space, choose: (parameter: Parameter) => Json): Values {
  const known = new Map<string, Json>();
  for (const parameter of space) {
    if (counts(parameter, known)) known.set(parameter.path, choose(parameter));
  }
  return Object.fromEntries(known);
}

/** The point at a place of the unit cube; `unit` gives the coordinate of a path in [0, 1], both included. */
export function pointOf(space: Space, unit: (path: string) => number): Values {
  return pointBy(space, (parameter) => valueAt(parameter.domain, unit(parameter.path)));
}

/** Whether a point lies in this space: it has exactly the parameters that count, each with a value of its domain. */
export function isIn(space: Space, values: Values): boolean {
  const known = new Map<string, Json>();
  for (const parameter of space) {
    if (!counts(parameter, known)) continue;
    const value = Object.hasOwn(values, parameter.path) ? values[parameter.path] : undefined;
    if (value === undefined || !holds(parameter.domain, value)) return false;
    known.set(parameter.path, value);
  }
  return Object.keys(values).length === known.size;
}

/** What tables and charts call a value: a choice's name, or the number. */
export function nameOf(parameter: Parameter, value: Json): string | number {
  if (parameter.domain.type === "choice") {
    const choice = parameter.domain.choices.find((one) => isSame(one.value, value));
    if (choice !== undefined) return choice.name;
  }
  return typeof value === "number" || typeof value === "string" ? value : canonicalJson(value);
}

const texts = new WeakMap<Values, string>();

/** One text for equal points; made once, since each further trial is compared with all before it. */
export function textOf(values: Values): string {
  let text = texts.get(values);
  if (text === undefined) texts.set(values, text = canonicalJson(values));
  return text;
}

/** The values of each parameter in a grid: what it says, unless another part of them is asked for. */
type CellsOf = (parameter: Parameter) => Cells;
const inGrid: CellsOf = ({ domain }) => gridCells(domain);

/** Every point once, the last parameter fastest; none of them is made before it is asked for. */
export function* gridOf(space: Space, cellsOf = inGrid): Generator<Values, void> {
  const known = new Map<string, Json>();
  function* from(i: number): Generator<Values, void> {
    const parameter = space[i];
    if (parameter === undefined) yield Object.fromEntries(known);
    else if (!counts(parameter, known)) yield* from(i + 1);
    else {
      const cells = cellsOf(parameter);
      for (let k = 0; k < cells.count; k++) {
        known.set(parameter.path, cells.at(k));
        yield* from(i + 1);
      }
      known.delete(parameter.path);
    }
  }
  yield* from(0);
}

/** How many points a space has; Infinity where a range of floats without a step is in it. */
export function sizeOf(space: Space): number {
  return gridSize(space, ({ domain }) => allCells(domain));
}

/** How many points `gridOf` gives, without making them. */
export function gridSize(space: Space, cellsOf = inGrid): number {
  // Points so far, those together in which the conditions of later parameters meet the same values. A value
  // that no condition names is left out, as that of a parameter that does not count.
  let groups = new Map<string, { readonly known: Known; readonly count: number }>([
    ["", { known: new Map(), count: 1 }],
  ]);
  space.forEach((parameter, i) => {
    const later = space.slice(i + 1).flatMap((one) => one.when);
    const cells = cellsOf(parameter);
    const named = new Map(
      later.filter((one) => one.path === parameter.path).flatMap((one) => one.is)
        .filter((value) => cells.has(value)).map((value) => [canonicalJson(value), value]),
    );
    const next: typeof groups = new Map();
    const put = (known: Known, count: number) => {
      const kept = new Map([...known].filter(([path]) => later.some((one) => one.path === path)));
      const key = canonicalJson(Object.fromEntries(kept));
      next.set(key, { known: kept, count: count + (next.get(key)?.count ?? 0) });
    };
    for (const { known, count } of groups.values()) {
      if (!counts(parameter, known)) put(known, count);
      else {
        for (const value of named.values()) {
          put(new Map([...known, [parameter.path, value]]), count);
        }
        put(known, count * (cells.count - named.size));
      }
    }
    groups = next;
  });
  return [...groups.values()].reduce((sum, { count }) => sum + count, 0);
}
