/** The one text of a JSON value (RFC 8785), and digests. */
import type { Digest } from "../plan/plan.ts";
import type { Json } from "../json.ts";

/**
 * RFC 8785: keys sorted by UTF-16 code units, no white space, numbers and strings as JSON.stringify writes
 * them. Throws at what is no JSON: `undefined`, a number that is not finite, a lone surrogate.
 */
export function canonicalJson(value: Json): string {
  switch (typeof value) {
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`Cannot write ${value} as JSON`);
      return JSON.stringify(value);
    case "string":
      if (!value.isWellFormed()) {
        throw new TypeError(
          `Cannot write ${JSON.stringify(value)} as JSON: it is no valid Unicode`,
        );
      }
      return JSON.stringify(value);
    case "boolean":
      return String(value);
    case "object":
      break;
    default:
      throw new TypeError(`Cannot write a value of type "${typeof value}" as JSON`);
  }
  if (value === null) return "null";
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const object = value;
  // The default order of sort is by UTF-16 code units, as the RFC wants it.
  const parts = Object.keys(object).sort().map((key) =>
    // The key is the object's own; a value that is undefined all the same is refused above.
    `${canonicalJson(key)}:${canonicalJson(object[key] as Json)}`
  );
  return `{${parts.join(",")}}`;
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** SHA-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Digest> {
  // 32 bytes in hexadecimal are what a Digest is.
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex() as Digest;
}

/** The digest of a value's canonical text. */
export async function digestOf(value: Json): Promise<Digest> {
  return await sha256(new TextEncoder().encode(canonicalJson(value)));
}
