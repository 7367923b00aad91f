/**
 * Who uses a store, for those who may not meanwhile: `locks/using/<id>`, a line each. Its writer keeps the file locked
 * while it lives, so that one that was killed is told from one that is at work.
 */
import { namesIn, readIfThere, removeQuietly, StoreError } from "./files.ts";
import { fieldsOf } from "./valid.ts";

export interface User {
  /** As it was called. */
  readonly command: string;
  readonly pid: number;
  /** Name of the node of a cluster; null on a machine by itself. */
  readonly host: string | null;
  /** ISO 8601. */
  readonly since: string;
}

const folderOf = (root: string) => `${root}/locks/using`;

/** Says that this process uses the store, until it ends. A store that cannot be written is not told. */
export function sayInUse(root: string, user: User): void {
  const path = `${folderOf(root)}/${crypto.randomUUID()}`;
  try {
    Deno.mkdirSync(folderOf(root), { recursive: true });
    // Not closed: the system does it when the process ends, in whatever way.
    const file = Deno.openSync(path, { read: true, write: true, createNew: true });
    file.lockSync(true);
    file.writeSync(new TextEncoder().encode(`${JSON.stringify(user)}\n`));
    globalThis.addEventListener("unload", () => removeQuietly(path));
  } catch {
    // Nothing depends on it.
  }
}

/** Those that use it now; what others have left is removed. */
export async function usersOf(root: string): Promise<User[]> {
  const users: User[] = [];
  for (const name of namesIn(folderOf(root))) {
    const path = `${folderOf(root)}/${name}`;
    if (await isLeft(path)) removeQuietly(path);
    else users.push(...read(path));
  }
  return users;
}

async function isLeft(path: string): Promise<boolean> {
  try {
    if (!Deno.lstatSync(path).isFile) return true;
    using file = await Deno.open(path, { read: true, write: true });
    return await file.tryLock(true);
  } catch {
    return true; // it has just gone, or is none of ours
  }
}

/** None where its writer has not come to it yet. */
function read(path: string): User[] {
  try {
    const { command, pid, host, since } = fieldsOf(JSON.parse(readIfThere(path) ?? ""));
    const fits = typeof command === "string" && Number.isSafeInteger(pid) &&
      typeof since === "string" && (host === null || typeof host === "string");
    return fits ? [{ command, pid: Number(pid), host, since }] : [];
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof StoreError) return [];
    throw error;
  }
}
