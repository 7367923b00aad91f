/**
 * How a stage process answers the engine. Loaded before a line of the stage runs: it takes what it needs of the engine's
 * functions, and reads from standard input the token that each reply begins with. No code of a stage sees either, so that
 * whatever it writes, and wherever, is no reply.
 */
import type { Reply } from "./protocol.ts";
import { LINE_LIMIT, TOKEN } from "./protocol.ts";

const { stringify } = JSON;
const encoder = new TextEncoder();
const encode = encoder.encode.bind(encoder);
const write = Deno.stdout.writeSync.bind(Deno.stdout);
const exit = Deno.exit.bind(Deno);
const token = readToken();

/** What a stage process's code was given to read. */
export const input: ReadableStream<Uint8Array<ArrayBuffer>> = Deno.stdin.readable;

function readToken(): string {
  const bytes = new Uint8Array(TOKEN + 1);
  for (let have = 0; have < bytes.length;) {
    const read = Deno.stdin.readSync(bytes.subarray(have));
    if (read === null) exit(0); // there is no engine any more
    have += read;
  }
  return new TextDecoder().decode(bytes.subarray(0, TOKEN));
}

export function reply(message: Reply): void {
  let bytes = line(message);
  if (bytes.length > LINE_LIMIT) {
    const said = `Its reply "${message.type}" has ${bytes.length} bytes: ${LINE_LIMIT} are read`;
    bytes = line({ type: "failed", failure: { type: "threw", message: said } });
  }
  while (bytes.length > 0) bytes = bytes.subarray(write(bytes));
}

function line(message: Reply): Uint8Array<ArrayBuffer> {
  // What else was written may lack its line end.
  return encode(`\n${token} ${stringify(message)}\n`);
}

/** Ends the process. */
export function end(code: number): never {
  exit(code);
}
