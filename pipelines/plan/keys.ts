/** Which keys a JSON Schema knows at a place, for "did you mean". Pure. */
import type { Json, JsonObject } from "../json.ts";

/** Property names that any branch of `schema` has at `path`. */
export function keysAt(schema: JsonObject, path: readonly (string | number)[]): string[] {
  const found = new Set<string>();
  const visit = (node: Json | undefined, rest: readonly (string | number)[], depth: number) => {
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
    if (step === undefined) {
      if (isMap(properties)) { for (const key of Object.keys(properties)) found.add(key); }
      return;
    }
    if (typeof step === "number") visit(node["items"], more, depth + 1);
    else if (isMap(properties) && Object.hasOwn(properties, step)) {
      visit(properties[step], more, depth + 1);
    } else visit(node["additionalProperties"], more, depth + 1);
  };
  visit(schema, path, 0);
  return [...found];
}

function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
