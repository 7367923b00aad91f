/** Zarr arrays, chunked along the first axis alone; the only importer of zarrita, which it loads late. */
import type { Array as ZarrArray } from "zarrita";
import type { Arrays, Dtype, Json, JsonObject } from "../stage.ts";
import { canonicalJson } from "../store/canonical.ts";
import type { Manifest } from "../store/store.ts";
import { fieldsOf } from "../store/valid.ts";
import { allocate, countOf, rowOf, sizeOf } from "./dtypes.ts";
import { DamagedError, type FolderReader, type FolderWriter } from "./files.ts";

/** Bytes of a chunk before compression, at most, unless one row has more. */
const CHUNK = 2 * 1024 * 1024;
/** A chunk that is read may be so large; what we write is far below. */
export const CHUNK_LIMIT = 1024 * 1024 * 1024;
/** A file takes a block of the disk in any case, and loading the packer takes longer (17 ms) than writing it. */
const BLOCK = 4096;
const PLAIN = { name: "bytes", configuration: { endian: "little" } };
/** Level 1: our data are images and weights, on which a higher one costs time and gains little. */
const PACKED = { name: "zstd", configuration: { level: 1, checksum: false } };

export interface ChunkWriter {
  /** What `zarr.json` holds; there after `begin`. */
  readonly metadata: unknown;
  begin(): Promise<void>;
  append(values: Arrays[Dtype]): Promise<void>;
  /** Writes the last chunk, which may not be full. */
  end(): Promise<void>;
}

/** Rows of a chunk; at least 1, also where there are none. */
function chunkRows(dtype: Dtype, shape: readonly number[]): number {
  const row = Math.max(1, rowOf(shape) * sizeOf(dtype));
  return Math.max(1, Math.min(shape[0] ?? 1, Math.floor(CHUNK / row)));
}

export function beginArray(
  files: FolderWriter,
  name: string,
  dtype: Dtype,
  shape: readonly number[],
  attributes: JsonObject,
): ChunkWriter {
  const row = rowOf(shape);
  const rows = chunkRows(dtype, shape);
  const chunkShape = shape.map((size, axis) => axis === 0 ? rows : Math.max(1, size));
  const chunk = chunkShape.reduce((product, size) => product * size, sizeOf(dtype));
  const codecs = chunk <= BLOCK ? [PLAIN] : [PLAIN, PACKED];
  const buffer = allocate(dtype, Math.min(rows * row, countOf(shape, dtype, name)));
  let filled = 0, next = 0;
  let array: ZarrArray<Dtype, FolderWriter> | null = null;
  let metadata: unknown = null;

  const put = async (values: Arrays[Dtype]) => {
    const { set, slice } = await import("zarrita");
    if (array === null) throw new Error("Cannot append before the array was begun");
    if (shape.length === 0) {
      await set(array, null, values[0] ?? 0);
      return;
    }
    const part = values.length / row;
    const stride = strides([part, ...shape.slice(1)]);
    const data = { data: values, shape: [part, ...shape.slice(1)], stride };
    await set(array, [slice(next, next + part), ...shape.slice(1).map(() => null)], data);
    next += part;
  };

  return {
    get metadata() {
      return metadata;
    },
    async begin() {
      const { create, root } = await import("zarrita");
      metadata = {
        zarr_format: 3,
        node_type: "array",
        shape,
        data_type: dtype,
        chunk_grid: { name: "regular", configuration: { chunk_shape: chunkShape } },
        chunk_key_encoding: { name: "default", configuration: { separator: "." } },
        codecs,
        fill_value: 0,
        attributes,
      };
      array = await create(root(files).resolve(name), {
        shape: [...shape],
        chunkShape,
        dtype,
        codecs,
        fillValue: 0,
        chunkSeparator: ".",
        attributes,
      });
    },
    async append(values) {
      for (let from = 0; from < values.length;) {
        const room = buffer.length - filled;
        if (filled === 0 && values.length - from >= buffer.length) {
          await put(values.subarray(from, from + buffer.length));
          from += buffer.length;
          continue;
        }
        const part = values.subarray(from, from + room);
        buffer.set(part, filled);
        filled += part.length;
        from += part.length;
        if (filled === buffer.length) {
          await put(buffer);
          filled = 0;
        }
      }
    },
    async end() {
      if (filled > 0) await put(buffer.subarray(0, filled));
      filled = 0;
    },
  };
}

function strides(shape: readonly number[]): number[] {
  const found: number[] = [];
  let step = 1;
  for (const size of [...shape].reverse()) {
    found.unshift(step);
    step *= size;
  }
  return found;
}

export interface ChunkReader<D extends Dtype> {
  readonly rowsPerChunk: number;
  chunk(index: number): Promise<Arrays[D]>;
}

