/**
 * Source files as they were read, each once, so that all that is made of a file is made of the same text. A file goes by
 * the path that somebody wrote and, links followed, by its real one: where a link leads is remembered with what lay there.
 */
import { forward } from "../config/paths.ts";
import { sha256 } from "../store/canonical.ts";
import type { Digest } from "./plan.ts";

export class Sources {
  /** A path as it was written to the real one. */
  readonly #real = new Map<string, Promise<string>>();
  /** A real path to what was read. */
  readonly #read = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  /** Of all that was read when it was asked for last. */
  #states: { readonly files: number; readonly found: Map<string, Digest> } | null = null;

  /** The real path of a file, with `/`. `path`: absolute. Throws where there is no such file. */
  find(path: string): Promise<string> {
    const known = this.#real.get(path);
    if (known !== undefined) return known;
    const real = realFile(path);
    this.#real.set(path, real);
    return real;
  }

  /** `real`: as `find` answers. */
  read(real: string): Promise<Uint8Array<ArrayBuffer>> {
    const known = this.#read.get(real);
    if (known !== undefined) return known;
    const content = Deno.readFile(real);
    this.#read.set(real, content);
    return content;
  }

  /** Each path by which a file was found, to its state as it was read; sorted. */
  async states(): Promise<ReadonlyMap<string, Digest>> {
    const files = this.#real.size + this.#read.size;
    if (this.#states?.files === files) return this.#states.found;
    const found = new Map<string, Digest>();
    for (const [path, asked] of [...this.#real].sort(([a], [b]) => a < b ? -1 : 1)) {
      // A file that could not be read has no part in anything that was made.
      const real = await asked.catch(() => null);
      const bytes = real === null ? null : await this.#read.get(real)?.catch(() => null);
      if (real !== null && bytes) found.set(path, await stateOf(real, bytes));
    }
    this.#states = { files, found };
    return found;
  }
}

/** What of a file may change: what is in it, and where it lies, by which its own imports go. */
export async function stateOf(real: string, content: Uint8Array): Promise<Digest> {
  const place = new TextEncoder().encode(`${real}\n`);
  const all = new Uint8Array(place.length + content.length);
  all.set(place);
  all.set(content, place.length);
  return await sha256(all);
}

async function realFile(path: string): Promise<string> {
  const real = forward(await Deno.realPath(path));
  if (!(await Deno.stat(real)).isFile) throw new Deno.errors.NotFound(`"${path}" is no file`);
  return real;
}
