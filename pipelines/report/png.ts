/**
 * A PNG encoder of the smallest kind: no filter, and "stored" deflate blocks, which do not compress. A
 * compressor's output may change with its version; this one's never does, and the pictures are tiny.
 */
import type { Images } from "./data.ts";

/** Pictures are shrunk to at most so many pixels a side, so that a page stays small. */
const LARGEST = 64;

const CRC = new Uint32Array(256).map((_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (CRC[(c ^ byte) & 255] ?? 0) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(body.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(body, 8);
  view.setUint32(8 + body.length, crc32(out.subarray(4, 8 + body.length)));
  return out;
}

/** A zlib stream of stored blocks. */
function store(raw: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(raw.length / 65535));
  const out = new Uint8Array(2 + raw.length + 5 * blocks + 4);
  const view = new DataView(out.buffer);
  out.set([0x78, 0x01]);
  let at = 2;
  for (let i = 0; i < blocks; i++) {
    const part = raw.subarray(i * 65535, (i + 1) * 65535);
    out[at] = i === blocks - 1 ? 1 : 0;
    view.setUint16(at + 1, part.length, true);
    view.setUint16(at + 3, part.length ^ 0xffff, true);
    out.set(part, at + 5);
    at += 5 + part.length;
  }
  let a = 1, b = 0;
  for (const byte of raw) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  view.setUint32(at, ((b << 16) | a) >>> 0);
  return out;
}

const COLOURS: Readonly<Record<number, number>> = { 1: 0, 3: 2, 4: 6 };

/** PNG bytes of a picture of 1, 3 or 4 channels, 8 bits each. */
export function encodePng(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: number,
): Uint8Array {
  const colour = COLOURS[channels];
  if (colour === undefined || pixels.length !== width * height * channels) {
    throw new Error(
      `Cannot draw a picture of ${pixels.length} bytes as ${width} x ${height} with ${channels} channels: wanted 1, 3 or 4 channels`,
    );
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, colour], 8);
  const row = width * channels;
  const raw = new Uint8Array(height * (row + 1));
  for (let y = 0; y < height; y++) {
    raw.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  }
  const parts = [
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk("IHDR", header),
    chunk("IDAT", store(raw)),
    chunk("IEND", new Uint8Array()),
  ];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The i-th of some pictures as a data URI; large ones are shrunk by taking every n-th pixel. */
export function pictureUri(images: Images, i: number): string {
  const { height, width, channels } = images;
  const size = height * width * channels;
  const step = Math.ceil(Math.max(height, width) / LARGEST);
  const h = Math.ceil(height / step), w = Math.ceil(width / step);
  // Two channels mean nothing as a picture: the first is shown.
  const shown = channels === 1 || channels === 3 || channels === 4 ? channels : 1;
  const pixels = new Uint8Array(h * w * shown);
  for (let y = 0, to = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const from = i * size + (y * step * width + x * step) * channels;
      for (let c = 0; c < shown; c++) pixels[to++] = images.pixels[from + c] ?? 0;
    }
  }
  return dataUri(encodePng(pixels, w, h, shown));
}

export function dataUri(png: Uint8Array): string {
  let text = "";
  for (const byte of png) text += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(text)}`;
}
