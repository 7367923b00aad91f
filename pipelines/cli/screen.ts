/** A block of lines at the bottom of a terminal that is redrawn in place; other lines go above it. */
import type { Terminal } from "./terminal.ts";
import { width } from "./text.ts";

const ESC = "\u001b[";

export class Screen {
  #drawn: readonly string[] = [];
  #open = false;

  constructor(readonly terminal: Terminal) {}

  /** Replaces the block by `block`, with `above` printed for good before it. */
  draw(above: readonly string[], block: readonly string[]): void {
    let text = this.#open ? "" : `${ESC}?25l`;
    this.#open = true;
    text += this.#erase();
    for (const line of [...above, ...block]) text += `${line}\n`;
    this.#drawn = block;
    // One write, so that no half-drawn block is seen.
    this.terminal.write(text);
  }

  /** Removes the block and gives the cursor back; may be called twice. */
  close(): void {
    if (!this.#open) return;
    this.terminal.write(`${this.#erase()}${ESC}?25h`);
    this.#drawn = [];
    this.#open = false;
  }

  /** Lines that were drawn on a wider window have wrapped since, and take more rows now. */
  #erase(): string {
    const { columns } = this.terminal.size();
    let rows = 0;
    for (const line of this.#drawn) rows += Math.max(1, Math.ceil(width(line) / columns));
    return rows === 0 ? "" : `\r${ESC}${rows}A${ESC}0J`;
  }
}
