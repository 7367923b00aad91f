/**
 * Locks that this host cannot see: on some file systems of clusters a lock holds on its own host alone. What is
 * written in a lock's file names the job that holds it, and Slurm knows whether that still runs.
 */
import type { Holder } from "../store/holder.ts";
import { ownJob } from "../executors/slurm/self.ts";

/** Milliseconds between two questions to Slurm. */
const EVERY = 10_000;

/** True where the job that is named still runs, on whatever host. Where nobody can be asked the lock itself counts. */
export async function runsElsewhere({ slurm }: Holder): Promise<boolean> {
  if (slurm === null || slurm === ownJob().slurm) return false;
  const { isRunning } = await import("../executors/slurm/jobs.ts");
  return await isRunning(slurm) === true;
}

/** Ends when that job does, or the signal comes. */
export async function waitFor(holder: Holder, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && await runsElsewhere(holder)) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, EVERY);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
  }
}
