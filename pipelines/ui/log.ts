/** A piece of a stage's log: its end, or what has come since. */
import { fill } from "./tail.ts";
import type { LogView } from "./views.ts";

/** Bytes of one piece. */
const PIECE = 128 * 1024;

/**
 * `from`: the place to read from, in bytes; null: near the end. Whole lines, as far as there are any. Null where
 * there is no such log.
 */
export async function readLog(path: string, from: number | null): Promise<LogView | null> {
  try {
    if (!Deno.lstatSync(path).isFile) return null; // a link could lead out of the store
    using file = await Deno.open(path, { read: true });
    const { size } = await file.stat();
    const isTail = from === null || from > size; // past its end: it was written anew
    const start = isTail ? Math.max(0, size - PIECE) : from;
    const bytes = new Uint8Array(Math.min(PIECE, size - start));
    const found = bytes.subarray(0, await fill(file, start, bytes));
    // It begins after a line's end, unless that is the beginning of all.
    const skipped = isTail && start > 0 ? found.indexOf(10) + 1 : 0;
    const whole = found.lastIndexOf(10) + 1;
    const end = whole > skipped ? whole : found.length;
    return {
      text: new TextDecoder().decode(found.subarray(skipped, end)),
      from: start + skipped,
      next: start + end,
      size,
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
