/** Finding a known file: in folders, then at its publisher's; by its digest, never by its place. */
import type { Content, DataFile } from "./fashion.ts";

export interface Download {
  readonly signal: AbortSignal;
  /** Bytes that have come, of this file. */
  readonly onBytes: (done: number) => void;
  /** Milliseconds before the n-th repetition, from 1; tests make it 0. */
  readonly pause?: (attempt: number) => number;
}

/** A connection that is silent for so long is broken off and taken up again. */
const SILENCE_MS = 30_000;
const ATTEMPTS = 5;

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Null if it is the wanted file, or what is wrong with it, with both digests. */
export async function mismatch(
  bytes: Uint8Array<ArrayBuffer>,
  wanted: Content,
  place: string,
): Promise<string | null> {
  const found = await sha256(bytes);
  if (found === wanted.sha256) return null;
  return `"${place}" is a wrong file (${bytes.length} bytes): its SHA-256 is ${found}, wanted ${wanted.sha256} (${wanted.bytes} bytes)`;
}

/** Waits, or less if the signal comes. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}

/** Streams a file of known size; after a break it goes on from the byte where it stopped. */
export async function download(
  url: string,
  wanted: DataFile,
  options: Download,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(wanted.bytes);
  let have = 0, failure = "";
  const pause = options.pause ?? ((attempt: number) => 500 * attempt * attempt);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await rest(pause(attempt), options.signal);
    options.signal.throwIfAborted();
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const response = await fetch(url, {
        // Identity: the digest is that of the file as it lies there, packed or not.
        headers: { "accept-encoding": "identity", ...have > 0 && { range: `bytes=${have}-` } },
        signal: AbortSignal.any([options.signal, silence.signal]),
      });
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        failure = `the server answered ${response.status}`;
        // A file that is not there will not be there the next time.
        if (response.status >= 400 && response.status < 500) break;
        continue;
      }
      // 200 to a range: the server sends it from the start.
      const range = response.headers.get("content-range") ?? "";
      if (response.status !== 206 || !range.startsWith(`bytes ${have}-`)) have = 0;
      if (response.status === 206 && have === 0 && !range.startsWith("bytes 0-")) {
        await response.body.cancel();
        failure = `the server answered the range "${range}", which was not asked for`;
        continue;
      }
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        if (have + chunk.length > wanted.bytes) {
          throw new RangeError(`it sent more than the ${wanted.bytes} bytes that were wanted`);
        }
        out.set(chunk, have);
        have += chunk.length;
        options.onBytes(have);
      }
      if (have === wanted.bytes) return out;
      failure = `it ended after ${have} of ${wanted.bytes} bytes`;
    } catch (error) {
      options.signal.throwIfAborted();
      failure = silence.signal.aborted
        ? `it sent nothing for ${SILENCE_MS / 1000} s`
        : error instanceof Error
        ? error.message
        : String(error);
      if (error instanceof RangeError) break;
    } finally {
      clearTimeout(timer);
    }
  }
  throw new Error(`Cannot download "${url}": ${failure}`);
}

/** Where to look, and whom to tell. */
export interface Places extends Download {
  /** Folders that hold data-set folders, in order. */
  readonly folders: readonly string[];
  /** The data set's folder in each. */
  readonly folder: string;
  /** Address of the files at the publisher's, with a slash at its end. */
  readonly publisher: string;
  readonly log: (message: string) => void;
}

export interface Obtained {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** False where it lay there unpacked. */
  readonly isPacked: boolean;
}

/**
 * The wanted file from the first place that has it, packed or not. A wrong one is named in the log and passed over.
 */
export async function obtain(wanted: DataFile, places: Places): Promise<Obtained> {
  const problems: string[] = [];
  const bare = wanted.name.replace(/\.gz$/, "");
  for (const folder of places.folders) {
    const path = `${folder}/${places.folder}`;
    const packed = await look(`${path}/${wanted.name}`, wanted);
    if (packed instanceof Uint8Array) return { bytes: packed, isPacked: true };
    const unpacked = await look(`${path}/${bare}`, wanted.unpacked);
    if (unpacked instanceof Uint8Array) return { bytes: unpacked, isPacked: false };
    const wrong = [packed, unpacked].filter((problem) => problem !== null);
    for (const problem of wrong) places.log(`Passed over: ${problem}`);
    problems.push(
      ...wrong.length > 0
        ? wrong
        : [`"${path}/${wanted.name}" does not exist, nor does "${bare}" beside it`],
    );
  }
  const url = places.publisher + wanted.name;
  try {
    const bytes = await download(url, wanted, places);
    const problem = await mismatch(bytes, wanted, url);
    if (problem === null) return { bytes, isPacked: true };
    problems.push(problem);
  } catch (error) {
    places.signal.throwIfAborted();
    problems.push((error as Error).message); // `download` throws Errors
  }
  throw new Error(
    `Cannot get "${wanted.name}": none of its sources has it\n` +
      problems.map((problem) => `  ${problem}`).join("\n") +
      `\nPut the file into one of these folders, or name another by CRISOL_DATASETS`,
  );
}

/** A file's bytes if they are the wanted ones; else what is wrong with it, or null where there is none. */
async function look(
  path: string,
  wanted: Content,
): Promise<Uint8Array<ArrayBuffer> | string | null> {
  try {
    const { size } = await Deno.stat(path);
    // A huge file is not read just to find that it is wrong.
    if (size > 2 * wanted.bytes + 1024) {
      return `"${path}" is a wrong file: ${size} bytes, wanted ${wanted.bytes}`;
    }
    const bytes = await Deno.readFile(path);
    return await mismatch(bytes, wanted, path) ?? bytes;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    return `"${path}" cannot be read: ${(error as Error).message}`; // Deno throws Errors
  }
}
