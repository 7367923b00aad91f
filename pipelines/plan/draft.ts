/** The cells of a stage with what feeds each, before the stage is asked about their params. Pure. */
import type { StageConfig } from "../config/config.ts";
import type { JsonObject } from "../json.ts";
import type { ArtifactShape } from "../stage.ts";
import type { Check } from "./answers.ts";
import type { Bound, Learned, Source } from "./bind.ts";
import { type Cell, merge, type Own } from "./cells.ts";
import { CellIndex, feeding, joinInputs, joinOwn, type Unrelated } from "./join.ts";
import { namesOf } from "./names.ts";
import type { Description } from "./plan.ts";
import { opened } from "./short.ts";

/** A node without what its stage says of its params. */
export interface Draft {
  readonly own: Own;
  readonly cell: Cell;
  /** What feeds each connected input. */
  readonly fed: ReadonlyMap<string, readonly Source[]>;
  readonly check: Check;
  /** The param that counts cells, which decides nothing within one. */
  readonly counting: string | null;
}

/** The cells that a stage's own ones make with those of `bound`; null: they are more than `most`. */
export function draftCells(
  { stage, description }: Learned,
  owns: readonly Own[],
  bound: ReadonlyMap<string, Bound>,
  most: number,
): Draft[] | Unrelated | null {
  const inputs = joinInputs(
    [...bound].map(([name, { type, sources }]) => ({
      name,
      type,
      cells: sources.map(({ cell }) => cell),
    })),
    stage.join,
    most,
  );
  if (!(inputs instanceof CellIndex)) return inputs;
  const drafts: Draft[] = [];
  for (const own of owns) {
    const cells = joinOwn(inputs, own.cell, stage.join, most);
    if (cells === null || "axes" in cells) return cells;
    if (drafts.length + cells.length > most) return null;
    const params = { ...givenTo(stage, own, description), ...axisOf(description, 0) };
    for (const cell of cells) {
      const fed = new Map<string, readonly Source[]>();
      const shapes: Record<string, (ArtifactShape | null)[]> = {};
      const names: Record<string, readonly string[]> = {};
      for (const [name, { type, index }] of bound) {
        const found = feeding(cell, type, index);
        fed.set(name, found);
        shapes[name] = found.map(({ placed, output }) => placed.shapes?.[output] ?? null);
        if (type.named === true) names[name] = namesOf(found);
      }
      drafts.push({ own, cell, fed, check: { params, inputs: shapes, names }, counting: null });
    }
  }
  return drafts;
}

/** As many drafts as the stage's own axis has places. `axis`: the description's. */
export function draftPlaces(
  draft: Draft,
  stage: StageConfig,
  axis: NonNullable<Description["cells"]>,
  count: number,
): Draft[] {
  const { cell, check } = draft;
  return Array.from({ length: count }, (_, place) => ({
    ...draft,
    cell: [...cell, { axis: axis.index, origin: stage.name, label: String(place) }],
    // A check's params are a map, made below.
    check: { ...check, params: { ...check.params as JsonObject, [axis.index]: place } },
    counting: axis.count,
  }));
}

/** A cell's params before defaults. */
export function givenTo(stage: StageConfig, own: Own, { params }: Description): JsonObject {
  // Opened before they are merged: what is merged must be of one form.
  const [all, some, one, trial] = [stage.with, own.variant?.with, own.matrix, own.trial?.with]
    .map((said = {}) => opened(said, params));
  return { ...merge(merge(all ?? {}, some ?? {}), one ?? {}), ...trial };
}

/** The param that places a cell on its stage's own axis, if it has one. */
export function axisOf({ cells }: Description, index: number): JsonObject {
  return cells === null ? {} : { [cells.index]: index };
}
