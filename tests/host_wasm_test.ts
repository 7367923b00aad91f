/** WebAssembly is looked through instruction by instruction: what is relaxed is found, wherever it stands. */
import assert from "node:assert/strict";
import { unsteady } from "../pipelines/host/wasm_code.ts";

const ZERO = [0xfd, 12, ...new Array<number>(16).fill(0)]; // v128.const
const RELAXED = [...ZERO, ...ZERO, ...ZERO, 0xfd, 0x85, 0x02, 0x1a]; // f32x4.relaxed_madd, drop
/** A number that looks like one, so that the rest is read. */
const ALIKE = [0x41, 0xfd, 0x85, 0x02, 0x1a];
const I = [0x41, 0]; // i32.const 0
const L = [0x42, 0]; // i64.const 0

const size = (n: number) => n < 128 ? [n] : [(n & 127) | 128, n >> 7];
const section = (id: number, ...bytes: readonly number[]) => [id, ...size(bytes.length), ...bytes];

/** One function of this code, with what the snippets below refer to. */
function module(...code: readonly number[]): Uint8Array<ArrayBuffer> {
  const locals = [3, 1, 0x7f, 1, 0x7b, 1, 0x63, 0x70]; // i32, v128, a reference
  const body = [...locals, ...code, 0x0b];
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 3, 0x60, 0, 0, 0x5f, 1, 0x7f, 1, 0x5e, 0x7f, 1), // a function, a structure, an array
    ...section(3, 1, 0),
    ...section(4, 1, 0x70, 0, 1),
    ...section(5, 1, 3, 1, 1), // memory that threads share
    ...section(13, 1, 0, 0),
    ...section(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
    ...section(9, 2, 0, 0x41, 0, 0x0b, 1, 0, 1, 0, 1, 0),
    ...section(12, 1),
    ...section(10, 1, ...size(body.length), ...body),
    ...section(11, 1, 1, 1, 0),
  ]);
}

