/**
 * Locks of keys and trajectories, held by the engine and never by a stage: the system lets go of them when the engine
 * ends in whatever way, and no stage can write who holds them. A lock's file is removed with the lock, so that `locks/`
 * does not grow; what a killed engine leaves says who it was.
 */
import { type Holder, holderLine, MOST_HOLDER, parseHolder } from "./holder.ts";

/** Milliseconds between two looks at a lock that another has: the first, and the most. */
const FIRST = 10, MOST = 250;

export interface Lock {
  /** Who is written there, and has not let go of it: its engine was killed, or is on a host whose locks are not seen here. */
  readonly before: Holder | null;
  /** Writes who holds it now. */
  sign(holder: Holder): void;
  /** Lets go of it, and removes its file. */
  release(): void;
  /** Lets go of it, and leaves what is written there. */
  leave(): void;
}

/**
 * Waits for the lock; `onWait` is called once, with who has it (null: it says nothing of itself).
 *
 * @throws the signal's reason
 */
export async function acquire(
  path: string,
  signal: AbortSignal,
  onWait: (holder: Holder | null) => void,
): Promise<Lock> {
  let isTold = false;
  for (let pause = FIRST;; pause = Math.min(MOST, pause * 2)) {
    signal.throwIfAborted();
    const file = await Deno.open(path, { read: true, write: true, create: true });
    let isOurs = false;
    try {
      // The one who had it before may have removed the file that was opened here.
      isOurs = await file.tryLock(true) && isAt(path, await file.stat());
      const holder = isOurs || !isTold ? read(file) : null;
      if (isOurs) return lockOf(path, file, holder);
      if (!isTold) onWait(holder);
      isTold = true;
    } finally {
      if (!isOurs) file.close();
    }
    await passing(pause, signal);
  }
}

function lockOf(path: string, file: Deno.FsFile, before: Holder | null): Lock {
  return {
    before,
    sign(holder) {
      try {
        file.truncateSync(0);
        file.seekSync(0, Deno.SeekMode.Start);
        file.writeSync(new TextEncoder().encode(holderLine(holder)));
      } catch {
        // Then those that wait are not told for whom.
      }
    },
    release() {
      try {
        // Before it is let go of: afterwards it may be another's.
        Deno.removeSync(path);
      } catch {
        // Windows removes no open file; one that stays says that nobody holds it.
        clear(file);
      }
      file.close();
    },
    leave: () => file.close(),
  };
}

function clear(file: Deno.FsFile): void {
  try {
    file.truncateSync(0);
  } catch {
    // Then somebody asks for it, and hears that it is over.
  }
}

/** True if the path names the very file; where the system tells no numbers of files, that is taken for granted. */
function isAt(path: string, { dev, ino }: Deno.FileInfo): boolean {
  try {
    const found = Deno.statSync(path);
    return ino === null || (found.ino === ino && found.dev === dev);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function read(file: Deno.FsFile): Holder | null {
  const bytes = new Uint8Array(MOST_HOLDER);
  file.seekSync(0, Deno.SeekMode.Start);
  return parseHolder(new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0)));
}

async function passing(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const stop = () => resolve();
  signal.addEventListener("abort", stop, { once: true });
  await promise;
  signal.removeEventListener("abort", stop);
  clearTimeout(timer);
}
