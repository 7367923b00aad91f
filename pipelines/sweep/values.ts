/** Params with the values of a trial in them. */
import type { Json, JsonObject } from "../json.ts";
import type { Values } from "./sweep.ts";

/** A path that does not fit the params that it leads into. */
export class PathError extends Error {
  override readonly name = "PathError";
}

/** The params of one stage among a trial's values, with their paths as lists, without the stage. */
export function ofStage(values: Values, stage: string): [path: string[], value: Json][] {
  return Object.entries(values).flatMap(([path, value]) => {
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
    const index = /^\d+$/.test(step) ? Number(step) : -1;
    if (index < 0 || index >= old.length) {
      throw new PathError(`Found "${step}" where a list of ${old.length} is, wanted its index`);
    }
    return old.map((item, at) => at === index ? changed(item, rest, value) : item);
  }
  if (old === undefined || old === null) return { [step]: changed(undefined, rest, value) };
  if (typeof old !== "object") {
    throw new PathError(`Found "${step}" where ${JSON.stringify(old)} is, which has no parts`);
  }
  return { ...old, [step]: changed(old[step], rest, value) };
}

/** What stands at a path; undefined: nothing does. */
export function valueAt(params: Json, path: readonly string[]): Json | undefined {
  let found: Json | undefined = params;
  for (const step of path) {
    if (isList(found)) found = /^\d+$/.test(step) ? found[Number(step)] : undefined;
    else if (typeof found === "object" && found !== null) found = found[step];
    else return undefined;
  }
  return found;
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
