/** Files that are there whole or not at all. */

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

/** Writes a file beside its place, syncs it (unless a power failure may take it) and moves it there. */
export function publishFile(path: string, content: string | Uint8Array, isLasting = true): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  try {
    const file = Deno.openSync(temporary, { write: true, createNew: true });
    try {
      for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
      if (isLasting) file.syncSync();
    } finally {
      file.close();
    }
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

/** Makes the names in a folder last; Windows has no such call, and does not need it. */
export function syncFolder(path: string): void {
  if (Deno.build.os === "windows") return;
  const folder = Deno.openSync(path, { read: true });
  try {
    folder.syncSync();
  } finally {
    folder.close();
  }
}

export async function syncFile(path: string): Promise<void> {
  const file = await Deno.open(path, { read: true, write: Deno.build.os === "windows" });
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