/** Instructions of each form, some with numbers that look like others' codes. */
const SNIPPETS: Readonly<Record<string, readonly number[]>> = {
  "numbers": [0x41, 0xfd, 0x85, 0x02, 0x1a, 0x42, 0xfd, 0xff, 0xff, 0xff, 0x0f, 0x1a],
  "floats": [0x43, 0xfd, 0x85, 0x02, 0, 0x1a, 0x44, 0xfd, 0x85, 0x02, 0xfd, 0x85, 0x02, 0, 0, 0x1a],
  "blocks": [0x02, 0x40, 0x0b, 0x02, 0x7f, ...I, 0x0b, 0x1a, 0x03, 0x00, 0x0b],
  "a block of references": [0x02, 0x63, 0x70, 0xd0, 0x70, 0x0b, 0x1a],
  "conditions": [...I, 0x04, 0x40, 0x05, 0x0b],
  "branches": [0x02, 0x40, 0x0c, 0, 0x0b, 0x02, 0x40, ...I, 0x0d, 0, 0x0b],
  "a table of branches": [0x02, 0x40, ...I, 0x0e, 2, 0, 0, 0, 0x0b],
  "calls": [0x10, 0, ...I, 0x11, 0, 0],
  "calls of references": [0xd2, 0, 0x14, 0],
  "calls at the end": [0x02, 0x40, 0x12, 0, 0x0b, 0x02, 0x40, ...I, 0x13, 0, 0, 0x0b],
  "catching": [0x02, 0x40, 0x1f, 0x40, 2, 0, 0, 0, 2, 0, 0x0b, 0x0b],
  "throwing": [0x02, 0x40, 0x08, 0, 0x0b],
  "choosing": [...I, ...I, ...I, 0x1b, 0x1a, ...I, ...I, ...I, 0x1c, 1, 0x7f, 0x1a],
  "variables": [0x20, 0, 0x22, 0, 0x21, 0, 0x23, 0, 0x24, 0],
  "tables": [...I, ...I, 0x25, 0, 0x26, 0, 0xfc, 16, 0, 0x1a],
  "memory": [...I, 0x28, 2, 0xfd, 0x85, 0x02, 0x1a, 0x3f, 0, 0x1a, ...I, 0x40, 0, 0x1a],
  "blocks of memory": [...I, ...I, ...I, 0xfc, 10, 0, 0, ...I, ...I, ...I, 0xfc, 11, 0],
  "blocks of data": [...I, ...I, ...I, 0xfc, 8, 0, 0, 0xfc, 9, 0],
  "blocks of tables": [...I, ...I, ...I, 0xfc, 12, 1, 0, 0xfc, 13, 1],
  "conversions": [0x43, 0, 0, 0, 0, 0xfc, 0, 0x1a, 0x43, 0, 0, 0, 0, 0xa8, 0x1a],
  "references": [0xd0, 0x70, 0xd1, 0x1a, 0x20, 2, 0xd4, 0x1a],
  "branches by references": [0x02, 0x40, 0xd0, 0x70, 0xd5, 0, 0x1a, 0x0b],
  "structures": [...I, 0xfb, 0, 1, 0xfb, 2, 1, 0, 0x1a, 0xfb, 1, 1, ...I, 0xfb, 5, 1, 0],
  "arrays": [...I, ...I, 0xfb, 8, 2, 2, 0xfb, 15, 0x1a, ...I, 0xfb, 7, 2, ...I, 0xfb, 11, 2, 0x1a],
  "casts": [0xd0, 0x6e, 0xfb, 21, 0x6c, 0x1a, ...I, 0xfb, 28, 0xfb, 29, 0x1a],
  "branches by casts": [
    ...[0x02, 0x63, 0x6c, 0xd0, 0x6e, 0xfb, 24, 3, 0, 0x6e, 0x6c, 0x1a, 0xd0, 0x6c, 0x0b, 0x1a],
  ],
  "vectors": [...ZERO, ...ZERO, 0xfd, 0xe4, 0x01, 0x1a],
  "vectors in memory": [...I, 0xfd, 0, 4, 0xfd, 0x05, 0x1a, ...I, ...ZERO, 0xfd, 84, 0, 0, 3, 0x1a],
  "lanes": [
    ...ZERO,
    0xfd,
    21,
    15,
    0x1a,
    ...ZERO,
    ...ZERO,
    0xfd,
    13,
    ...new Array(16).fill(3),
    0x1a,
  ],
  "threads": [...I, ...I, 0xfe, 0, 2, 0, 0x1a, 0xfe, 3, 0, ...I, ...L, 0xfe, 0x1f, 3, 0, 0x1a],
};

Deno.test("what computes the same everywhere is compiled, and one relaxed instruction behind it is found", () => {
  for (const [name, code] of Object.entries(SNIPPETS)) {
    const plain = module(...ALIKE, ...code), relaxed = module(...code, ...RELAXED);
    // The engine's own word that these are what they are meant to be.
    assert.equal(WebAssembly.validate(plain), true, name);
    assert.equal(WebAssembly.validate(relaxed), true, `${name}, and a relaxed instruction`);
    assert.equal(unsteady(plain), null, name);
    assert.match(unsteady(relaxed) ?? "", /an instruction of relaxed SIMD \(fd 261\)/, name);
  }
});

Deno.test("a module that is cut off, or is none, is refused in words", () => {
  const whole = module(...SNIPPETS["memory"] ?? [], ...RELAXED);
  for (let length = 9; length < whole.length; length++) {
    const part = whole.slice(0, length);
    if (WebAssembly.validate(part)) continue;
    const said = unsteady(part);
    // Between two sections it is whole so far, and the engine refuses it.
    if (said !== null) assert.match(said, /cannot be read|relaxed SIMD/, `${length} bytes`);
  }
  assert.match(unsteady(new Uint8Array([0, 0xfd, 0x85, 0x02])) ?? "", /cannot be read/);
  assert.match(
    unsteady(module(0xff, ...RELAXED)) ?? "",
    /the instruction ff, which is not known here/,
  );
});
