/** The one text of a value, and the digests and keys made of it, pinned. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Json } from "../pipelines/json.ts";
import type { Digest } from "../pipelines/plan/plan.ts";
import { canonicalJson, digestOf, sha256 } from "../pipelines/store/canonical.ts";
import { digestOfShort } from "../pipelines/store/digests.ts";
import { keyOf } from "../pipelines/store/local.ts";
import type { Fingerprint } from "../pipelines/store/store.ts";

Deno.test("RFC 8785's examples of canonical JSON come out to the letter", () => {
  // Section 3.2.2 and 3.2.3.
  assert.equal(
    canonicalJson(JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`)),
    String
      .raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
      String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
  const sorted = canonicalJson(JSON.parse(String.raw`{
    "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis"
  }`));
  assert.deepEqual([...sorted.matchAll(/"[^"]*":"([^"]*)"/g)].map(([, value]) => value), [
    "Carriage Return",
    "One",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
});

Deno.test("numbers are written as RFC 8785's appendix B has them", () => {
  const table: [string, string][] = [
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
  ];
  for (const [bits, text] of table) {
    const view = new DataView(Uint8Array.fromHex(bits).buffer);
    assert.equal(canonicalJson(view.getFloat64(0)), text, bits);
  }
});

Deno.test("the order of keys, own or deep, does not matter; that of lists does", async () => {
  const a = await digestOf({ x: { b: 1, a: [1, 2] }, w: null });
  assert.equal(a, await digestOf({ w: null, x: { a: [1, 2], b: 1 } }));
  assert.notEqual(a, await digestOf({ w: null, x: { a: [2, 1], b: 1 } }));
});

Deno.test("what is no JSON is refused, wherever it stands", () => {
  const bad: Record<string, unknown> = {
    NaN: [{ x: NaN }],
    infinity: -Infinity,
    undefined: { x: undefined },
    "a lone surrogate": "\ud800",
    "a lone surrogate as a key": { "\udc00": 1 },
    "a big integer": 1n,
    "a function": () => 1,
  };
  for (const [name, value] of Object.entries(bad)) {
    // On purpose no JSON.
    assert.throws(() => canonicalJson(value as Json), TypeError, name);
  }
});

/** Every field filled. */
const FINGERPRINT: Fingerprint = {
  format: "1, esbuild 0.0.0",
  stage: "train",
  code: { "stages/train.ts": "a".repeat(64) as Digest }, // as long as a digest
  packages: { zarrita: "0.7.5 sha512-abc" },
  params: { epochs: 2, layers: ["flatten"] },
  inputs: {
    train: [{ digest: "b".repeat(64) as Digest }],
    models: [{ name: "sparse", digest: "c".repeat(64) as Digest }],
  },
  seed: 1,
  numerics: "wasm",
  kernels: { dense: "d".repeat(64) as Digest },
};

Deno.test("the key of a fingerprint is the SHA-256 of this very text", async () => {
  const text = '{"code":{"stages/train.ts":"' + "a".repeat(64) + '"},' +
    '"format":"1, esbuild 0.0.0",' +
    '"inputs":{"models":[{"digest":"' + "c".repeat(64) + '","name":"sparse"}],' +
    '"train":[{"digest":"' + "b".repeat(64) + '"}]},' +
    '"kernels":{"dense":"' + "d".repeat(64) + '"},"numerics":"wasm",' +
    '"packages":{"zarrita":"0.7.5 sha512-abc"},' +
    '"params":{"epochs":2,"layers":["flatten"]},"seed":1,"stage":"train"}';
  assert.equal(canonicalJson({ ...FINGERPRINT } as unknown as Json), text); // all of it is JSON
  const wanted = createHash("sha256").update(text).digest("hex");
  assert.equal(await keyOf(FINGERPRINT), wanted);
  assert.equal(await sha256(new TextEncoder().encode(text)), wanted);
  assert.equal(wanted, "53b79a3a0a30613984c12a8a63902ebcd6502c53aa2587d6372ffc50c2f6cb53");
});

Deno.test("a change of any field of a fingerprint changes the key", async () => {
  const digest = "e".repeat(64) as Digest; // as long as one
  const changes: Partial<Fingerprint>[] = [
    { format: "2, esbuild 0.0.0" },
    { stage: "trains" },
    { code: { "stages/train.ts": digest } },
    { code: { version: "1" } },
    { packages: { zarrita: "0.7.6 sha512-abc" } },
    { params: { epochs: 3, layers: ["flatten"] } },
    { inputs: { ...FINGERPRINT.inputs, train: [{ digest }] } },
    {
      inputs: {
        ...FINGERPRINT.inputs,
        models: [{ name: "dense", digest: "c".repeat(64) as Digest }],
      },
    },
    { seed: 2 },
    { seed: null },
    { numerics: "tape" },
    { kernels: { dense: digest } },
  ];
  const keys = await Promise.all([{}, ...changes].map((one) => keyOf({ ...FINGERPRINT, ...one })));
  assert.equal(new Set(keys).size, changes.length + 1);
});

Deno.test("the digests of many short texts are those of each, by whichever function they are made", async () => {
  for (let index = 0; index < 1200; index++) {
    const value = { index, text: "größer – 大" };
    assert.equal(await digestOfShort(value), await digestOf(value));
  }
});
