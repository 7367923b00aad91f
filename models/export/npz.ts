/** NumPy's .npz: a zip archive, here without compression, of .npy arrays. The same arrays give the same bytes. */

import { bytesOf, join } from "./bytes.ts";

export interface NamedArray {
  /** The key under which NumPy gives it back; may hold "/". */
  readonly name: string;
  readonly shape: readonly number[];
  /** C order. */
  readonly values: Float32Array;
}

/** 1 January 1980, the first day that a zip can name: no clock in a result. */
const DATE = 0x21;
const VERSION = 20;
/** Names are UTF-8. */
const FLAGS = 0x800;
const LIMIT = 0xffffffff;

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) {
    value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
  }
  return value;
});

function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ (CRC[(value ^ byte) & 255] ?? 0);
  return (value ^ 0xffffffff) >>> 0;
}

/** One array in NumPy's own format, version 1.0. */
function npy({ shape, values }: NamedArray): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Values begin at a multiple of 64; ten bytes stand before the header, and a line end closes it.
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const start = Uint8Array.of(
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length,
    header.length >> 8,
  );
  return join([start, new TextEncoder().encode(header), bytesOf(values)]);
}

/** Numbers of 2 (`s`) or 4 (`l`) bytes, little-endian. */
function record(...fields: readonly (readonly ["s" | "l", number])[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(
    new ArrayBuffer(fields.reduce((n, [kind]) => n + (kind === "s" ? 2 : 4), 0)),
  );
  let at = 0;
  for (const [kind, value] of fields) {
    if (kind === "s") view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += kind === "s" ? 2 : 4;
  }
  return new Uint8Array(view.buffer);
}

/** Writes the arrays in order. @throws RangeError above 4 GiB, which this form of zip cannot hold */
export function npz(arrays: readonly NamedArray[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [], directory: Uint8Array[] = [];
  let offset = 0;
  for (const array of arrays) {
    const name = new TextEncoder().encode(`${array.name}.npy`), body = npy(array);
    // What both headers say: version, flags, stored, time, date, checksum, both sizes, lengths of name and extras.
    const common = record(
      ["s", VERSION],
      ["s", FLAGS],
      ["s", 0],
      ["s", 0],
      ["s", DATE],
      ["l", crc32(body)],
      ["l", body.length],
      ["l", body.length],
      ["s", name.length],
      ["s", 0],
    );
    const local = [record(["l", 0x04034b50]), common, name, body];
    // No comment, the first disk, no attributes.
    const rest = record(["s", 0], ["s", 0], ["s", 0], ["l", 0], ["l", offset]);
    directory.push(record(["l", 0x02014b50], ["s", VERSION]), common, rest, name);
    parts.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  if (offset + size > LIMIT || arrays.length > 0xffff) {
    throw new RangeError(
      `Cannot write an archive of ${arrays.length} arrays in ${offset + size} bytes: ` +
        `at most 65535 in ${LIMIT} are possible`,
    );
  }
  const count = arrays.length;
  const end = record(
    ["l", 0x06054b50],
    ["s", 0],
    ["s", 0],
    ["s", count],
    ["s", count],
    ["l", size],
    ["l", offset],
    ["s", 0],
  );
  return join([...parts, ...directory, end]);
}
