/** Opens a stored artifact. What is read is verified: the manifest, each file, and each whole tensor. */
import type { Digest } from "../plan/plan.ts";
import type { Arrays, ArtifactReader, Dtype, TensorReader } from "../stage.ts";
import { sha256 } from "../store/canonical.ts";
import { readInfo } from "../store/info.ts";
import type { Manifest, ObjectInfo } from "../store/store.ts";
import { allocate, bytesOf, countOf, isDtype, rowOf } from "./dtypes.ts";
import { DamagedError, FolderReader } from "./files.ts";
import { checkGroup, type ChunkReader, openArray } from "./zarr.ts";

type Described = (Manifest & { kind: "tensors" })["tensors"][string];

/** `folder` is the object's; throws where its manifest is not that of `digest`. */
export async function openArtifact(folder: string, digest: Digest): Promise<ArtifactReader> {
  return readerOf(folder, digest, await readInfo(folder, digest));
}

function readerOf(folder: string, digest: Digest, info: ObjectInfo): ArtifactReader {
  const files = new FolderReader(folder, info.files);
  const { manifest } = info;
  const tensors = new Map<string, Described>(
    manifest.kind === "tensors" ? Object.entries(manifest.tensors) : [],
  );
  return {
    digest,
    attributes: manifest.kind === "tensors" ? manifest.attributes : {},
    names: [...tensors.keys()].sort(),
    has: (name) => tensors.has(name),
    tensor(name, dtype) {
      const found = tensors.get(name);
      if (found === undefined) {
        const names = [...tensors.keys()].join(", ");
        throw new TypeError(
          `There is no tensor "${name}": the artifact holds ${names === "" ? "none" : names}`,
        );
      }
      if (found.dtype !== dtype) {
        throw new TypeError(`Tensor "${name}" is ${found.dtype}: ${dtype} was asked for`);
      }
      return new StoredTensor(files, name, dtype, found);
    },
  };
}

/** The one file of an artifact of kind `file`, verified. */
export async function readArtifactFile(
  folder: string,
  digest: Digest,
): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }> {
  const { manifest } = await readInfo(folder, digest);
  if (manifest.kind !== "file") throw new TypeError(`The artifact ${digest} is no file`);
  // Its digest is that of the manifest, whatever the list of files says.
  const { name, size, sha256 } = manifest;
  const reader = new FolderReader(folder, { [name]: { size, sha256 } });
  return { name, bytes: await reader.read(name) };
}

/**
 * Reads all of an artifact, a chunk at a time, and answers what it is. What describes it to other readers of Zarr is
 * held against its manifest, too.
 *
 * @throws DamagedError, ObjectError where its values, or files, are not those of its manifest
 */
export async function verifyArtifact(folder: string, digest: Digest): Promise<ObjectInfo> {
  const info = await readInfo(folder, digest);
  const { manifest } = info;
  if (manifest.kind === "file") {
    await readArtifactFile(folder, digest);
    return info;
  }
  const files = new FolderReader(folder, info.files);
  for (const [name, described] of Object.entries(manifest.tensors)) {
    const { dtype } = described;
    if (!isDtype(dtype)) throw new DamagedError(`Tensor "${name}" has no dtype "${dtype}"`, folder);
    await new StoredTensor(files, name, dtype, described).verify();
  }
  await checkGroup(files, manifest);
  return info;
}

class StoredTensor<D extends Dtype> implements TensorReader<D> {
  readonly shape: readonly number[];
  readonly attributes: TensorReader["attributes"];
  readonly #sha256: Digest;
  #array: Promise<ChunkReader<D>> | null = null;
  /** Once the digest of all its values was seen to be the manifest's: the files are held against their own. */
  #verified: Promise<void> | null = null;
  /** The chunk read last: rows are mostly read in order, a few at a time. */
  #last: { index: number; values: Promise<Arrays[D]> } | null = null;

  constructor(
    readonly files: FolderReader,
    readonly name: string,
    readonly dtype: D,
    described: Described,
  ) {
    this.shape = described.shape;
    this.attributes = described.attributes;
    this.#sha256 = described.sha256;
  }

  async read(into?: Arrays[D]): Promise<Arrays[D]> {
    const count = countOf(this.shape, this.dtype, this.name);
    const values = await this.#between(0, count === 0 ? 0 : this.shape[0] ?? 1, into);
    this.#compare(await sha256(bytesOf(values)));
    return values;
  }

  /** Holds all its values against the manifest's digest; no more than a chunk is in memory. */
  async verify(): Promise<void> {
    const { createHash } = await import("node:crypto");
    const hash = createHash("sha256");
    if (countOf(this.shape, this.dtype, this.name) > 0) {
      const array = await this.#open();
      const per = array.rowsPerChunk, row = rowOf(this.shape), rows = this.shape[0] ?? 1;
      for (let start = 0; start < rows; start += per) {
        const values = await array.chunk(start / per);
        hash.update(bytesOf(values.subarray(0, (Math.min(rows, start + per) - start) * row)));
      }
    }
    this.#compare(hash.digest("hex"));
  }

  #compare(found: string): void {
    if (found === this.#sha256) return;
    throw new DamagedError(
      `Tensor "${this.name}" in "${this.files.folder}" is damaged: the SHA-256 of its values is ` +
        `${found}, ${this.#sha256} was written`,
      this.files.folder,
    );
  }

  #open(): Promise<ChunkReader<D>> {
    return this.#array ??= openArray(this.files, this.name, this.dtype, this.shape);
  }

  async rows(start: number, end: number, into?: Arrays[D]): Promise<Arrays[D]> {
    const rows = this.shape[0] ?? 0;
    if (
      !Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start ||
      end > rows
    ) {
      throw new RangeError(
        `Cannot read rows ${start} to ${end} of "${this.name}": it has ${rows} rows`,
      );
    }
    // All of them can be held against the digest of all.
    if (start === 0 && end === rows) return await this.read(into);
    // A file's digest stands beside the manifest, and not in it: it is believed once all values were seen.
    await (this.#verified ??= this.verify());
    return await this.#between(start, end, into);
  }

  async #between(start: number, end: number, into?: Arrays[D]): Promise<Arrays[D]> {
    const row = rowOf(this.shape);
    const length = (end - start) * row;
    const result = into ?? allocate(this.dtype, length);
    if (result.length !== length) {
      throw new RangeError(
        `Cannot read ${length} values of "${this.name}" into an array of ${result.length}`,
      );
    }
    if (result.length === 0) return result;
    const array = await this.#open();
    const per = array.rowsPerChunk;
    for (let index = Math.floor(start / per); index * per < end; index++) {
      if (this.#last?.index !== index) this.#last = { index, values: array.chunk(index) };
      const values = await this.#last.values;
      const from = Math.max(start, index * per), to = Math.min(end, (index + 1) * per);
      result.set(
        // Indexing by a type parameter cannot say that both are of one dtype.
        values.subarray((from - index * per) * row, (to - index * per) * row) as Arrays[D],
        (from - start) * row,
      );
    }
    return result;
  }
}

/** Whether every tensor of a manifest has a dtype and a shape that can be read. */
export function isReadable(manifest: Manifest): boolean {
  return manifest.kind === "file" ||
    Object.values(manifest.tensors).every(({ dtype }) => isDtype(dtype));
}
