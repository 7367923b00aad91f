/** What a run will take: said before it, and held against the room that there is. */
import type { Estimate } from "../plan/estimate.ts";
import { CommandError, UsageError } from "./command.ts";
import { cores, shortPath } from "./place.ts";
import { bytes, duration } from "./text.ts";

/** Whole threads from 1; all cores where nothing is asked. */
export function jobsOf(text: string | undefined): number {
  if (text === undefined) return cores();
  const jobs = Number(text);
  if (!/^\d+$/.test(text) || jobs < 1 || jobs > 4096) {
    throw new UsageError(`--jobs "${text}" is no number of threads`, "give a whole number from 1");
  }
  return jobs;
}

/** "about 5 min 34 s and 120 MB, by earlier runs"; null where there is nothing to do. */
export function estimateText(
  { nodes, milliseconds, bytes: size, unknown }: Estimate,
): string | null {
  if (nodes === 0) return null;
  if (unknown === nodes) {
    return size === 0 ? null : `takes about ${bytes(size)}; how long is not known yet`;
  }
  const rest = unknown === 0 ? "" : `, and ${unknown} of which no time is known`;
  return `takes about ${duration(milliseconds)} and ${bytes(size)}, by earlier runs${rest}`;
}

/** Free bytes where a store lies or will lie; null where the system does not tell. */
export async function freeBytes(store: string): Promise<number | null> {
  const { statfsSync } = await import("node:fs");
  for (let folder = store; folder !== ""; folder = folder.slice(0, folder.lastIndexOf("/"))) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch {
      // It is not there yet: the folder that it will be made in says how much there is.
    }
  }
  return null;
}

/** @throws {CommandError} where what a run will write does not fit. */
export async function checkRoom({ bytes: size }: Estimate, store: string): Promise<void> {
  if (size === 0) return;
  const free = await freeBytes(store);
  if (free === null || free >= size) return;
  throw new CommandError(
    `The run needs about ${bytes(size)} in "${shortPath(store)}", where ${bytes(free)} are free; ` +
      "nothing was run",
    "make room, `deno task gc --help`, or name another place by --store; --no-space-check runs it",
  );
}
