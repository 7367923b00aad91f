/** Bundles of stages' code: a folder of files under the digest of their names and contents. */
import type { Digest } from "../plan/plan.ts";
import { digestOf, sha256 } from "./canonical.ts";
import { publishFile, syncFolder } from "./files.ts";

export type BundleFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

export async function digestOfBundle(files: BundleFiles): Promise<Digest> {
  const table: Record<string, string> = {};
  for (const [path, bytes] of files) table[path] = await sha256(bytes);
  return await digestOf(table);
}

/** True if the folder holds the very files that the digest stands for. */
export async function isWholeBundle(folder: string, digest: Digest): Promise<boolean> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  try {
    for (const { name, isFile } of Deno.readDirSync(folder)) {
      // What a killed engine left of a file that it was about to put there is no part of it.
      if (name.endsWith(".tmp")) continue;
      if (!isFile) return false;
      files.set(name, Deno.readFileSync(`${folder}/${name}`));
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  return await digestOfBundle(files) === digest;
}

/** Writes what is not there. */
export function writeBundle(folder: string, files: BundleFiles): void {
  Deno.mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of files) publishFile(`${folder}/${path}`, bytes);
  syncFolder(folder);
}
