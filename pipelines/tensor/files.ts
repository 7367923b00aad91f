/** Where zarrita reads and writes: one folder, every file's digest known. */
import type { Digest } from "../plan/plan.ts";
import { sha256 } from "../store/canonical.ts";
import type { ObjectInfo } from "../store/store.ts";

type Files = ObjectInfo["files"];

/** Stored bytes that are not those that were written; `folder` is the object's. */
export class DamagedError extends Error {
  override readonly name = "DamagedError";
  constructor(message: string, readonly folder: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** zarrita's keys begin with `/`. */
type ZarrPath = `/${string}`;

/** Writes each file once and remembers its size and digest. */
export class FolderWriter {
  readonly files: Record<string, { size: number; sha256: Digest }> = {};
  readonly #folders = new Set<string>();

  constructor(readonly folder: string) {}

  /** Nothing is read back: each chunk is written once, whole. */
  get(_path: ZarrPath): undefined {
    return undefined;
  }
  async set(path: ZarrPath, value: Uint8Array): Promise<void> {
    await this.write(path.slice(1), value);
  }
  async write(path: string, value: Uint8Array): Promise<void> {
    const bytes = new Uint8Array(value.byteLength);
    // A copy of our own, because a codec may hand out its memory and take it back during the writing.
    bytes.set(value);
    const parent = path.split("/").slice(0, -1).join("/");
    if (!this.#folders.has(parent)) {
      Deno.mkdirSync(`${this.folder}/${parent}`, { recursive: true });
      this.#folders.add(parent);
    }
    const [digest] = await Promise.all([
      sha256(bytes),
      Deno.writeFile(`${this.folder}/${path}`, bytes),
    ]);
    this.files[path] = { size: bytes.length, sha256: digest };
  }
}

/** Reads files and gives them only when they are what was written. */
export class FolderReader {
  constructor(readonly folder: string, readonly files: Files) {}

  async get(path: ZarrPath): Promise<Uint8Array<ArrayBuffer>> {
    return await this.read(path.slice(1));
  }
  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const known = Object.hasOwn(this.files, path) ? this.files[path] : undefined;
    // zarrita would take a chunk that is not there for zeros.
    if (known === undefined) {
      throw new DamagedError(`"${this.folder}" lacks its file "${path}"`, this.folder);
    }
    const file = `${this.folder}/${path}`;
    const damaged = (what: string) =>
      new DamagedError(`"${file}" is damaged: ${what}`, this.folder);
    try {
      // The size is looked at first, so that a file that has grown is not read into memory.
      const { size } = await Deno.stat(file);
      if (size !== known.size) throw damaged(`it has ${size} bytes, ${known.size} were written`);
      const bytes = await Deno.readFile(file);
      const digest = await sha256(bytes);
      if (digest !== known.sha256) {
        throw damaged(`its SHA-256 is ${digest}, ${known.sha256} was written`);
      }
      return bytes;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) throw damaged("it is not there");
      throw error;
    }
  }
}
