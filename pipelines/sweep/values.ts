/** Params with the values of a trial in them. */
import { SHORT } from "../config/tree.ts";
import type { Json, JsonObject } from "../json.ts";
import { merge } from "../plan/cells.ts";
import type { Values } from "./sweep.ts";

/** A path that does not fit the params that it leads into. */
export class PathError extends Error {
  override readonly name = "PathError";
}

/**
 * A trial's values in the order in which they are put into params: the whole of a param before its parts, and its
 * type before the others, however the space orders them, or they would take away what stood before them.
 */
export function wholesFirst(values: Values): [path: string, value: Json][] {
  const rank = (path: string) => 2 * path.split(".").length + (path.endsWith(".type") ? 0 : 1);
  return Object.entries(values).sort(([a], [b]) => rank(a) - rank(b));
}

/** The params of one stage among a trial's values, in that order, with their paths as lists, without the stage. */
export function ofStage(values: Values, stage: string): [path: string[], value: Json][] {
  return wholesFirst(values).flatMap(([path, value]) => {
    const [first, ...rest] = path.split(".");
    return first === stage ? [[rest, value] as [string[], Json]] : [];
  });
}

/**
 * What becomes of the top-level params that the values touch, each whole. As `--set` does: a path that goes
 * deeper than a param changes only what it names. @throws {PathError}
 */
export function replaced(
  params: JsonObject,
  values: readonly (readonly [path: readonly string[], value: Json])[],
): JsonObject {
  const touched: Record<string, Json> = {};
  for (const [[name = "", ...rest], value] of values) {
    touched[name] = changed(touched[name] ?? params[name], rest, value);
  }
  return touched;
}

function changed(old: Json | undefined, path: readonly string[], value: Json): Json {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (isList(old)) {
    const index = indexOf(step);
    if (index < 0 || index >= old.length) {
      throw new PathError(`Found "${step}" where a list of ${old.length} is, wanted its index`);
    }
    return old.map((item, at) => at === index ? changed(item, rest, value) : item);
  }
  if (old === undefined || old === null) return { [step]: changed(undefined, rest, value) };
  // A word such as `flatten` is a map of that key; another scalar may be the short form of one, as `--set` has it.
  const map = typeof old === "object" ? old : old === step ? {} : { [SHORT]: old };
  const part = { [step]: changed(map[step], rest, value) };
  return step === "type" ? merge(map, part) : { ...map, ...part };
}

/** What stands at a path; undefined: nothing does. */
export function valueAt(params: Json, path: readonly string[]): Json | undefined {
  let found: Json | undefined = params;
  for (const step of path) {
    if (isList(found)) found = found[indexOf(step)];
    else if (typeof found === "object" && found !== null) found = found[step];
    else return undefined;
  }
  return found;
}

/** -1 where it is none; `07` would be a second path to the same place. */
function indexOf(step: string): number {
  return /^(0|[1-9]\d*)$/.test(step) ? Number(step) : -1;
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
