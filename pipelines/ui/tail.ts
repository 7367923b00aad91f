/** Follows a file of lines that another process appends to, on this host or another. */

/** Bytes of one line; what is longer is passed over. */
export const MOST_LINE = 16 * 1024 * 1024;
const PIECE = 256 * 1024;

/** How a reading ended. `gone`: there is no such file any more. `anew`: it is another file, or was cut off. */
export type Reading = "same" | "more" | "anew" | "gone";

export class Tail {
  /** Bytes that were read: the end of the last whole line. */
  position = 0;
  #file = "";

  constructor(readonly path: string) {}

  /**
   * Reads the whole lines that are new, and only those; `end` is the place behind a line. After `anew` and `gone`
   * the next reading begins at the start. What is no plain file is `gone`.
   */
  async read(onLine: (line: string, end: number) => void): Promise<Reading> {
    let file: Deno.FsFile;
    try {
      // A link could lead out of the store, and the opening of a pipe would wait.
      if (!(await Deno.lstat(this.path)).isFile) return this.#startAnew("gone");
      file = await Deno.open(this.path, { read: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return this.#startAnew("gone");
      throw error;
    }
    try {
      const { size, ino, dev } = await file.stat();
      const is = `${dev} ${ino}`;
      if (this.#file !== "" && (is !== this.#file || size < this.position)) {
        return this.#startAnew("anew");
      }
      this.#file = is;
      if (size === this.position) return "same";
      return await this.#lines(file, size, onLine) ? "more" : "same";
    } finally {
      file.close();
    }
  }

  #startAnew(reading: Reading): Reading {
    this.position = 0;
    this.#file = "";
    return reading;
  }

  /** True if there was a line. */
  async #lines(
    file: Deno.FsFile,
    size: number,
    onLine: (line: string, end: number) => void,
  ): Promise<boolean> {
    const start = this.position;
    let bytes = new Uint8Array(Math.min(PIECE, size - start));
    while (this.position < size) {
      const count = await fill(file, this.position, bytes.subarray(0, size - this.position));
      if (count === 0) break;
      const found = bytes.subarray(0, count);
      const end = found.lastIndexOf(10) + 1;
      if (end === 0) {
        if (count < bytes.length || this.position + count >= size) break; // half a line
        if (bytes.length < MOST_LINE) {
          bytes = new Uint8Array(Math.min(2 * bytes.length, MOST_LINE));
        } else this.position += count; // its rest is no JSON, and is passed over, too
        continue;
      }
      let at = 0;
      for (let next = found.indexOf(10); next >= 0; next = found.indexOf(10, at)) {
        const line = new TextDecoder().decode(found.subarray(at, next));
        at = next + 1;
        onLine(line, this.position + at);
      }
      this.position += end;
    }
    return this.position > start;
  }
}

/** Fills `bytes` from a place of the file on; fewer where it ends. */
export async function fill(file: Deno.FsFile, from: number, bytes: Uint8Array): Promise<number> {
  await file.seek(from, Deno.SeekMode.Start);
  let count = 0;
  while (count < bytes.length) {
    const read = await file.read(bytes.subarray(count));
    if (read === null) break;
    count += read;
  }
  return count;
}
