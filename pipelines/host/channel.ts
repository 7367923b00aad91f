/**
 * How a stage process answers the engine. Loaded before a line of the stage runs: it takes what it needs of the engine's
 * functions, and reads from standard input the token that each reply begins with. No code of a stage sees either, so that
 * whatever it writes, and wherever, is no reply.
 */
import type { Reply } from "./protocol.ts";
import { primordials } from "./primordials.ts";
import { LINE_LIMIT, TOKEN } from "./protocol.ts";

const { byteLengthOf, encode, jsonText, writeOut } = primordials;
// Its type is written out, so that what follows a call is known to be out of reach.
const exit: (code: number) => never = primordials.exit;
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
  let text = jsonText(message);
  const size = byteLengthOf(encode(text));
  if (size > LINE_LIMIT) {
    const said = `Its reply "${message.type}" has ${size} bytes: ${LINE_LIMIT} are read`;
    text = jsonText({ type: "failed", failure: { type: "threw", message: said } });
  }
  // What else was written may lack its line end.
  writeOut(`\n${token} ${text}\n`);
}

/** Ends the process. */
export function end(code: number): never {
  exit(code);
}
