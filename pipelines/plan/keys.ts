/** What a JSON Schema says of a place: which keys it knows, and for which of them a short form stands. Pure. */
import type { Json, JsonObject } from "../json.ts";

type Path = readonly (string | number)[];

/** Property names that `schema` has at `path`, but for branches that are of another `type` than `params` has there. */
export function keysAt(schema: JsonObject, path: Path, params: JsonObject): string[] {
  const value = valueAt(params, path);
  const type = isMap(value) ? value["type"] : undefined;
  return [
    ...new Set(
      schemasAt(schema, path).flatMap(({ properties }) => {
        if (!isMap(properties)) return [];
        const wanted = isMap(properties["type"]) ? properties["type"]["const"] : undefined;
        const isOther = type !== undefined && wanted !== undefined && type !== wanted;
        return isOther ? [] : Object.keys(properties);
      }),
    ),
  ];
}

/** The value at `path`; undefined where there is none. */
export function valueAt(value: Json, path: Path): Json | undefined {
  let at: Json | undefined = value;
  for (const step of path) {
    if (Array.isArray(at) && typeof step === "number") at = at[step];
    else if (isMap(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

/** The key for which a short form at `path` stands, by `.meta({ short })` of the stage's params; null: none. */
export function shortAt(schema: JsonObject, path: Path): string | null {
  const found = schemasAt(schema, path).map(({ short }) => short);
  return found.find((short) => typeof short === "string") ?? null;
}

/** All branches of `schema` at `path`. */
function schemasAt(schema: JsonObject, path: Path): JsonObject[] {
  const found: JsonObject[] = [];
  const visit = (node: Json | undefined, rest: Path, depth: number) => {
    if (!isMap(node) || depth > 64) return;
    const reference = node["$ref"];
    if (typeof reference === "string" && reference.startsWith("#/")) {
      let target: Json | undefined = schema;
      for (const part of reference.slice(2).split("/")) {
        target = isMap(target)
          ? target[part.replaceAll("~1", "/").replaceAll("~0", "~")]
          : undefined;
      }
      visit(target, rest, depth + 1);
    }
    for (const word of ["anyOf", "oneOf", "allOf"]) {
      const branches = node[word];
      if (Array.isArray(branches)) { for (const one of branches) visit(one, rest, depth + 1); }
    }
    const properties = node["properties"];
    const [step, ...more] = rest;
    if (step === undefined) found.push(node);
    else if (typeof step === "number") visit(node["items"], more, depth + 1);
    else if (isMap(properties) && Object.hasOwn(properties, step)) {
      visit(properties[step], more, depth + 1);
    } else visit(node["additionalProperties"], more, depth + 1);
  };
  visit(schema, path, 0);
  return found;
}

function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