/** Opens an array whose dtype and shape are known from a manifest; throws if its own metadata differ. */
export async function openArray<D extends Dtype>(
  files: FolderReader,
  name: string,
  dtype: D,
  shape: readonly number[],
): Promise<ChunkReader<D>> {
  const { open, root } = await import("zarrita");
  const metadata: unknown = JSON.parse(
    new TextDecoder().decode(await files.read(`${name}/zarr.json`)),
  );
  const grid = gridOf(metadata);
  const bad = (what: string) =>
    new DamagedError(
      `Cannot read the tensor "${name}" in "${files.folder}": ${what}`,
      files.folder,
    );
  const damaged = (error: unknown): never => {
    if (error instanceof DamagedError) throw error;
    throw bad(error instanceof Error ? error.message : String(error));
  };
  if (grid === null) throw bad("its zarr.json is no regular array");
  const { chunkShape, isPacked } = grid;
  if (chunkShape.length !== shape.length || chunkShape.some((size) => !(size >= 1))) {
    throw bad(`chunks of shape [${chunkShape.join(", ")}]`);
  }
  const bytes = chunkShape.reduce((product, size) => product * size, sizeOf(dtype));
  if (!(bytes <= CHUNK_LIMIT)) {
    throw bad(`chunks of ${bytes} bytes, at most ${CHUNK_LIMIT} are read`);
  }
  if (chunkShape.some((size, axis) => axis > 0 && size !== Math.max(1, shape[axis] ?? 0))) {
    throw bad(`chunks of shape [${chunkShape.join(", ")}] divide more than the first axis`);
  }
  // All that the library reads of it is looked at, since it takes metadata at their word.
  const { data_type, shape: sizes } = fieldsOf(metadata);
  if (data_type !== dtype || JSON.stringify(sizes) !== JSON.stringify(shape)) {
    throw bad(`its zarr.json says ${JSON.stringify(data_type)} ${JSON.stringify(sizes)}`);
  }
  const store = isPacked ? bounded(files, bytes) : files;
  const array = await open.v3(root(store).resolve(name), { kind: "array" })
    .catch(damaged);
  const length = bytes / sizeOf(dtype);
  return {
    rowsPerChunk: chunkShape[0] ?? 1,
    async chunk(index) {
      const coordinates = shape.map((_, axis) => axis === 0 ? index : 0);
      const { data } = await array.getChunk(coordinates).catch(damaged);
      // The array is of this dtype, as was looked at above.
      const values = data as Arrays[D];
      if (values.length !== length) throw bad(`chunk ${index} holds ${values.length} values`);
      return values;
    },
  };
}

/**
 * Holds what other readers of Zarr are told of a group against its manifest: attributes, and each array's own metadata
 * beside the copy of them in the group's.
 */
export async function checkGroup(
  files: FolderReader,
  manifest: Manifest & { readonly kind: "tensors" },
): Promise<void> {
  const read = async (path: string) =>
    fieldsOf(JSON.parse(new TextDecoder().decode(await files.read(path))));
  const bad = (path: string) =>
    new DamagedError(
      `"${files.folder}/${path}" says something else than the manifest of its object`,
      files.folder,
    );
  const isSame = (a: unknown, b: unknown) =>
    // Both come from JSON, or go into it.
    canonicalJson(a as Json) === canonicalJson(b as Json);
  const { attributes, consolidated_metadata } = await read("zarr.json");
  const known = fieldsOf(fieldsOf(consolidated_metadata)["metadata"]);
  if (!isSame(attributes ?? {}, manifest.attributes)) throw bad("zarr.json");
  for (const [name, tensor] of Object.entries(manifest.tensors)) {
    const own = await read(`${name}/zarr.json`);
    if (!isSame(own["attributes"] ?? {}, tensor.attributes)) throw bad(`${name}/zarr.json`);
    if (!isSame(known[name] ?? null, own)) throw bad("zarr.json");
  }
}

/** Refuses chunks that would unpack to more than they hold, before they do. */
function bounded(files: FolderReader, most: number): Pick<FolderReader, "get"> {
  return {
    async get(path) {
      const found = await files.get(path);
      const size = path.endsWith("/zarr.json") ? 0 : unpackedSize(found);
      if (size > most) {
        throw new DamagedError(
          `"${files.folder}${path}" unpacks to ${size} bytes: ${most} are a chunk`,
          files.folder,
        );
      }
      return found;
    },
  };
}

/**
 * What a zstd frame says it unpacks to (RFC 8878, 3.1.1.1): infinite where it does not say, or its head is cut off; what
 * we write always says it. 0 for what is no such frame, which its decoder refuses.
 */
function unpackedSize(bytes: Uint8Array<ArrayBuffer>): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 5 || view.getUint32(0, true) !== 0xfd2fb528) return 0;
  const descriptor = view.getUint8(4);
  const isSingle = (descriptor & 0b10_0000) !== 0;
  const at = 5 + (isSingle ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const width = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  if (width === 0 || at + width > bytes.length) return Infinity;
  switch (width) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

/** Null for what we do not write. */
function gridOf(metadata: unknown): { chunkShape: number[]; isPacked: boolean } | null {
  if (typeof metadata !== "object" || metadata === null) return null;
  // Looked at piece by piece below.
  const { chunk_grid, codecs, shape: sizes } = fieldsOf(metadata);
  const grid = chunk_grid as
    | { configuration?: { chunk_shape?: unknown } | null }
    | null
    | undefined;
  const shape = grid?.configuration?.chunk_shape;
  if (!Array.isArray(shape) || !Array.isArray(codecs) || !Array.isArray(sizes)) return null;
  // Sharding has chunks inside of chunks, other codecs could change the type, and one twice could hide a bomb.
  const names = codecs.map((codec: { name?: unknown } | null) => String(codec?.name)).join();
  const known = names === "bytes" || names === "bytes,zstd";
  if (!known || !shape.every((size) => Number.isSafeInteger(size))) return null;
  return { chunkShape: shape, isPacked: names !== PLAIN.name };
}
