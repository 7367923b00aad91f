/** What a stage process prints: its replies to the engine, and all else, which is its log. */
import { LINE_LIMIT } from "../host/protocol.ts";

/** A log grows to this at most; what a stage prints beyond is dropped, with a note. */
export const LOG_LIMIT = 32 * 1024 * 1024;
/** Of standard error, so much is kept in memory, to tell why a process ended. */
const TAIL = 16 * 1024;

/** A reply that cannot be taken: it is too long, or not what was agreed on. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const LINE_END = 10;

/** The texts of lines that begin with the token; all other bytes are handed to `rest` as they come. */
export async function* repliesIn(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  token: string,
  rest: (bytes: Uint8Array) => void,
): AsyncGenerator<string> {
  const head = encoder.encode(`${token} `);
  const isReply = (line: Uint8Array) => head.every((byte, i) => line[i] === byte);
  // Of a line that has no end yet.
  let parts: Uint8Array<ArrayBuffer>[] = [], size = 0;
  // A reply begins with a line end, so that it has a line of its own: an empty line before it is not the stage's.
  let empty: Uint8Array | null = null;
  const hand = (bytes: Uint8Array) => {
    if (empty !== null) rest(empty);
    empty = null;
    rest(bytes);
  };
  const take = () => {
    const [first] = parts;
    const line = parts.length === 1 && first !== undefined ? first : concatenate(parts, size);
    parts = [];
    size = 0;
    return line;
  };
  for await (const bytes of stream) {
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(LINE_END, from);
      const part = bytes.subarray(from, end === -1 ? bytes.length : end + 1);
      if (part.length > 0) parts.push(part);
      size += part.length;
      if (size > LINE_LIMIT + head.length + 1) {
        const line = take();
        if (isReply(line)) throw new ReplyError(`its reply has more than ${LINE_LIMIT} bytes`);
        hand(line);
      }
      if (end === -1) break;
      from = end + 1;
      const line = take();
      if (isReply(line)) {
        empty = null;
        yield decoder.decode(line.subarray(head.length));
      } else if (line.length > 1) hand(line);
      else {
        if (empty !== null) rest(empty);
        empty = line;
      }
    }
  }
  if (size > 0) hand(take());
  else if (empty !== null) rest(empty);
}

function concatenate(
  parts: readonly Uint8Array[],
  size: number,
): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Standard error and what else a stage prints, any bytes, written to a file as they come. */
export class Log {
  #file: Deno.FsFile | null;
  #size = 0;
  #tail = new Uint8Array();

  constructor(path: string | null) {
    this.#file = path === null ? null : Deno.openSync(path, { create: true, append: true });
  }
  get tail(): string {
    return decoder.decode(this.#tail);
  }
  async drain(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const bytes of stream) this.write(bytes);
  }
  write(bytes: Uint8Array): void {
    const all = concatenate([this.#tail, bytes], this.#tail.length + bytes.length);
    this.#tail = all.subarray(-TAIL);
    if (this.#file === null || this.#size > LOG_LIMIT) return;
    this.#size += bytes.length;
    const isFull = this.#size > LOG_LIMIT;
    const kept = isFull ? encoder.encode("\nThe log is full: what follows is not kept\n") : bytes;
    try {
      for (let done = 0; done < kept.length;) done += this.#file.writeSync(kept.subarray(done));
    } catch {
      // A full disk must not end a run because of what a stage prints; the run itself will say it.
      this.close();
    }
  }
  close(): void {
    this.#file?.close();
    this.#file = null;
  }
}
