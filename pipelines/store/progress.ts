/**
 * Where trainings stand: `progress/<trajectory>/<place>.checkpoint`, private to the stage that wrote it. A
 * checkpoint is its SHA-256, then the length of its header, the header as JSON, and the bytes of its
 * arrays, each from a multiple of eight. All in it is little-endian.
 */
import type { Digest } from "../plan/plan.ts";
import type { Checkpoint } from "../stage.ts";
import { sha256 } from "./canonical.ts";
import { removeQuietly } from "./files.ts";

const VERSION = 1;
/** Bytes before the header: the digest of all that comes after it, then the header's length. */
const DIGEST = 32, START = DIGEST + 4;

const ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

interface Header {
  readonly version: number;
  readonly trajectory: Digest;
  readonly at: number;
  readonly arrays: readonly {
    readonly name: string;
    readonly dtype: keyof typeof ARRAYS;
    readonly length: number;
  }[];
}

const toEight = (bytes: number) => Math.ceil(bytes / 8) * 8;

/** The bytes of a checkpoint that stands at a place of a trajectory. */
export async function encodeCheckpoint(
  trajectory: Digest,
  at: number,
  checkpoint: Checkpoint,
): Promise<Uint8Array<ArrayBuffer>> {
  const entries = Object.entries(checkpoint);
  const arrays = entries.map(([name, values]) => {
    const dtypes = Object.keys(ARRAYS) as (keyof typeof ARRAYS)[]; // the keys of the table above
    const dtype = dtypes.find((one) => values instanceof ARRAYS[one]);
    if (dtype === undefined) throw new TypeError(`Cannot keep "${name}": it is no typed array`);
    return { name, dtype, length: values.length };
  });
  const header: Header = { version: VERSION, trajectory, at, arrays };
  const text = new TextEncoder().encode(JSON.stringify(header));
  let end = toEight(START + text.length);
  const places = entries.map(([, { byteLength }]) => {
    const place = end;
    end = toEight(end + byteLength);
    return place;
  });
  const bytes = new Uint8Array(end);
  new DataView(bytes.buffer).setUint32(DIGEST, text.length, true);
  bytes.set(text, START);
  for (const [i, [, { buffer, byteOffset, byteLength }]] of entries.entries()) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), places[i] ?? 0);
  }
  bytes.set(Uint8Array.fromHex(await sha256(bytes.subarray(DIGEST))));
  return bytes;
}

/** What was kept there. @throws Error if the bytes are not what was written for this trajectory and place */
export async function decodeCheckpoint(
  bytes: Uint8Array<ArrayBuffer>,
  trajectory: Digest,
  at: number,
): Promise<Checkpoint> {
  const wanted = bytes.subarray(0, DIGEST).toHex();
  if (bytes.length < START || await sha256(bytes.subarray(DIGEST)) !== wanted) {
    throw new Error("it is not what was written");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = view.getUint32(DIGEST, true);
  // Its digest is right: it is a header of this module's, of this version or another.
  const header = JSON.parse(
    new TextDecoder().decode(bytes.subarray(START, START + length)),
  ) as Header;
  if (header.version !== VERSION) throw new Error(`it is of version ${header.version}`);
  if (header.trajectory !== trajectory || header.at !== at) throw new Error("it is of another run");
  let place = toEight(START + length);
  const checkpoint: Record<string, Checkpoint[string]> = {};
  for (const { name, dtype, length } of header.arrays) {
    const type = ARRAYS[dtype];
    checkpoint[name] = new type(bytes.buffer, bytes.byteOffset + place, length);
    place = toEight(place + length * type.BYTES_PER_ELEMENT);
  }
  return checkpoint;
}

/** What is wrong with the bytes of a checkpoint's file; null: they are those that were written. */
export async function checkCheckpoint(path: string): Promise<string | null> {
  const bytes = await Deno.readFile(path);
  if (bytes.length < START) return `it has ${bytes.length} bytes`;
  const found = await sha256(bytes.subarray(DIGEST)), wanted = bytes.subarray(0, DIGEST).toHex();
  return found === wanted ? null : `its SHA-256 is ${found}, ${wanted} was written`;
}

/** The folder of all progress in a store. */
export function progressFolder(store: string): string {
  return `${store}/progress`;
}

export interface Kept {
  readonly trajectory: string;
  readonly folder: string;
  readonly bytes: number;
}

/** All progress in a store, with what it takes on the disk. */
export function listProgress(store: string): Kept[] {
  return entriesOf(progressFolder(store)).map((trajectory) => {
    const folder = `${progressFolder(store)}/${trajectory}`;
    const files = entriesOf(folder).flatMap((name) => infoOf(`${folder}/${name}`) ?? []);
    return {
      trajectory,
      folder,
      bytes: files.reduce((sum, { size }) => sum + size, 0),
    };
  });
}

/** Milliseconds after which nobody goes on from a checkpoint any more: thirty days. */
const OLD = 30 * 24 * 60 * 60 * 1000;

/** Removes progress that nobody has added to for thirty days: it costs time to make again, and no more. */
export function removeOldProgress(store: string, now: number): void {
  for (const trajectory of entriesOf(progressFolder(store))) {
    const folder = `${progressFolder(store)}/${trajectory}`;
    // A folder is as old as the newest name in it.
    const written = infoOf(folder)?.mtime?.getTime() ?? now;
    if (now - written > OLD) removeQuietly(folder);
  }
}

/** Names in a folder; none where there is no such folder, or another process has just removed it. */
function entriesOf(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

function infoOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch {
    return null;
  }
}
