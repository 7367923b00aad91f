/** Digests of many short texts. Only the engine's: what stage processes hash are files. */
import type { Json } from "../json.ts";
import type { Digest } from "../plan/plan.ts";
import { canonicalJson, sha256 } from "./canonical.ts";

/**
 * So many are hashed by the web's function, which has to be loaded by nobody; it hands each text to a thread, which
 * takes ten times what hashing it does. Node's is loaded for those that follow: a run of so many saves the time.
 */
const FEW = 1000;

let count = 0;
let createHash: typeof import("node:crypto").createHash | null = null;

/** As `digestOf`. */
export async function digestOfShort(value: Json): Promise<Digest> {
  const text = canonicalJson(value);
  if (++count <= FEW) return await sha256(new TextEncoder().encode(text));
  createHash ??= (await import("node:crypto")).createHash;
  return createHash("sha256").update(text).digest("hex") as Digest; // SHA-256 in hexadecimal
}
