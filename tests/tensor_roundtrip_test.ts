/** What is written as an artifact is what is read, and damage is found. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Digest } from "../pipelines/plan/plan.ts";
import type { ArtifactType } from "../pipelines/stage.ts";
import { allocate, bytesOf, DTYPES } from "../pipelines/tensor/dtypes.ts";
import { openArtifact } from "../pipelines/tensor/read.ts";
import { GroupWriter } from "../pipelines/tensor/write.ts";
import { canonicalJson, digestOf } from "../pipelines/store/canonical.ts";
import { readInfo } from "../pipelines/store/info.ts";

const OPEN: ArtifactType = { kind: "tensors", tensors: {}, open: true };

class Folder implements AsyncDisposable {
  private constructor(readonly path: string) {}
  static async make(): Promise<Folder> {
    return new Folder(await Deno.makeTempDir({ prefix: "crisol-tensor-" }));
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

Deno.test("every dtype and shape comes back as it was written, whole and row by row", async () => {
  await using folder = await Folder.make();
  const writer = new GroupWriter(folder.path, "out", OPEN);
  const shapes = [[], [0], [1], [7], [3, 5], [0, 4], [2, 1, 3, 1], [700, 1000]];
  const written = new Map<string, Uint8Array>();
  for (const dtype of DTYPES) {
    for (const [index, shape] of shapes.entries()) {
      const values = allocate(dtype, shape.reduce((product, size) => product * size, 1));
      bytesOf(values).forEach((_, i, bytes) => bytes[i] = (i * 31 + index) & 0x3f);
      const name = `${dtype}/s${index}`;
      await writer.write(name, dtype, shape, values, { index });
      written.set(name, bytesOf(values).slice());
    }
  }
  const digest = await writer.finish();
  const reader = await openArtifact(folder.path, digest);
  assert.equal(reader.names.length, DTYPES.length * shapes.length);
  for (const dtype of DTYPES) {
    for (const [index, shape] of shapes.entries()) {
      const tensor = reader.tensor(`${dtype}/s${index}`, dtype);
      assert.deepEqual([tensor.shape, tensor.attributes], [shape, { index }]);
      const values = await tensor.read();
      const wanted = written.get(`${dtype}/s${index}`);
      assert.ok(wanted !== undefined && same(bytesOf(values), wanted), `${dtype} [${shape}]`);
      const rows = shape[0];
      if (rows === undefined || rows < 3) continue;
      const row = values.length / rows;
      const part = await tensor.rows(1, rows - 1);
      assert.ok(same(bytesOf(part), bytesOf(values.slice(row, values.length - row))));
    }
  }
});

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

async function write(pieces: readonly number[], attributes = {}): Promise<Digest> {
  await using folder = await Folder.make();
  const writer = new GroupWriter(folder.path, "out", OPEN);
  const target = await writer.create("rows", "uint16", [1000, 3], { unit: "mm" });
  let next = 0;
  for (const rows of pieces) {
    await target.append(Uint16Array.from({ length: rows * 3 }, () => next++));
  }
  writer.setAttributes(attributes);
  return await writer.finish();
}

Deno.test("how a tensor was cut into pieces is not in its digest; values and attributes are", async () => {
  const whole = await write([1000]);
  assert.equal(await write([1, 998, 1]), whole);
  assert.notEqual(await write([1000], { note: 1 }), whole);
  // Pinned: results of all stores hang on it.
  assert.equal(whole, "a020aa665d63cbd840fa9b47283ee40390e9104be04c8b0ed1b615b13260f642");
});

Deno.test("an artifact that is not what was declared is refused", async () => {
  await using folder = await Folder.make();
  const type: ArtifactType = { kind: "tensors", tensors: { a: { dtype: "float32", rank: 1 } } };
  const writer = new GroupWriter(folder.path, "out", type);
  await writer.write("a", "float32", [2], Float32Array.of(1, 2));
  await assert.rejects(
    writer.write("A", "float32", [1], Float32Array.of(1)),
    /differ only in case/,
  );
  await assert.rejects(writer.write("a/b", "uint8", [1], Uint8Array.of(1)), /tensor and group/);
  await assert.rejects(
    writer.write("../x", "uint8", [1], Uint8Array.of(1)),
    /cannot have the name/,
  );
  const short = await writer.create("b", "uint8", [4]);
  await short.append(Uint8Array.of(1, 2));
  await assert.rejects(writer.finish(), /is not whole: \[4\] is 4 values, 2 were written/);
  await assert.rejects(short.append(Uint8Array.of(1, 2, 3)), /takes 4 values: 5 were given/);
});

Deno.test("damage to any file of an artifact is found where it is read, with the file's name", async () => {
  await using folder = await Folder.make();
  const writer = new GroupWriter(folder.path, "out", OPEN);
  await writer.write("a", "uint8", [5000], new Uint8Array(5000).fill(7));
  const digest = await writer.finish();
  const { files } = await readInfo(folder.path, digest);
  const chunk = Object.keys(files).find((path) => !path.endsWith("zarr.json")) ?? "";
  const path = join(folder.path, chunk);
  const good = await Deno.readFile(path);

  const flipped = good.slice();
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  await Deno.writeFile(path, flipped);
  await assert.rejects(
    async () => await (await openArtifact(folder.path, digest)).tensor("a", "uint8").read(),
    (error: Error) => error.name === "DamagedError" && error.message.includes(chunk),
  );
  await Deno.writeFile(path, good.slice(1));
  await assert.rejects(
    async () => await (await openArtifact(folder.path, digest)).tensor("a", "uint8").rows(0, 1),
    /is damaged: it has \d+ bytes, \d+ were written/,
  );
  await Deno.writeFile(path, good);
  const info = join(folder.path, "object.json");
  await Deno.writeTextFile(info, (await Deno.readTextFile(info)).replace("[5000]", "[5001]"));
  await assert.rejects(openArtifact(folder.path, digest), /its manifest has the digest/);
});

Deno.test("canonical JSON is that of RFC 8785", async () => {
  // The example of the RFC, section 3.2.2 and 3.2.3.
  const value = {
    numbers: [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
    string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    literals: [null, true, false],
  };
  assert.equal(
    canonicalJson(value),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
  assert.equal(
    canonicalJson({ "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\u0080": 6, "ö": 7 }),
    '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
  );
  assert.throws(() => canonicalJson(NaN), TypeError);
  assert.throws(() => canonicalJson("\ud800"), TypeError);
  assert.equal(
    await digestOf({ b: [1, 2], a: null }),
    "ee743f2fa2570a1b5e3270cc405d0456b983ba03ab9cb27552fc6c1a720183c7",
  );
});
