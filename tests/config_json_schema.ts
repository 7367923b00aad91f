/** As much of JSON Schema as the configs' schema uses; it throws at any keyword that it does not know. */
import assert from "node:assert/strict";
import type { Json, JsonObject } from "../pipelines/json.ts";

/** Keywords that say nothing about whether a value fits. */
const NOTES = ["$schema", "short", "$defs", "title", "description", "default", "format"];

const isMap = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const list = (value: Json | undefined): readonly Json[] => isList(value) ? value : [];
const text = (value: Json | undefined) => JSON.stringify(value);

const TYPES: Record<string, (value: Json) => boolean> = {
  object: isMap,
  array: isList,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

/** True if the value fits the schema; `root` is what references start from. */
export function fits(value: Json, schema: Json, root: JsonObject): boolean {
  if (typeof schema === "boolean") return schema;
  assert.ok(isMap(schema), `no schema: ${text(schema)}`);
  return Object.entries(schema).every(([keyword, rule]) =>
    NOTES.includes(keyword) || fitsKeyword(value, keyword, rule, schema, root)
  );
}

function fitsKeyword(
  value: Json,
  keyword: string,
  rule: Json,
  schema: JsonObject,
  root: JsonObject,
): boolean {
  const ok = (part: Json, rules: Json) => fits(part, rules, root);
  const number = Number(rule);
  switch (keyword) {
    case "$ref":
      return ok(value, resolve(String(rule), root));
    case "type":
      return (isList(rule) ? rule : [rule]).some((type) => TYPES[String(type)]?.(value) === true);
    case "const":
      return text(value) === text(rule);
    case "enum":
      return list(rule).some((one) => text(one) === text(value));
    case "anyOf":
      return list(rule).some((one) => ok(value, one));
    case "oneOf":
      return list(rule).filter((one) => ok(value, one)).length === 1;
    case "allOf":
      return list(rule).every((one) => ok(value, one));
    case "not":
      return !ok(value, rule);
    case "if":
      return ok(value, rule)
        ? schema.then === undefined || ok(value, schema.then)
        : schema.else === undefined || ok(value, schema.else);
    case "then":
    case "else":
      return true;
    case "pattern":
      return typeof value !== "string" || new RegExp(String(rule), "u").test(value);
    case "minLength":
      return typeof value !== "string" || value.length >= number;
    case "minimum":
      return typeof value !== "number" || value >= number;
    case "maximum":
      return typeof value !== "number" || value <= number;
    case "exclusiveMinimum":
      return typeof value !== "number" || value > number;
    case "exclusiveMaximum":
      return typeof value !== "number" || value < number;
    case "minItems":
      return !isList(value) || value.length >= number;
    case "maxItems":
      return !isList(value) || value.length <= number;
    case "uniqueItems":
      return !isList(value) || new Set(value.map(text)).size === value.length;
    case "items":
      return !isList(value) ||
        value.slice(list(schema.prefixItems).length).every((item) => ok(item, rule));
    case "prefixItems":
      return !isList(value) ||
        list(rule).every((one, index) => index >= value.length || ok(value[index] ?? null, one));
    case "required":
      return !isMap(value) || list(rule).every((key) => Object.hasOwn(value, String(key)));
    case "minProperties":
      return !isMap(value) || Object.keys(value).length >= number;
    case "maxProperties":
      return !isMap(value) || Object.keys(value).length <= number;
    case "propertyNames":
      return !isMap(value) || Object.keys(value).every((key) => ok(key, rule));
    case "properties":
      return !isMap(value) || !isMap(rule) ||
        Object.entries(rule).every(([key, one]) =>
          !Object.hasOwn(value, key) || ok(value[key] ?? null, one)
        );
    case "patternProperties":
      return !isMap(value) || !isMap(rule) ||
        Object.entries(rule).every(([pattern, one]) =>
          Object.entries(value).every(([key, part]) =>
            !new RegExp(pattern).test(key) || ok(part, one)
          )
        );
    case "additionalProperties": {
      const known = isMap(schema.properties) ? schema.properties : {};
      const patterns = Object.keys(
        isMap(schema.patternProperties) ? schema.patternProperties : {},
      );
      return !isMap(value) ||
        Object.entries(value).every(([key, one]) =>
          Object.hasOwn(known, key) || patterns.some((pattern) => new RegExp(pattern).test(key)) ||
          ok(one, rule)
        );
    }
    default:
      throw new Error(`The keyword "${keyword}" is not known here`);
  }
}

function resolve(reference: string, root: JsonObject): Json {
  assert.ok(reference.startsWith("#/"), reference);
  let at: Json = root;
  for (const step of reference.slice(2).split("/")) {
    const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    assert.ok(isMap(at) && Object.hasOwn(at, key), `${reference} leads nowhere`);
    at = at[key] ?? null;
  }
  return at;
}
