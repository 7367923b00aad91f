/** The base config with the winner in it, as a file that is ready to run. */
import { relative } from "node:path";
import { stringify } from "yaml";
import { absolute, forward } from "../config/paths.ts";
import type { Json, JsonObject } from "../json.ts";
import { merge } from "../plan/cells.ts";
import { canonicalJson } from "../store/canonical.ts";
import type { ReadSweep } from "./read.ts";
import type { Values } from "./sweep.ts";
import { inCell } from "./trials.ts";
import { ofStage, replaced } from "./values.ts";

/** What the winner is called beside the base's variants. */
const NAME = "winner";

type Raw = Record<string, Json>;

/**
 * Where one stage is swept it gets a variant `winner` beside the base's own, so that the report compares them;
 * where several are, their params are replaced. Aliases are written out. `folder`: where the file will lie, for the
 * paths of stage files in it.
 */
export function winnerYaml(
  { sweep, base, baseSource }: ReadSweep,
  values: Values,
  reach: number | null,
  folder: string,
): string {
  const root: Raw = { ...mapOf(baseSource.plain()) };
  const stages: Raw = { ...mapOf(root["stages"]) };
  root["stages"] = stages;
  const counted = reach === null ? null : sweep.rungs;
  const swept = new Set(Object.keys(values).map((path) => path.split(".")[0] ?? ""));
  if (counted !== null) swept.add(counted.stage);
  for (const stage of base.stages) {
    const raw: Raw = { ...mapOf(stages[stage.name]) };
    stages[stage.name] = raw;
    if (stage.uses.startsWith(".")) raw["uses"] = usesFrom(folder, stage.module);
    if (!swept.has(stage.name)) continue;
    const cell = sweep.cells[stage.name];
    const changes: JsonObject = {
      ...replaced(inCell(stage, cell).with, ofStage(values, stage.name)),
      ...counted?.stage === stage.name && reach !== null ? { [counted.param]: reach } : {},
    };
    if (swept.size === 1) addVariant(raw, cell, changes);
    else replaceParams(raw, cell, changes);
  }
  const head = `# The winner of the sweep "${sweep.name}", in the base config "${base.name}".\n`;
  return head + stringify(root, { lineWidth: 100, aliasDuplicateObjects: false });
}

/** A copy of the swept variant with the winner's params; without variants the base gets a name, too. */
function addVariant(raw: Raw, cell: string | undefined, changes: JsonObject): void {
  const variants: Raw = cell === undefined ? { base: {} } : { ...mapOf(raw["variants"]) };
  const own: Raw = { ...mapOf(raw["with"]) };
  const copy: Raw = { ...mapOf(cell === undefined ? {} : variants[cell]) };
  variants[NAME] = { ...copy, with: { ...mapOf(copy["with"]), ...changes } };
  for (const [name, value] of Object.entries(changes)) {
    const before = own[name];
    if (before === undefined) continue;
    const merged = merge({ [name]: before }, { [name]: value })[name] ?? null;
    if (canonicalJson(merged) === canonicalJson(value)) continue;
    // A variant's map is merged with its stage's, of which this one wants nothing: each says its own.
    delete own[name];
    for (const [other, variant] of Object.entries(variants)) {
      if (other === NAME) continue;
      const params = mapOf(mapOf(variant)["with"]);
      const whole = merge(
        { [name]: before },
        name in params ? { [name]: params[name] ?? null } : {},
      );
      variants[other] = { ...mapOf(variant), with: { ...params, ...whole } };
    }
  }
  raw["with"] = own;
  raw["variants"] = variants;
}

function replaceParams(raw: Raw, cell: string | undefined, changes: JsonObject): void {
  const own: Raw = { ...mapOf(raw["with"]) };
  if (cell === undefined) {
    raw["with"] = { ...own, ...changes };
    return;
  }
  const variants: Raw = { ...mapOf(raw["variants"]) };
  const variant = mapOf(variants[cell]);
  variants[cell] = { ...variant, with: { ...mapOf(variant["with"]), ...changes } };
  raw["variants"] = variants;
}

/** Nothing, as in `baseline:`, is an empty map. */
function mapOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as JsonObject // neither null nor a list
    : {};
}

/** The path of a stage file as a config in `folder` writes it. */
function usesFrom(folder: string, module: string): string {
  const path = forward(relative(absolute(folder), module));
  return path.startsWith(".") ? path : `./${path}`;
}
