/** Source files as they were read, each once, so that all that is made of a file is made of the same text. */
import { forward } from "../config/paths.ts";
import { sha256 } from "../store/canonical.ts";
import type { Digest } from "./plan.ts";

export class Sources {
  readonly #read = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  /** Of all that was read when it was asked for last. */
  #digests: { readonly files: number; readonly found: Map<string, Digest> } | null = null;

  /** `path`: absolute. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const content = Deno.readFile(path);
    this.#read.set(path, content);
    return content;
  }

  /** Absolute path, with `/`, to the digest of what was read; sorted. */
  async digests(): Promise<ReadonlyMap<string, Digest>> {
    const files = this.#read.size;
    if (this.#digests?.files === files) return this.#digests.found;
    const found = new Map<string, Digest>();
    for (const [path, content] of [...this.#read].sort(([a], [b]) => a < b ? -1 : 1)) {
      // A file that could not be read has no part in anything that was made.
      const bytes = await content.catch(() => null);
      if (bytes !== null) found.set(forward(path), await sha256(bytes));
    }
    this.#digests = { files, found };
    return found;
  }
}
