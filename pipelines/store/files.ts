/** Files that are there whole or not at all. */

// Asked as it loads: a stage, beside which the host writes files, is not told.
const IS_WINDOWS = Deno.build.os === "windows";

/** The error of a store that cannot be written. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  constructor(message: string, readonly help: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Says of a failed write what the user can do; anything else is thrown on. */
export function writeFailure(store: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : null;
  const message = error instanceof Error ? error.message : String(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new StoreError(
      `No room is left in the store "${store}": ${message}`,
      "make room, or name another place by --store; what was done before is kept",
      { cause: error },
    );
  }
  if (code === "EXDEV") {
    return new StoreError(
      `A folder of the store "${store}" lies on another file system, where nothing can be moved to at once`,
      "a store lies on one file system as a whole: move all of it there, and name it by --store",
      { cause: error },
    );
  }
  if (
    code === "EROFS" || error instanceof Deno.errors.PermissionDenied
  ) {
    return new StoreError(
      `The store "${store}" cannot be written: ${message}`,
      "make it writable, or name another place by --store",
      { cause: error },
    );
  }
  return error;
}

/** How a file is published. */
export interface Publishing {
  /** False: a power failure may take it. */
  readonly isLasting?: boolean;
  /** A folder of the same file system to write it in; without one it is written beside its place. */
  readonly scratch?: string;
}

/**
 * Writes a file elsewhere, syncs it and moves it into its place, whose name is synced, too. It is locked while it is
 * written, so that what a killed process leaves is told from what somebody writes.
 */
export function publishFile(
  path: string,
  content: string | Uint8Array,
  { isLasting = true, scratch }: Publishing = {},
): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const folder = folderOf(path), name = newScratchName();
  const temporary = scratch === undefined ? `${path}.${name}` : `${scratch}/${name}`;
  if (isLasting) makeFolder(folder);
  else Deno.mkdirSync(folder, { recursive: true });
  if (scratch !== undefined) Deno.mkdirSync(scratch, { recursive: true });
  try {
    using file = Deno.openSync(temporary, { read: true, write: true, createNew: true });
    lockIfPossible(file);
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
    if (isLasting) file.syncSync();
    // A file that is open has no other name on Windows.
    if (Deno.build.os === "windows") file.close();
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
  if (isLasting) syncFolder(folder);
  if (scratch === undefined) removeStale(folder, path.slice(folder.length + 1));
}

/** Of a file that is moved into its place when it is whole, or open. */
export function newScratchName(): string {
  return `${crypto.randomUUID().slice(0, 8)}.tmp`;
}

/** Some file systems have no locks: then nothing tells what is stale, and nothing is removed. */
function lockIfPossible(file: Deno.FsFile): void {
  try {
    file.lockSync(true);
  } catch {
    // Its age alone will say it.
  }
}

/** Milliseconds in which what was begun gets its lock. */
const BEGUN = 60_000;

/**
 * Removes what `publishFile` was killed over beside a file: none that is locked, or has just been begun, and nothing
 * whose name it would not give.
 */
function removeStale(folder: string, name: string): void {
  try {
    for (const { name: found, isFile } of Deno.readDirSync(folder)) {
      const rest = found.startsWith(`${name}.`) ? found.slice(name.length + 1) : "";
      if (!isFile || !/^[0-9a-f]{8}\.tmp$/.test(rest)) continue;
      const path = `${folder}/${found}`;
      const begun = Deno.lstatSync(path).mtime?.getTime() ?? Infinity;
      if (Date.now() - begun > BEGUN && isFree(path)) removeQuietly(path);
    }
  } catch {
    // There is no such folder, or another process removes the same: nothing depends on it.
  }
}

/** Whether no process has the file locked; false where the file system does not tell. */
export function isFree(path: string): boolean {
  try {
    using file = Deno.openSync(path, { read: true, write: true });
    return file.tryLockSync(true);
  } catch {
    return false;
  }
}

const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/";

/** Makes a folder with those above it, and lets their names last. */
export function makeFolder(path: string): void {
  const made: string[] = [];
  for (let at = path; !isFolder(at) && at !== folderOf(at); at = folderOf(at)) made.push(at);
  if (made.length === 0) return;
  Deno.mkdirSync(path, { recursive: true });
  for (const at of made.reverse()) syncFolder(folderOf(at));
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** True of a link, wherever it leads. */
export function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}

/** What file systems say that cannot sync a folder: those that need it can. */
const CANNOT = ["EINVAL", "ENOTSUP", "EOPNOTSUPP"];

/** Makes the names in a folder last; Windows has no such call, and does not need it. */
export function syncFolder(path: string): void {
  if (IS_WINDOWS) return;
  const folder = Deno.openSync(path, { read: true });
  try {
    folder.syncSync();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!CANNOT.includes(code)) throw error;
  } finally {
    folder.close();
  }
}

export async function syncFile(path: string): Promise<void> {
  const file = await Deno.open(path, { read: true, write: IS_WINDOWS });
  try {
    await file.sync();
  } finally {
    file.close();
  }
}

export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // What is not there need not be removed; what cannot be removed is left for a later run.
  }
}

/** A text of a store may have so many bytes; what we write is far below. */
export const MOST_TEXT = 64 * 1024 * 1024;

/** The text of a file, or null where there is none. @throws {StoreError} where it is none of ours */
export function readIfThere(path: string): string | null {
  try {
    const { size, isFile } = Deno.statSync(path);
    // The opening of a pipe would wait, and a device has no end.
    if (!isFile) throw new StoreError(`"${path}" is no file`, "it is none of ours: move it away");
    if (size > MOST_TEXT) {
      throw new StoreError(
        `"${path}" has ${size} bytes: at most ${MOST_TEXT} are read`,
        "it is none of ours: move it away",
      );
    }
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Names in a folder, sorted; none where there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isNone) return [];
    throw error;
  }
}

/** Bytes of a file, or of all files in a folder; 0 where there is none. */
export function sizeOf(path: string): number {
  try {
    const { isDirectory, size } = Deno.lstatSync(path);
    if (!isDirectory) return size;
    return namesIn(path).reduce((sum, name) => sum + sizeOf(`${path}/${name}`), 0);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
