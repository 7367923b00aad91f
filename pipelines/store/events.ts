/**
 * Files of events, `events/<run>.jsonl`: what a run tells of itself as it happens, one JSON value a line, for
 * those who watch it from another process or host. They are appended without a sync: nothing depends on them.
 */
import type { JsonObject } from "../json.ts";
import { newScratchName } from "./files.ts";

/** Bytes from which on a file takes no more lines that may be left out. */
export const EVENTS_LIMIT = 256 * 1024 * 1024;

export function eventsFolder(root: string): string {
  return `${root}/events`;
}

/** `root`: the store's; `run`: an id. */
export function eventsPath(root: string, run: string): string {
  return `${eventsFolder(root)}/${run}.jsonl`;
}

/** The file of one run that is written. Whatever goes wrong with it ends the writing, and no more. */
export class EventsFile {
  #file: Deno.FsFile | null = null;
  #size = 0;

  constructor(root: string, run: string) {
    // In the store's scratch, where one that was broken off is removed.
    const path = eventsPath(root, run), temporary = `${root}/tmp/${newScratchName()}`;
    try {
      Deno.mkdirSync(eventsFolder(root), { recursive: true });
      Deno.mkdirSync(`${root}/tmp`, { recursive: true });
      this.#file = Deno.openSync(temporary, { append: true, createNew: true });
      // A lock on Windows would keep readers away.
      if (Deno.build.os !== "windows") this.#file.lockSync(true);
      // Only now can somebody see it, who would take a file without a lock for one whose run is gone.
      Deno.renameSync(temporary, path);
    } catch {
      this.close(); // a store that cannot be written, or a file system without locks
    }
  }

  /** `isBulk`: it may be left out where the file is full. */
  write(line: JsonObject, isBulk = false): void {
    if (this.#file === null || (isBulk && this.#size >= EVENTS_LIMIT)) return;
    const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
    this.#size += bytes.length;
    try {
      for (let done = 0; done < bytes.length;) {
        done += this.#file.writeSync(bytes.subarray(done));
      }
    } catch {
      this.close(); // a full disk: the run itself will say it
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }
}

/** Whether a process has the file open for writing; null where the file system does not tell. */
export async function isHeld(path: string): Promise<boolean | null> {
  if (Deno.build.os === "windows") return null;
  try {
    // The opening of a pipe would wait.
    if (!(await Deno.lstat(path)).isFile) return null;
    using file = await Deno.open(path, { read: true });
    return !await file.tryLock(false);
  } catch {
    return null;
  }
}
