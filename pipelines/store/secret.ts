/**
 * A key of the user's own, which nobody has who can write a store: what is sealed with it was written by this user,
 * as it stands. It lies in the user's folder for state, 32 random bytes that nobody else may read.
 */

const BYTES = 32;
/** Rights of the group and of others. */
const OTHERS = 0o077;

const known = new Map<string, Promise<CryptoKey | null>>();

/** Null where there is no such folder, or none that can be written: then nothing can be sealed. */
export function userKey(): Promise<CryptoKey | null> {
  const folder = stateFolder();
  if (folder === null) return Promise.resolve(null);
  let key = known.get(folder);
  if (key === undefined) {
    key = load(folder);
    known.set(folder, key);
  }
  return key;
}

/** Where programs of the user keep what is theirs alone, by the system's custom. */
function stateFolder(): string | null {
  const isWindows = Deno.build.os === "windows";
  const get = (name: string) => Deno.env.get(name)?.replaceAll("\\", "/") ?? "";
  const home = isWindows ? get("LOCALAPPDATA") : get("HOME");
  const base = isWindows ? home : get("XDG_STATE_HOME");
  if (/^(?:\/|[A-Za-z]:\/)/.test(base)) return `${base}/crisol`;
  return home.startsWith("/") ? `${home}/.local/state/crisol` : null;
}

async function load(folder: string): Promise<CryptoKey | null> {
  try {
    const path = `${folder}/key`;
    const bytes = read(path) ?? make(folder, path);
    if (bytes === null) return null;
    const use: KeyUsage[] = ["sign", "verify"];
    return await crypto.subtle.importKey(
      "raw",
      bytes,
      { name: "HMAC", hash: "SHA-256" },
      false,
      use,
    );
  } catch {
    return null; // no such right, no room, a folder that cannot be written
  }
}

/** Null where there is no key that is only the user's. */
function read(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    const { isFile, size, mode } = Deno.lstatSync(path);
    if (!isFile || size !== BYTES || ((mode ?? 0) & OTHERS) !== 0) return null;
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The first of several processes makes it for all; one that is no key, or that others could read, is replaced. */
function make(folder: string, path: string): Uint8Array<ArrayBuffer> | null {
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    const file = Deno.openSync(temporary, { write: true, createNew: true, mode: 0o600 });
    try {
      file.writeSync(crypto.getRandomValues(new Uint8Array(BYTES)));
      file.syncSync();
    } finally {
      file.close();
    }
    try {
      Deno.linkSync(temporary, path);
    } catch {
      // There is one, which another process has just made or which is none; or links cannot be had here.
      if (read(path) === null) Deno.renameSync(temporary, path);
    }
  } finally {
    try {
      Deno.removeSync(temporary);
    } catch {
      // It was renamed.
    }
  }
  return read(path);
}
