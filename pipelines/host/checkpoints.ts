/** The checkpoints of a stage process, as files. It holds the lock of their folder while it lives. */
import type { Checkpoint, Checkpoints } from "../stage.ts";
import { removeQuietly, syncFolder } from "../store/files.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../store/progress.ts";
import { primordials } from "./primordials.ts";
import type { Job } from "./protocol.ts";

const { now } = primordials;

/** Milliseconds without a checkpoint after which one is due. */
const EVERY = 60_000;
/** So many milliseconds of work may be lost with the power: waiting for a disk costs many steps of a small network. */
const UNSYNCED = 1000;

const NAME = /^(\d{1,15})\.checkpoint$/;

export class FolderCheckpoints implements Checkpoints {
  readonly #job: Job["progress"];
  readonly #log: (message: string) => void;
  #written = now();
  #synced = -Infinity;
  /** The run is to end, and where it stands is not saved yet. */
  #ending = false;
  #failed = false;

  constructor(job: Job["progress"], log: (message: string) => void, signal: AbortSignal) {
    this.#job = job;
    this.#log = log;
    signal.addEventListener("abort", () => this.#ending = true, { once: true });
    if (job.anew) removeFolder(job.folder);
    for (const name of this.#names()) {
      // Begun by a process that was killed.
      if (!NAME.test(name)) removeQuietly(`${job.folder}/${name}`);
    }
  }

  due(): boolean {
    return this.#ending || now() - this.#written >= EVERY;
  }

  list(): Promise<readonly number[]> {
    const places = this.#names().flatMap((name) => {
      const place = NAME.exec(name)?.[1];
      return place === undefined ? [] : [Number(place)];
    });
    return Promise.resolve(places.sort((a, b) => a - b));
  }

  async read(at: number): Promise<Checkpoint | null> {
    try {
      const bytes = await Deno.readFile(this.#path(at));
      return await decodeCheckpoint(bytes, this.#job.trajectory, at);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      const why = error instanceof Error ? error.message : String(error);
      this.#log(`Does not go on from "${this.#path(at)}", and removes it: ${why}`);
      await this.remove(at);
      return null;
    }
  }

  async write(at: number, checkpoint: Checkpoint): Promise<void> {
    const path = this.#path(at), temporary = `${path}.tmp`;
    const isSynced = now() - this.#synced >= UNSYNCED;
    const bytes = await encodeCheckpoint(this.#job.trajectory, at, checkpoint);
    try {
      Deno.mkdirSync(this.#job.folder, { recursive: true });
      const file = await Deno.open(temporary, { write: true, create: true, truncate: true });
      try {
        for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
        if (isSynced) await file.sync();
      } finally {
        file.close();
      }
      await Deno.rename(temporary, path);
      if (isSynced) {
        syncFolder(this.#job.folder);
        this.#synced = now();
      }
    } catch (error) {
      removeQuietly(temporary);
      const why = error instanceof Error ? error.message : String(error);
      if (!this.#failed) this.#log(`Cannot keep where this run stands: ${why}`);
      this.#failed = true;
    }
    this.#written = now();
    this.#ending = false;
  }

  remove(at: number): Promise<void> {
    removeQuietly(this.#path(at));
    return Promise.resolve();
  }

  #path(at: number): string {
    return `${this.#job.folder}/${at}.checkpoint`;
  }

  #names(): string[] {
    try {
      return [...Deno.readDirSync(this.#job.folder)].map(({ name }) => name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }
}

/** What stays would be gone on from, so that a failure is one of the run. */
function removeFolder(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
