/** Reading what came from outside: IDX as strictly as it can be, gzip with a limit. */
import assert from "node:assert/strict";
import { gunzip } from "../stages/datasets/gunzip.ts";
import { parseIdx } from "../stages/datasets/idx.ts";
import { gzip, idx } from "./stages_rig.ts";

const data = Uint8Array.from({ length: 12 }, (_, i) => i * 20);
const good = idx([3, 2, 2], data);

/** The file with the byte at `at` changed. */
function changed(at: number, value: number): Uint8Array<ArrayBuffer> {
  const bytes = good.slice();
  bytes[at] = value;
  return bytes;
}

Deno.test("an IDX file of the wanted shape gives its bytes", () => {
  assert.deepEqual(parseIdx(good, [3, 2, 2], "a"), data);
});

Deno.test("an IDX file is read wherever it lies in its buffer", () => {
  const shifted = new Uint8Array(good.length + 5);
  shifted.set(good, 5);
  assert.deepEqual(parseIdx(shifted.subarray(5), [3, 2, 2], "a"), data);
});

const WRONG: readonly (readonly [string, Uint8Array<ArrayBuffer>, string])[] = [
  [
    "a wrong magic number",
    changed(3, 1),
    'Cannot read "a" as IDX: its magic number is 0x00000801, wanted 0x00000803 (unsigned bytes, 3 dimensions)',
  ],
  [
    "another element type",
    changed(2, 0x0d),
    'Cannot read "a" as IDX: its magic number is 0x00000d03, wanted 0x00000803 (unsigned bytes, 3 dimensions)',
  ],
  [
    "another shape",
    changed(7, 4),
    'Cannot read "a" as IDX: its shape is [4, 2, 2], wanted [3, 2, 2]',
  ],
  [
    "a size beyond 2^31",
    changed(4, 0x80),
    'Cannot read "a" as IDX: its shape is [2147483651, 2, 2], wanted [3, 2, 2]',
  ],
  [
    "a truncated body",
    good.slice(0, -1),
    'Cannot read "a" as IDX: it holds 11 bytes of data, wanted 12',
  ],
  [
    "bytes after its end",
    Uint8Array.of(...good, 0),
    'Cannot read "a" as IDX: it holds 13 bytes of data, wanted 12',
  ],
  [
    "a truncated header",
    good.slice(0, 15),
    'Cannot read "a" as IDX: it ends within the header: 15 bytes, wanted at least 16',
  ],
  [
    "nothing in it",
    new Uint8Array(0),
    'Cannot read "a" as IDX: it ends within the header: 0 bytes, wanted at least 16',
  ],
];
for (const [what, bytes, message] of WRONG) {
  Deno.test(`an IDX file with ${what} is refused with what was found and what was wanted`, () => {
    assert.throws(() => parseIdx(bytes, [3, 2, 2], "a"), { message });
  });
}

Deno.test("gzip unpacks to its bytes, up to the limit itself", async () => {
  assert.deepEqual(await gunzip(await gzip(data), 12, "a"), data);
  assert.deepEqual(await gunzip(await gzip(data), 100, "a"), data);
});

Deno.test("gzip that unpacks to more than the limit is refused", async () => {
  const bomb = await gzip(new Uint8Array(50_000_000));
  assert.ok(bomb.length < 60_000, "it is small");
  for (const [packed, limit] of [[bomb, 1000], [await gzip(data), 11]] as const) {
    await assert.rejects(gunzip(packed, limit, "a"), {
      message: `Cannot unpack "a": it unpacks to more than the ${limit} bytes that were wanted`,
    });
  }
});

Deno.test("gzip that is truncated anywhere, damaged or no gzip is refused by name", async () => {
  const packed = await gzip(Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251));
  for (const length of [0, 5, 12, packed.length >> 1, packed.length - 9, packed.length - 1]) {
    await assert.rejects(
      gunzip(packed.slice(0, length), 5000, "a"),
      /^Error: Cannot unpack "a": ./,
    );
  }
  const damaged = packed.slice();
  damaged[packed.length - 6] = (damaged[packed.length - 6] ?? 0) ^ 1; // in the checksum
  await assert.rejects(gunzip(damaged, 5000, "a"), /^Error: Cannot unpack "a": ./);
  await assert.rejects(gunzip(data, 5000, "a"), /^Error: Cannot unpack "a": ./);
});
