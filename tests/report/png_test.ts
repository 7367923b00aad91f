import assert from "node:assert/strict";
import { encodePng } from "../../pipelines/report/png.ts";

/** Pixels of a PNG without filters, unpacked by the platform's own inflate. */
async function decode(png: Uint8Array, row: number): Promise<number[]> {
  const view = new DataView(png.buffer);
  let at = 8;
  while (String.fromCharCode(...png.subarray(at + 4, at + 8)) !== "IDAT") {
    at += 12 + view.getUint32(at);
  }
  const packed = png.slice(at + 8, at + 8 + view.getUint32(at));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = new Uint8Array(await new Response(stream).arrayBuffer());
  return [...raw].filter((_, i) => i % (row + 1) !== 0);
}

Deno.test("A picture's pixels come back from its PNG, in grey and in colour", async () => {
  for (const [width, height, channels] of [[3, 2, 1], [5, 4, 3], [300, 250, 1]] as const) {
    const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 37) & 255);
    const png = encodePng(pixels, width, height, channels);
    assert.deepEqual(await decode(png, width * channels), [...pixels]);
  }
});

Deno.test("Pixels that do not fit the shape are refused", () => {
  assert.throws(() => encodePng(new Uint8Array(5), 2, 2, 1), /wanted 1, 3 or 4 channels/);
});
