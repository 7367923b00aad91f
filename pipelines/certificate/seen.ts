/** The locks that a store has to do with: those of configs that were run on it, wherever they lie. */
import { digestOf } from "../store/canonical.ts";
import { namesIn, publishFile, readIfThere } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import { lockPath } from "./path.ts";

/** A file for each; run records, which name the configs, too, do not last. */
const FOLDER = "locked";

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

/** Remembers the lock beside a config, if there is one. `config`: its absolute path. */
export async function rememberLock(store: Store, config: string): Promise<void> {
  const lock = lockPath({ path: config });
  if (!isThere(lock)) return;
  const path = `${store.root}/${FOLDER}/${(await digestOf(lock)).slice(0, 16)}`;
  if (readIfThere(path) !== lock) publishFile(path, lock);
}

/** Paths of those that are there. */
export function seenLocks(store: Store): string[] {
  const folder = `${store.root}/${FOLDER}`;
  const found = new Set([
    ...namesIn(folder).flatMap((name) => readIfThere(`${folder}/${name}`) ?? []),
    ...store.readRuns().map(({ config }) => lockPath({ path: config })),
  ]);
  return [...found].filter(isThere);
}
