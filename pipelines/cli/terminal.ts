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

/** The process' own terminal. A reader that goes away (`| head`) ends the output, not the run. */
export function processTerminal(): Terminal {
  const tty = Deno.stdout.isTerminal();
  const live = tty && Deno.env.get("TERM") !== "dumb";
  const encoder = new TextEncoder();
  const writer = (stream: { writeSync(bytes: Uint8Array): number }) => {
    let open = true;
    return (text: string) => {
      if (!open) return;
      let left = encoder.encode(text);
      try {
        while (left.length > 0) left = left.subarray(stream.writeSync(left));
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
        open = false;
      }
    };
  };
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
    write: writer(Deno.stdout),
    complain: writer(Deno.stderr),
  };
}
