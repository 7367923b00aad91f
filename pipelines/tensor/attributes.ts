/** Attributes as they are stored: plain JSON, and a copy, which the stage's later changes do not reach. */
import type { Json, JsonObject } from "../json.ts";

const MOST_LEVELS = 100;
const WANTED = "wanted text, a finite number, true, false, null, or a list or plain map of these";

/** `owner`: whose attributes they are, for messages. @throws TypeError at the first value that is no JSON */
export function plainAttributes(owner: string, attributes: JsonObject): JsonObject {
  return copyMap(owner, attributes, []);
}

type Path = readonly (string | number)[];

function copy(owner: string, value: unknown, path: Path): Json {
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      throw refusal(owner, path, String(value));
    case "string":
      if (value.isWellFormed()) return value;
      throw refusal(owner, path, `${JSON.stringify(value)}, which is no valid Unicode`);
    case "object":
      if (value === null) return null;
      if (path.length > MOST_LEVELS) {
        throw refusal(owner, path.slice(0, 3), `more than ${MOST_LEVELS} levels`);
      }
      // Not `map`, which passes over holes.
      return Array.isArray(value)
        ? Array.from(value, (item, index) => copy(owner, item, [...path, index]))
        : copyMap(owner, value, path);
    default:
      throw refusal(owner, path, typeof value === "undefined" ? "undefined" : `a ${typeof value}`);
  }
}

function copyMap(owner: string, value: object, path: Path): JsonObject {
  const prototype: unknown = Object.getPrototypeOf(value);
  // A Date, a Map or a typed array would be one thing in the digest and another in the file.
  if (prototype !== null && prototype !== Object.prototype) {
    throw refusal(owner, path, `a ${value.constructor?.name ?? "class"}`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (!key.isWellFormed()) {
        throw refusal(owner, path, `the key ${JSON.stringify(key)}, which is no valid Unicode`);
      }
      return [key, copy(owner, item, [...path, key])];
    }),
  );
}

function refusal(owner: string, path: Path, found: string): TypeError {
  const at = path.map((step, index) =>
    typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${step}`
  ).join("");
  const what = path.length === 0 ? "attributes are" : `attribute "${at}" is`;
  return new TypeError(`${owner}: its ${what} ${found}, ${WANTED}`);
}
