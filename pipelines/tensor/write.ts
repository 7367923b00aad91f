/** Writes an artifact: a Zarr v3 group of tensors, or one file, with its manifest. */
import type { Digest } from "../plan/plan.ts";
import type {
  Arrays,
  ArtifactType,
  ArtifactWriter,
  Dtype,
  JsonObject,
  TensorWriter,
} from "../stage.ts";
import { digestOf, sha256 } from "../store/canonical.ts";
import { INFO, type Manifest, type ObjectInfo } from "../store/store.ts";
import { checkManifest } from "./declared.ts";
import { bytesOf, countOf, isArrayOf, isDtype } from "./dtypes.ts";
import { FolderWriter } from "./files.ts";
import { plainAttributes } from "./attributes.ts";
import { clashIssue, groupsOf, nameIssue } from "../names.ts";
import { beginArray, type ChunkWriter } from "./zarr.ts";

type Described = (Manifest & { kind: "tensors" })["tensors"][string];

/** What is hashed piece by piece; SubtleCrypto hashes only what is whole. */
interface Hash {
  update(bytes: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

interface Open {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly attributes: JsonObject;
  /** Elements that must come, and that have. */
  readonly count: number;
  done: number;
  /** Values that are neither NaN nor infinite are not counted. */
  odd: number;
  sha256: Digest | null;
  readonly hash: Hash | null;
  readonly chunks: ChunkWriter;
  /** The append under way, so that appends that nobody waits for keep their order. */
  last: Promise<void>;
}

/** One output being written to an empty folder. Nothing counts before `finish`. */
export class GroupWriter implements ArtifactWriter {
  readonly #files: FolderWriter;
  readonly #tensors = new Map<string, Open>();
  #attributes: JsonObject = {};
  #file: { sha256: Digest; size: number } | null = null;

  /** `output` is its declared name, for messages. */
  constructor(folder: string, readonly output: string, readonly type: ArtifactType) {
    Deno.mkdirSync(folder, { recursive: true });
    this.#files = new FolderWriter(folder);
  }

  async write<D extends Dtype>(
    name: string,
    dtype: D,
    shape: readonly number[],
    values: Arrays[D],
    attributes: JsonObject = {},
  ): Promise<void> {
    const open = await this.#begin(name, dtype, shape, attributes, null);
    const written = await this.#append(name, open, values);
    open.sha256 = await sha256(bytesOf(written));
    if (open.done !== open.count) throw this.#short(name, open);
  }

  async create<D extends Dtype>(
    name: string,
    dtype: D,
    shape: readonly number[],
    attributes: JsonObject = {},
  ): Promise<TensorWriter<D>> {
    const { createHash } = await import("node:crypto");
    const open = await this.#begin(name, dtype, shape, attributes, createHash("sha256"));
    return {
      append: (rows) => {
        const next = open.last.then(async () => {
          await this.#append(name, open, rows);
        });
        // Who appends sees the failure; the next append must not fail a second time unseen.
        open.last = next.catch(() => {});
        return next;
      },
    };
  }

  setAttributes(attributes: JsonObject): void {
    this.#attributes = plainAttributes(`Output "${this.output}"`, attributes);
  }

  async writeFile(bytes: Uint8Array): Promise<void> {
    if (this.type.kind !== "file") {
      throw new TypeError(`Output "${this.output}" holds tensors: it takes no file`);
    }
    const copy = new Uint8Array(bytes);
    this.#file = { sha256: await sha256(copy), size: copy.length };
    await this.#files.write(this.type.name, copy);
  }

  /** Tensors of floats that hold NaN or infinity, with how many. */
  get odd(): readonly { readonly name: string; readonly count: number }[] {
    return [...this.#tensors].filter(([, open]) => open.odd > 0)
      .map(([name, open]) => ({ name, count: open.odd }));
  }

  /** Checks that all that was declared is there, writes metadata, and answers the artifact's digest. */
  async finish(): Promise<Digest> {
    const manifest = this.type.kind === "file"
      ? this.#fileManifest(this.type.name)
      : await this.#tensorsManifest();
    checkManifest(this.output, this.type, manifest);
    const info: ObjectInfo = { version: 1, manifest, files: this.#files.files };
    const digest = await digestOf({ ...manifest });
    await Deno.writeTextFile(`${this.#files.folder}/${INFO}`, JSON.stringify(info));
    return digest;
  }

  async #begin(
    name: string,
    dtype: Dtype,
    shape: readonly number[],
    attributes: JsonObject,
    hash: Hash | null,
  ): Promise<Open> {
    if (this.type.kind !== "tensors") {
      throw new TypeError(`Output "${this.output}" is a file: it takes no tensor "${name}"`);
    }
    const issue = nameIssue(name) ?? clashIssue(name, this.#tensors.keys());
    if (issue !== null) throw new TypeError(issue);
    if (!isDtype(dtype)) throw new TypeError(`Tensor "${name}" cannot have the dtype "${dtype}"`);
    const plain = plainAttributes(`Tensor "${name}" of output "${this.output}"`, attributes);
    const count = countOf(shape, dtype, name);
    const chunks = beginArray(this.#files, name, dtype, shape, plain);
    const open = { dtype, shape: [...shape], attributes: plain, count, done: 0, odd: 0 };
    const begun: Open = { ...open, sha256: null, hash, chunks, last: Promise.resolve() };
    // Before anything is awaited, so that a second tensor of this name is seen.
    this.#tensors.set(name, begun);
    await chunks.begin();
    return begun;
  }

  /** Answers what was written: the values, a NaN among them in its one form. */
  async #append(name: string, open: Open, values: Arrays[Dtype]): Promise<Arrays[Dtype]> {
    if (!isArrayOf(open.dtype, values)) {
      throw new TypeError(`Tensor "${name}" is ${open.dtype}: it takes no other array`);
    }
    if (open.done + values.length > open.count) {
      throw new TypeError(
        `Tensor "${name}" [${open.shape.join(", ")}] takes ${open.count} values: ` +
          `${open.done + values.length} were given`,
      );
    }
    let written = values;
    if (values instanceof Float32Array || values instanceof Float64Array) {
      let odd = 0;
      for (const value of values) if (!Number.isFinite(value)) odd++;
      if (odd > 0) written = withPlainNaNs(values);
      open.odd += odd;
    }
    open.done += written.length;
    open.hash?.update(bytesOf(written));
    await open.chunks.append(written);
    return written;
  }

  async #tensorsManifest(): Promise<Manifest> {
    const tensors: Record<string, Described> = {};
    // Not an object, which has a `constructor` from the beginning.
    const metadata = new Map<string, unknown>();
    for (const [name, open] of [...this.#tensors].sort(([a], [b]) => a < b ? -1 : 1)) {
      await open.last;
      if (open.done !== open.count) throw this.#short(name, open);
      await open.chunks.end();
      // A digest in hexadecimal is what a Digest is.
      const sha256 = open.sha256 ?? open.hash?.digest("hex") as Digest;
      const { dtype, shape, attributes } = open;
      tensors[name] = { dtype, shape, attributes, sha256 };
      for (const group of groupsOf(name)) {
        if (metadata.has(group)) continue;
        const about = { zarr_format: 3, node_type: "group", attributes: {} };
        metadata.set(group, about);
        await this.#json(`${group}/zarr.json`, about);
      }
      metadata.set(name, open.chunks.metadata);
    }
    // The metadata of all in one place: one file to read for who opens the whole group.
    await this.#json("zarr.json", {
      zarr_format: 3,
      node_type: "group",
      attributes: this.#attributes,
      consolidated_metadata: {
        kind: "inline",
        must_understand: false,
        metadata: Object.fromEntries(metadata),
      },
    });
    return { kind: "tensors", attributes: this.#attributes, tensors };
  }

  #fileManifest(name: string): Manifest {
    if (this.#file === null) {
      throw new TypeError(`Output "${this.output}" was not written: a file was declared`);
    }
    return { kind: "file", name, ...this.#file };
  }

  #short(name: string, open: Open): TypeError {
    return new TypeError(
      `Tensor "${name}" of output "${this.output}" is not whole: [${open.shape.join(", ")}] is ` +
        `${open.count} values, ${open.done} were written`,
    );
  }

  async #json(path: string, value: unknown): Promise<void> {
    await this.#files.write(path, new TextEncoder().encode(JSON.stringify(value)));
  }
}

/** A NaN's bits are the processor's own choice: all become the quiet one without a sign or a payload. */
function withPlainNaNs<T extends Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(
  values: T,
): T {
  const copy = values.slice() as T; // a slice is of its own kind
  const words = new Uint32Array(copy.buffer);
  const wide = copy.BYTES_PER_ELEMENT === 8;
  const isLittle = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
  for (const [i, value] of copy.entries()) {
    if (!Number.isNaN(value)) continue;
    if (!wide) words[i] = 0x7fc00000;
    else {
      words[2 * i] = isLittle ? 0 : 0x7ff80000;
      words[2 * i + 1] = isLittle ? 0x7ff80000 : 0;
    }
  }
  return copy;
}
