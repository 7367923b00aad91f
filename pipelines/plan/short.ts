/** Opens the short forms that overrides have given parts. Pure. */
import type { StageConfig } from "../config/config.ts";
import { SHORT } from "../config/tree.ts";
import type { Json, JsonObject } from "../json.ts";
import { merge } from "./cells.ts";
import { shortAt } from "./keys.ts";

type Path = readonly (string | number)[];

/** A value with parts that has no short form. `path` begins in its stage. */
interface Misfit {
  readonly path: Path;
  readonly message: string;
}

/** A stage's params are the same for thousands of cells. */
const known = new WeakMap<
  JsonObject,
  { readonly schema: JsonObject; readonly found: JsonObject }
>();

/** The params with `{ =: rmsprop, ... }` as `{ type: rmsprop, ... }`. */
export function opened(params: JsonObject, schema: JsonObject): JsonObject {
  const before = known.get(params);
  if (before?.schema === schema) return before.found;
  const found = openMap(params, schema, [], () => {});
  known.set(params, { schema, found });
  return found;
}

/** Where a stage, a variant or a trial of it gives parts to what has none. */
export function misfits(
  { with: said, variants, trials }: StageConfig,
  schema: JsonObject,
): Misfit[] {
  const found: Misfit[] = [];
  const look = (params: JsonObject, base: Path) =>
    openMap(params, schema, [], (path, short, part) =>
      found.push({
        path: [...base, ...path],
        message: `Found "${part}" where ${JSON.stringify(short)} is, which has no parts`,
      }));
  look(said, ["with"]);
  for (const variant of variants) look(variant.with, ["variants", variant.name, "with"]);
  for (const trial of trials) look(trial.with, ["with"]);
  return found;
}

type Complain = (path: Path, short: Json, part: string) => void;

function open(value: Json, schema: JsonObject, path: Path, complain: Complain): Json {
  // `Array.isArray` does not narrow readonly arrays.
  if (Array.isArray(value)) {
    return value.map((item: Json, index) => open(item, schema, [...path, index], complain));
  }
  return typeof value === "object" && value !== null
    ? openMap(value as JsonObject, schema, path, complain) // the lists are gone
    : value;
}

function openMap(map: JsonObject, schema: JsonObject, path: Path, complain: Complain): JsonObject {
  const entries = Object.entries(map)
    .map(([key, value]) => [key, open(value, schema, [...path, key], complain)]);
  const { [SHORT]: short, ...rest }: JsonObject = Object.fromEntries(entries);
  if (short === undefined) return rest;
  const key = shortAt(schema, path);
  if (key !== null) return merge({ [key]: short }, rest);
  complain(path, short, Object.keys(rest)[0] ?? SHORT);
  return { [SHORT]: short, ...rest };
}
