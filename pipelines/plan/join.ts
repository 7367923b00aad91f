/** Which cells a stage has by what feeds it, and which of its producers' cells each of them reads. Pure. */
import type { InputType } from "../stage.ts";
import { type Cell, type Coordinate, getOrAdd } from "./cells.ts";

/** Two sets of cells that have nothing in common, at one input. */
export interface Unrelated {
  /** Null: the stage's own cells. */
  readonly input: string | null;
  readonly axes: readonly { readonly axis: string; readonly origin: string }[];
}

/** What an input brings. */
export interface Brought {
  readonly name: string;
  readonly type: InputType;
  readonly cells: readonly Cell[];
}

/**
 * Joins the cells that a stage's inputs bring, by name along axes that they share. Sets that share no axis
 * make their product only where `join` says so. Null: there are more than `most`.
 */
export function joinInputs(
  inputs: readonly Brought[],
  join: "product" | null,
  most: number,
): CellIndex<Cell> | Unrelated | null {
  let cells = new CellIndex<Cell>([[]], (cell) => cell);
  for (const { name, type, cells: all } of inputs) {
    if (all.length === 0 || !brings(type)) continue;
    const others = distinct(all.map((cell) => along(cell, type)));
    const joined = joinCells(name, cells, others, join, most);
    if (joined === null || "axes" in joined) return joined;
    cells = new CellIndex(joined, (cell) => cell);
  }
  return cells;
}

/** Joins what the inputs bring with a stage's own cell, as `joinInputs` does. */
export function joinOwn(
  inputs: CellIndex<Cell>,
  own: Cell,
  join: "product" | null,
  most: number,
): readonly Cell[] | Unrelated | null {
  const [first = []] = inputs.all;
  if (isUnrelated(first, own) && join === null) return { input: null, axes: [...first, ...own] };
  const found = inputs.fitting(own);
  return found.length > most ? null : found.map((cell) => union(cell, own));
}

function joinCells(
  input: string,
  cells: CellIndex<Cell>,
  others: readonly Cell[],
  join: "product" | null,
  most: number,
): readonly Cell[] | Unrelated | null {
  const [first = []] = cells.all;
  const [second = []] = others;
  if (isUnrelated(first, second) && join === null) return { input, axes: [...first, ...second] };
  const index = new CellIndex(others, (cell) => cell);
  const joined: Cell[] = [];
  for (const cell of cells.all) {
    for (const other of index.fitting(cell)) joined.push(union(cell, other));
    if (joined.length > most) return null;
  }
  return joined;
}

function isUnrelated(a: Cell, b: Cell): boolean {
  return a.length > 0 && b.length > 0 && !a.some((one) => b.some((other) => sameAxis(one, other)));
}

/** False for an input that gathers all there is. */
function brings(type: InputType): boolean {
  return type.arity === "one" || type.over !== undefined;
}

/** A cell without the axis that an input gathers. */
export function along(cell: Cell, type: InputType): Cell {
  return type.over === undefined ? cell : cell.filter(({ axis }) => axis !== type.over);
}

/** Those of a producer's nodes that a cell reads; `nodes`: by their cells without what `type` gathers. */
export function feeding<T>(cell: Cell, type: InputType, nodes: CellIndex<T>): readonly T[] {
  return brings(type) ? nodes.fitting(cell) : nodes.all;
}

/** Values by their cells: which of them fit a cell is found without asking each. */
export class CellIndex<T> {
  /** Those whose cells lie along the same axes. */
  readonly #groups = new Map<string, Group<T>>();

  constructor(readonly all: readonly T[], cellOf: (value: T) => Cell) {
    all.forEach((value, position) => {
      const cell = cellOf(value);
      const axes = cell.map(nameOfAxis);
      const group = getOrAdd(this.#groups, JSON.stringify(axes), () => new Group<T>(axes));
      group.entries.push({ cell, value, position });
    });
  }

  /** In the order of `all`: those that differ from the cell along no axis that both have. */
  fitting(cell: Cell): readonly T[] {
    const found = [...this.#groups.values()].map((group) => group.fitting(cell));
    const [only = []] = found;
    const entries = found.length < 2 ? only : found.flat().sort((a, b) => a.position - b.position);
    return entries.map(({ value }) => value);
  }
}

interface Entry<T> {
  readonly cell: Cell;
  readonly value: T;
  readonly position: number;
}

class Group<T> {
  readonly entries: Entry<T>[] = [];
  /** By the axes that are shared with a cell: entries by their labels along those. */
  readonly #indexes = new Map<string, Map<string, Entry<T>[]>>();

  constructor(readonly axes: readonly string[]) {}

  fitting(cell: Cell): readonly Entry<T>[] {
    const shared = cell.filter((one) => this.axes.includes(nameOfAxis(one)));
    if (shared.length === 0) return this.entries;
    const axes = shared.map(nameOfAxis);
    const index = getOrAdd(
      this.#indexes,
      JSON.stringify(axes),
      () =>
        Map.groupBy(
          this.entries,
          (entry) => JSON.stringify(axes.map((axis) => entry.cell[this.axes.indexOf(axis)]?.label)),
        ),
    );
    return index.get(JSON.stringify(shared.map(({ label }) => label))) ?? [];
  }
}

function nameOfAxis({ axis, origin }: Coordinate): string {
  return JSON.stringify([axis, origin]);
}

function sameAxis(a: Coordinate, b: Coordinate): boolean {
  return a.axis === b.axis && a.origin === b.origin;
}

function union(a: Cell, b: Cell): Cell {
  return [...a, ...b.filter((one) => !a.some((other) => sameAxis(one, other)))];
}

/** The first of those that are equal. */
function distinct(cells: readonly Cell[]): Cell[] {
  const found = new Map<string, Cell>();
  for (const cell of cells) {
    const places = cell.map(({ axis, origin, label }) => JSON.stringify([axis, origin, label]));
    getOrAdd(found, places.sort().join(), () => cell);
  }
  return [...found.values()];
}
