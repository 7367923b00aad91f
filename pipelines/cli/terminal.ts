/** Standard output and error as the printers use them. */
import { COLOURS, type Paint, PLAIN } from "./text.ts";

export interface Terminal {
  /** Is standard output a terminal that lines can be redrawn on? */
  readonly live: boolean;
  readonly paint: Paint;
  /** Columns and rows now; they change when the window does. */
  size(): { columns: number; rows: number };
  /** To standard output, at once. */
  write(text: string): void;
  /** To standard error, at once. */
  complain(text: string): void;
}

/** Bytes as a stream takes them. */
interface Sink {
  writeSync(bytes: Uint8Array): number;
}

/** The process' own terminal. Output that cannot be written ends the output, not the run. */
export function processTerminal(): Terminal {
  const tty = Deno.stdout.isTerminal();
  const live = tty && Deno.env.get("TERM") !== "dumb";
  const complain = writer(Deno.stderr, () => {});
  return {
    live,
    paint: tty && !Deno.noColor ? COLOURS : PLAIN,
    size() {
      try {
        const { columns, rows } = Deno.consoleSize();
        // A pseudo-terminal that was given no size says 0.
        return { columns: columns || 80, rows: rows || 24 };
      } catch {
        return { columns: 80, rows: 24 };
      }
    },
    write: writer(Deno.stdout, (why) => {
      complain(`warning: standard output cannot be written, the rest is not shown: ${why}\n`);
    }),
    complain,
  };
}

/** Milliseconds between two tries on a stream that is full, and those after which its reader is taken for gone. */
const PAUSE = 10, PATIENCE = 10_000;

const ended = new WeakSet<Sink>();

/** `lost`: told once where something else than a reader that went away (`| head`) ended the output. */
export function writer(sink: Sink, lost: (why: string) => void): (text: string) => void {
  return (text) => {
    let left = new TextEncoder().encode(text);
    let waited = 0;
    while (left.length > 0 && !ended.has(sink)) {
      try {
        left = left.subarray(sink.writeSync(left));
        waited = 0;
      } catch (error) {
        if (error instanceof Deno.errors.Interrupted) continue;
        // Somebody made it a stream that does not wait, so that this one does.
        if (error instanceof Deno.errors.WouldBlock && waited < PATIENCE) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
          waited += PAUSE;
          continue;
        }
        ended.add(sink);
        if (error instanceof Deno.errors.BrokenPipe) return;
        lost(error instanceof Error ? error.message : String(error));
      }
    }
  };
}
