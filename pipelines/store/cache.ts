/**
 * What was computed before, sealed with the user's own key: a store may be somebody else's, or come from somewhere
 * else, and what is cached decides what code runs with which rights. What does not bear the seal is not there. Nothing
 * is synced: a file that a power failure cuts off does not bear it either, and costs time only.
 */
import type { Json } from "../json.ts";
import { canonicalJson, digestOf } from "./canonical.ts";
import { publishFile, readIfThere, StoreError } from "./files.ts";
import { userKey } from "./secret.ts";

/** Hexadecimal digits of a seal. */
const SEAL = 64;

/** Values by kind and key, in a folder; only those that this user has written. */
export class Cache {
  constructor(readonly folder: string) {}

  /** A value that was computed before from the same `key`; null if there is none, or not as it was written. */
  async read(kind: string, key: Json): Promise<unknown> {
    const secret = await userKey();
    if (secret === null) return null;
    const text = textOf(await this.#path(kind, key));
    const seal = text.slice(0, SEAL), value = text.slice(SEAL + 1);
    if (!/^[0-9a-f]{64}$/.test(seal)) return null;
    const sealed = bytesOf(kind, key, value);
    if (!await crypto.subtle.verify("HMAC", secret, Uint8Array.fromHex(seal), sealed)) return null;
    try {
      return JSON.parse(value);
    } catch {
      return null; // `undefined` was written
    }
  }

  async write(kind: string, key: Json, value: unknown): Promise<void> {
    const secret = await userKey();
    if (secret === null) return;
    const text = JSON.stringify(value);
    const seal = await crypto.subtle.sign("HMAC", secret, bytesOf(kind, key, text));
    const path = await this.#path(kind, key);
    try {
      publishFile(path, `${new Uint8Array(seal).toHex()}\n${text}`, {
        isLasting: false,
        scratch: `${this.folder}/../tmp`,
      });
    } catch {
      // A cache that cannot be written, in whatever way, costs time only.
    }
  }

  async #path(kind: string, key: Json): Promise<string> {
    return `${this.folder}/${kind}/${await digestOf(key)}.json`;
  }
}

/** The kind and the key are sealed, too: another value in this one's place is not this one. */
function bytesOf(kind: string, key: Json, value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${canonicalJson(["cache v1", kind, key])}\n${value}`);
}

function textOf(path: string): string {
  try {
    return readIfThere(path) ?? "";
  } catch (error) {
    if (error instanceof StoreError || error instanceof Deno.errors.NotADirectory) return "";
    throw error;
  }
}
