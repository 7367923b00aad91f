/**
 * What a folder is before a store is seen in it: its marker says so, a file `crisol-store.json` with the layout's
 * version. Stores of version 1 were made without one for a while, and are known by their layout; they get one at
 * the first write.
 */
import { namesIn, publishFile, readIfThere, StoreError } from "./files.ts";
import { fieldsOf } from "./valid.ts";

export const MARKER = "crisol-store.json";
export const VERSION = 1;

/** All that lies in a store beside its marker. */
const NAMES = new Set([
  "objects",
  "records",
  "runs",
  "logs",
  "events",
  "bundles",
  "last",
  "progress",
  "quarantine",
  "diverged",
  "locked",
  "profiles",
  "sweeps",
  "submissions",
  "locks",
  "tmp",
  "cache",
]);

/** What a system keeps in a folder that is empty to its user; and a marker whose writing was broken off. */
const NOTHING = /^(?:\.|lost\+found$|crisol-store\.json\.[0-9a-f]{8}\.tmp$)/;

/** True where a store could be made, and none is. */
export function isNone(root: string): boolean {
  return namesIn(root).every((name) => NOTHING.test(name));
}

export type Place =
  /** `isMarked`: false where there is nothing, or a store from before the marker. */
  | { readonly type: "store"; readonly isMarked: boolean }
  | { readonly type: "later"; readonly version: number }
  /** `why`: to be said after the folder's name. */
  | { readonly type: "other"; readonly why: string };

/** What is at this path, an absolute one. A folder that is empty or not there is a store to be. */
export function lookAt(root: string): Place {
  if (/^(?:[A-Za-z]:)?\/*$/.test(root)) return other("is the root of a file system");
  const entries: Deno.DirEntry[] = [];
  try {
    entries.push(...Deno.readDirSync(root));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { type: "store", isMarked: false };
    if (error instanceof Deno.errors.NotADirectory) return other("is not a folder");
    throw error;
  }
  const marker = entries.find(({ name }) => name === MARKER);
  if (marker?.isDirectory === true) return other(`holds a folder "${MARKER}"`);
  if (marker !== undefined) {
    const version = versionOf(`${root}/${MARKER}`);
    if (version !== null && version > VERSION) return { type: "later", version };
    if (version !== null) return linked(root, entries) ?? { type: "store", isMarked: true };
    // Damaged, or somebody else's: the layout decides, as of a store from before there was a marker.
  }
  const found = entries.filter(({ name }) => !NOTHING.test(name) && name !== MARKER);
  if (found.length === 0) return { type: "store", isMarked: false };
  const strange = found.find(({ name }) => !NAMES.has(name));
  if (strange !== undefined || !looksLikeStore(root)) {
    return other(`holds ${strange ? `"${strange.name}"` : "files"}, and is no store`);
  }
  return linked(root, entries) ?? { type: "store", isMarked: false };
}

function other(why: string): Place {
  return { type: "other", why };
}

/** Names that others use, too (`tmp`, `cache`, `logs`), make no store: what was kept must be as we keep it. */
function looksLikeStore(root: string): boolean {
  const byDigest = ["objects", "records"].some((folder) => {
    const names = namesIn(`${root}/${folder}`);
    return names.length > 0 && names.every((name) => /^[0-9a-f]{2}$/.test(name));
  });
  const cached = new Set(namesIn(`${root}/cache`));
  return byDigest ||
    ["plans", "descriptions", "checks", "kernels"].some((kind) => cached.has(kind));
}

/**
 * A link in the place of a store's folder leads out of it, and what is written or removed there is somebody else's.
 * The store as a whole may be one, and what lies deeper is looked at where it is used.
 */
function linked(root: string, entries: readonly Deno.DirEntry[]): Place | null {
  const link =
    entries.find(({ name, isSymlink }) => isSymlink && (NAMES.has(name) || name === MARKER)) ??
      INNER.flatMap((folder) => {
        try {
          return [...Deno.readDirSync(`${root}/${folder}`)].filter(({ isSymlink }) => isSymlink)
            .map((one) => ({ ...one, name: `${folder}/${one.name}` }));
        } catch {
          return []; // it is not there
        }
      })[0];
  return link === undefined
    ? null
    : other(`holds a link "${link.name}", which leads out of it: a store as a whole may be one`);
}

/** Folders in which names are known before: a link there would be followed when something is written. */
const INNER = ["objects", "records", "bundles", "progress", "locks", "sweeps", "cache", "profiles"];

function versionOf(path: string): number | null {
  try {
    const { store } = fieldsOf(JSON.parse(readIfThere(path) ?? ""));
    return Number.isSafeInteger(store) && Number(store) >= 1 ? Number(store) : null;
  } catch {
    return null;
  }
}

/** Marks a store that is about to be written. @throws {StoreError} where there is no store, and none may be made */
export function mark(root: string): void {
  const place = lookAt(root);
  if (place.type === "store") {
    if (!place.isMarked) {
      publishFile(`${root}/${MARKER}`, `${JSON.stringify({ store: VERSION })}\n`);
    }
    return;
  }
  throw new StoreError(`The folder "${root}" ${whyNot(place)}`, HELP);
}

export function whyNot(place: Exclude<Place, { readonly type: "store" }>): string {
  return place.type === "other"
    ? place.why
    : `is a store of version ${place.version}, and this Crisol reads version ${VERSION}`;
}

export const HELP = "name a store, an empty folder or one that is not there yet by --store";
