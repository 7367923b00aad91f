/** Which cells a stage makes by itself, and what they are called. Pure. */
import type { StageConfig, TrialCell, Variant } from "../config/config.ts";
import { SHORT } from "../config/tree.ts";
import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../json.ts";
import { canonicalJson } from "../store/canonical.ts";

/** One step along an axis; an axis is told apart by its name and by the stage that brought it in. */
export interface Coordinate {
  readonly axis: string;
  readonly origin: string;
  readonly label: string;
  /** The label before it was cut, where it was. */
  readonly whole?: string;
}
export type Cell = readonly Coordinate[];

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
        cell: [...own.cell, { ...at(key, ""), ...labelOf(value) }],
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

/** Characters of a label, at most: it is in a node's name, which people read and files bear. */
const LONGEST = 40;

/**
 * A value in a node's name; characters that have a meaning there are replaced, and a long one is cut and ends in a
 * hash of the value.
 */
function labelOf(value: Json): Pick<Coordinate, "label" | "whole"> {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const label = text.replace(/[^A-Za-z0-9_.+-]+/g, "_").replace(/^_+|_+$/g, "");
  if (label.length <= LONGEST) return { label };
  const digest = createHash("sha256").update(canonicalJson(value)).digest("hex");
  return { label: `${label.slice(0, LONGEST - 9)}-${digest.slice(0, 8)}`, whole: label };
}

/** `train@sparse,seed=2`; without cells only the stage's name. */
export function nodeName(stage: string, cell: Cell): string {
  return cell.length === 0 ? stage : `${stage}@${cellName(cell)}`;
}

/** `sparse,seed=2`: a variant by its name alone, anything else with its axis. */
export function cellName(cell: Cell): string {
  return cell.map(({ axis, label }) => axis === "variant" ? label : `${axis}=${label}`).join(",");
}

/** What a map has of a key, made where it has nothing. */
export function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/**
 * Maps are merged key by key, anything else is replaced; so is a map by one of another `type`, whose keys are
 * others: an Adam takes no momentum over.
 */
export function merge(base: JsonObject, over: JsonObject): JsonObject {
  const [one, other] = [base, over].map((map) => map["type"] ?? map[SHORT]);
  if (one !== undefined && other !== undefined && one !== other) return over;
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
