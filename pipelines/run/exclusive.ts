/** One run at a time makes a key, and goes a trajectory: the others wait, and say for whom. */
import type { Digest, Key } from "../plan/plan.ts";
import { ownJob } from "../executors/slurm/self.ts";
import { holderName } from "../store/holder.ts";
import type { Store } from "../store/local.ts";
import { acquire } from "../store/locks.ts";
import { runsElsewhere, waitFor } from "./elsewhere.ts";

/**
 * Does it while the locks of its key and of its trajectory are held. This engine holds them, and so they are free when it
 * is gone. `sign`: which process does it. @throws the signal's reason
 */
export async function whileLocked<T>(
  store: Store,
  work: {
    /** Id of the run. */
    readonly run: string;
    readonly key: Key;
    readonly trajectory: Digest;
    readonly signal: AbortSignal;
    readonly onLog: (message: string) => void;
  },
  does: (sign: (pid: number) => void) => Promise<T>,
): Promise<T> {
  const job = ownJob();
  const own = { run: work.run, ...job, host: job.host ?? hostName(), engine: Deno.pid };
  const take = async (path: string, why: string) => {
    for (;;) {
      const lock = await acquire(path, work.signal, (holder) => {
        const name = holder === null ? "another run" : holderName(holder);
        work.onLog(`Waits for ${name}, which ${why}`);
      });
      const { before } = lock;
      if (before === null || !await runsElsewhere(before)) {
        lock.sign({ ...own, pid: null });
        return lock;
      }
      // A job on another host, which this host's lock does not keep out.
      lock.leave();
      work.onLog(`Waits for ${holderName(before)}, which ${why}`);
      await waitFor(before, work.signal);
    }
  };
  const lock = await take(store.lockPath(work.key), "is making the same");
  try {
    const way = await take(
      store.progress(work.trajectory).lock,
      "goes the same way, to go on from where that ends",
    );
    try {
      return await does((pid) => {
        for (const one of [lock, way]) one.sign({ ...own, pid });
      });
    } finally {
      way.release();
    }
  } finally {
    lock.release();
  }
}

/** Null where it may not be asked for. */
function hostName(): string | null {
  try {
    return Deno.hostname();
  } catch {
    return null;
  }
}
