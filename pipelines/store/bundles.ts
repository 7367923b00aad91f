/** Bundles of stages' code: a folder of files under the digest of their names and contents. */
import type { Digest } from "../plan/plan.ts";
import { digestOf, sha256 } from "./canonical.ts";
import { makeFolder, publishFile, syncFile, syncFolder, writeFailure } from "./files.ts";
import type { Store } from "./local.ts";

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
      if (!isFile) return false;
      files.set(name, Deno.readFileSync(`${folder}/${name}`));
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  return await digestOfBundle(files) === digest;
}

/** Puts a bundle into its place, whole or not at all; one that is there and good stays, a damaged one is set aside. */
export async function putBundle(store: Store, digest: Digest, files: BundleFiles): Promise<void> {
  const folder = store.bundleFolder(digest);
  const scratch = store.scratch();
  try {
    for (const [path, bytes] of files) {
      publishFile(`${scratch.path}/${path}`, bytes, { isLasting: false });
      await syncFile(`${scratch.path}/${path}`);
    }
    syncFolder(scratch.path);
    makeFolder(`${store.root}/bundles`);
    for (let isLast = false;; isLast = true) {
      try {
        Deno.renameSync(scratch.path, folder);
        return syncFolder(`${store.root}/bundles`);
      } catch (error) {
        // Another engine has put it there meanwhile.
        if (await isWholeBundle(folder, digest)) return;
        if (isLast || store.quarantine(folder) === null) throw error;
      }
    }
  } catch (error) {
    throw writeFailure(store.root, error);
  } finally {
    scratch.remove();
  }
}
