/** A terminal that remembers what was written, and can say what would stand on the screen. */
import type { Terminal } from "../pipelines/cli/terminal.ts";
import { type Paint, PLAIN } from "../pipelines/cli/text.ts";

export class FakeTerminal implements Terminal {
  readonly live: boolean;
  readonly paint: Paint;
  columns = 80;
  rows = 24;
  text = "";
  complaints = "";

  constructor({ live, paint = PLAIN }: { live: boolean; paint?: Paint }) {
    this.live = live;
    this.paint = paint;
  }
  size(): { columns: number; rows: number } {
    return { columns: this.columns, rows: this.rows };
  }
  write(text: string): void {
    this.text += text;
  }
  complain(text: string): void {
    this.complaints += text;
  }

  get cursorVisible(): boolean {
    return this.text.lastIndexOf("\u001b[?25h") >= this.text.lastIndexOf("\u001b[?25l");
  }

  /** All lines after the moves up and the erasing that `Screen` writes; lines wrap at `columns`. */
  screen(): string {
    const lines: string[] = [""];
    // deno-lint-ignore no-control-regex -- the codes that are interpreted
    for (const part of this.text.match(/\u001b\[[?0-9;]*[a-zA-Z]|\r|\n|[^\u001b\r\n]+/g) ?? []) {
      // deno-lint-ignore no-control-regex -- the same
      const up = /^\u001b\[(\d+)A$/.exec(part);
      if (up !== null) {
        // Up and to the end of the screen is how the block is erased.
        lines.splice(Math.max(0, lines.length - 1 - Number(up[1])));
        lines.push("");
      } else if (part === "\n") lines.push("");
      else if (!part.startsWith("\u001b") && part !== "\r") {
        let left = part;
        while ((lines.at(-1) ?? "").length + left.length > this.columns) {
          const room = this.columns - (lines.at(-1) ?? "").length;
          lines[lines.length - 1] += left.slice(0, room);
          lines.push("");
          left = left.slice(room);
        }
        lines[lines.length - 1] += left;
      }
    }
    return lines.join("\n");
  }
}
