/** Which cells a stage has, and which cells of its producers each of them reads. Pure. */
import type { Reference, StageConfig, TrialCell, Variant } from "../config/config.ts";
import type { Json, JsonObject } from "../json.ts";
import type { InputType } from "../stage.ts";

/** One step along an axis; an axis is told apart by its name and by the stage that brought it in. */
export interface Coordinate {
  readonly axis: string;
  readonly origin: string;
  readonly label: string;
}
export type Cell = readonly Coordinate[];

/** A cell of a producer, as far as placing its consumers takes. */
export interface Produced {
  readonly id: string;
  readonly stage: string;
  readonly cell: Cell;
}

/** A cell without its feeds: where it lies, and what it overrides. */
export interface Own {
  readonly cell: Cell;
  readonly variant: Variant | null;
  readonly trial: TrialCell | null;
  readonly matrix: Readonly<Record<string, Json>>;
  /** Null: the config's own. */
  readonly seed: number | null;
}

/** The cells that a stage's own `variants`, `matrix` and `seeds` make, in declared order. */
export function ownCells(stage: StageConfig, seed: number): Own[] {
  let cells: Own[] = [{ cell: [], variant: null, trial: null, matrix: {}, seed: null }];
  const at = (axis: string, label: string) => ({ axis, origin: stage.name, label });
  if (stage.variants.length > 0) {
    cells = cells.flatMap((own) =>
      stage.variants.map((variant) => ({
        ...own,
        cell: [...own.cell, at("variant", variant.name)],
        variant,
      }))
    );
  }
  for (const [key, values] of Object.entries(stage.matrix)) {
    cells = cells.flatMap((own) =>
      values.map((value) => ({
        ...own,
        cell: [...own.cell, at(key, labelOf(value))],
        matrix: { ...own.matrix, [key]: value },
      }))
    );
  }
  if (stage.trials.length > 0) {
    // One origin for all stages: a trial is the same wherever it changes something.
    cells = cells.flatMap((own) =>
      stage.trials.map((trial) => ({
        ...own,
        cell: [...own.cell, { axis: "trial", origin: "", label: trial.label }],
        trial,
      }))
    );
  }
  if (stage.seeds !== null) {
    const seeds = Array.from({ length: stage.seeds }, (_, index) => seed + index);
    cells = cells.flatMap((own) =>
      seeds.map((one) => ({ ...own, cell: [...own.cell, at("seed", String(one))], seed: one }))
    );
  }
  return cells;
}

/** How many there are, without making them. */
export function countCells({ variants, matrix, seeds, trials }: StageConfig): number {
  return Object.values(matrix).reduce(
    (count, values) => count * values.length,
    Math.max(1, variants.length) * Math.max(1, trials.length) * (seeds ?? 1),
  );
}

/** A value in a node's name; characters that have a meaning there are replaced. */
function labelOf(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.replace(/[^A-Za-z0-9_.+-]+/g, "_").replace(/^_+|_+$/g, "");
}

/** `train@sparse,seed=2`; without cells only the stage's name. */
export function nodeName(stage: string, cell: Cell): string {
  return cell.length === 0 ? stage : `${stage}@${cellName(cell)}`;
}

/** `sparse,seed=2`: a variant by its name alone, anything else with its axis. */
export function cellName(cell: Cell): string {
  return cell.map(({ axis, label }) => axis === "variant" ? label : `${axis}=${label}`).join(",");
}

/** The nodes that a reference means: all cells of the stage, or the one that it names. */
export function meant(reference: Reference, produced: readonly Produced[]): Produced[] {
  return produced.filter((one) =>
    one.stage === reference.stage &&
    (reference.cell === null || cellName(one.cell) === reference.cell)
  );
}

/** Two sets of cells that have nothing in common, at one input. */
export interface Unrelated {
  /** Null: the stage's own cells. */
  readonly input: string | null;
  readonly axes: readonly { readonly axis: string; readonly origin: string }[];
}

/**
 * Joins a stage's own cell with those that its inputs bring: by name along axes that they share. Sets
 * that share no axis make their product only where `join` says so.
 */
export function joinCells(
  own: Cell,
  inputs: readonly {
    readonly name: string;
    readonly type: InputType;
    readonly nodes: Produced[];
  }[],
  join: "product" | null,
  most: number,
): readonly Cell[] | Unrelated | null {
  let cells: Cell[] = [[]];
  let isTooMany = false;
  const place = (name: string | null, others: readonly Cell[]): Unrelated | null => {
    const first = cells[0] ?? [];
    const second = others[0] ?? [];
    const shared = first.some((a) => second.some((b) => sameAxis(a, b)));
    if (first.length > 0 && second.length > 0 && !shared && join === null) {
      return { input: name, axes: [...first, ...second] };
    }
    const joined: Cell[] = [];
    for (const cell of cells) {
      for (const other of others) {
        if (fits(cell, other)) joined.push(union(cell, other));
      }
      if (joined.length > most) {
        isTooMany = true;
        return null;
      }
    }
    cells = joined;
    return null;
  };
  for (const { name, type, nodes } of inputs) {
    if (nodes.length === 0 || (type.arity === "many" && type.over === undefined)) continue;
    const kept = nodes.map(({ cell }) => cell.filter(({ axis }) => axis !== type.over));
    const wrong = place(name, distinct(kept));
    if (wrong !== null) return wrong;
    if (isTooMany) return null;
  }
  const wrong = place(null, [own]);
  return isTooMany ? null : wrong ?? cells;
}

/** Those of a producer's nodes that a cell reads. */
export function feeding(cell: Cell, type: InputType, nodes: readonly Produced[]): Produced[] {
  if (type.arity === "many" && type.over === undefined) return [...nodes];
  return nodes.filter((node) => fits(cell, node.cell.filter(({ axis }) => axis !== type.over)));
}

function sameAxis(a: Coordinate, b: Coordinate): boolean {
  return a.axis === b.axis && a.origin === b.origin;
}

/** True unless they differ along an axis that both have. */
function fits(a: Cell, b: Cell): boolean {
  return a.every((one) => b.every((other) => !sameAxis(one, other) || one.label === other.label));
}

function union(a: Cell, b: Cell): Cell {
  return [...a, ...b.filter((one) => !a.some((other) => sameAxis(one, other)))];
}

function distinct(cells: readonly Cell[]): Cell[] {
  return cells.filter((cell, index) =>
    cells.findIndex((other) => other.length === cell.length && fits(other, cell)) === index
  );
}

/** Maps are merged key by key, anything else is replaced. */
export function merge(base: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isMap(before) && isMap(value) ? merge(before, value) : value;
  }
  return merged;
}

function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
