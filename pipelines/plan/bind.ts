/** Which artifacts feed a stage's inputs, and whether they fit. */
import type { Reference, StageConfig } from "../config/config.ts";
import { nearest } from "../config/nearest.ts";
import { own } from "../json.ts";
import type { ArtifactShape, ArtifactType, InputType } from "../stage.ts";
import { type Cell, cellName } from "./cells.ts";
import { misfit } from "./edges.ts";
import { along, CellIndex } from "./join.ts";
import type { Code, Description, Node } from "./plan.ts";

/** A stage of the config with what was learned of it. */
export interface Learned {
  readonly stage: StageConfig;
  readonly code: Code;
  readonly description: Description;
}

/** A node with where it lies, while its consumers are placed. */
export interface Placed {
  readonly node: Node;
  readonly cell: Cell;
  /** Null where its params are wrong. */
  readonly shapes: Readonly<Record<string, ArtifactShape>> | null;
}

/** What one input is connected to. */
export interface Bound {
  readonly type: InputType;
  readonly sources: readonly Source[];
  /** By their cells, as far as consumers follow them. */
  readonly index: CellIndex<Source>;
}

/** An output of a node. `cell`: empty where a reference names this cell, which then brings no axes with it. */
export interface Source {
  readonly placed: Placed;
  readonly cell: Cell;
  readonly output: string;
}

/** Tells of a problem at a place in the config. */
export type Complain = (path: readonly (string | number)[], message: string, help?: string) => void;

/**
 * What each connected input is connected to; null if something is wrong, which is then told. `placed`: the nodes of
 * each stage, in order.
 */
export function bind(
  { stage, description }: Learned,
  all: ReadonlyMap<string, Learned>,
  inputs: Readonly<Record<string, readonly Reference[]>>,
  where: (input: string) => (string | number)[],
  placed: ReadonlyMap<string, readonly Placed[]>,
  tell: Complain,
): ReadonlyMap<string, Bound> | null {
  let complained = false;
  const complain: Complain = (...what) => {
    complained = true;
    tell(...what);
  };
  const bound = new Map<string, Bound>();
  /** Inputs that are there, misspelt: that they are missing is not told as well. */
  const misspelt = new Set<string | null>();
  let broken = false;
  for (const [name, references] of Object.entries(inputs)) {
    const type = own(description.inputs, name);
    if (type === undefined) {
      const names = Object.keys(description.inputs);
      misspelt.add(nearest(name, names));
      complain(
        where(name),
        `"${stage.uses}" has no input "${name}"`,
        suggestion(name, names) ?? `it has: ${names.join(", ") || "none"}`,
      );
      continue;
    }
    if (type.arity === "one" && references.length > 1) {
      complain(
        where(name),
        `The input "${name}" takes one artifact: ${references.length} are given`,
      );
      continue;
    }
    const sources: Source[] = [];
    references.forEach((reference, index) => {
      const producer = all.get(reference.stage);
      if (producer === undefined) {
        broken = true; // it could not be loaded, which is said already
        return;
      }
      const place = references.length > 1 ? [...where(name), index] : where(name);
      const output = outputOf(producer, reference, place, complain);
      if (output === null) return;
      const cells = placed.get(reference.stage) ?? [];
      const found = reference.cell === null
        ? cells
        : cells.filter(({ cell }) => cellName(cell) === reference.cell);
      if (found.length === 0) {
        if (cells.length === 0) broken = true; // its own problems are said already
        else {
          complain(
            place,
            `"${reference.stage}" has no cell "${reference.cell}"`,
            `it has: ${cells.map((one) => cellName(one.cell) || one.node.id).join(", ")}`,
          );
        }
      }
      for (const one of found) {
        sources.push({ placed: one, cell: reference.cell === null ? one.cell : [], output });
      }
      const made = producer.description.outputs[output];
      const wrong = made === undefined ? null : misfit(made, type);
      if (wrong !== null) {
        complain(place, `"${reference.stage}.${output}" does not fit "${name}": ${wrong}`);
      }
    });
    bound.set(name, {
      type,
      sources,
      index: new CellIndex(sources, ({ cell }) => along(cell, type)),
    });
  }
  for (const [name, type] of Object.entries(description.inputs)) {
    if (type.optional === true || Object.hasOwn(inputs, name) || misspelt.has(name)) continue;
    complain(
      ["stages", stage.name, "inputs"],
      `"${stage.name}" lacks its input "${name}": ${type.what}`,
    );
  }
  return broken || complained ? null : bound;
}

function outputOf(
  producer: Learned,
  reference: Reference,
  place: (string | number)[],
  complain: Complain,
): string | null {
  const outputs: Readonly<Record<string, ArtifactType>> = producer.description.outputs;
  const names = Object.keys(outputs);
  const [only] = names;
  if (reference.output === null) {
    if (names.length === 1 && only !== undefined) return only;
    complain(
      place,
      `"${reference.stage}" has ${names.length} outputs`,
      `say which: ${names.map((name) => `${reference.stage}.${name}`).join(", ")}`,
    );
    return null;
  }
  if (Object.hasOwn(outputs, reference.output)) return reference.output;
  complain(
    place,
    `"${reference.stage}" has no output "${reference.output}"`,
    suggestion(reference.output, names) ?? `it has: ${names.join(", ")}`,
  );
  return null;
}

function suggestion(word: string, known: readonly string[]): string | undefined {
  const found = nearest(word, known);
  return found === null ? undefined : `Did you mean "${found}"?`;
}
