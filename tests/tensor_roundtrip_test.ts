/** Tensors written and read back: by us, and by zarrita alone. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { get, open, root } from "zarrita";
import type { Arrays, ArtifactType, Dtype } from "../pipelines/stage.ts";
import { openArtifact } from "../pipelines/tensor/read.ts";
import { GroupWriter } from "../pipelines/tensor/write.ts";

const OPEN: ArtifactType = { kind: "tensors", tensors: {}, open: true };

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
const DTYPES = Object.keys(ARRAYS) as Dtype[]; // the table's keys

/** Values that use a dtype's whole range, different at every place. */
function values<D extends Dtype>(dtype: D, count: number): Arrays[D] {
  const Array = ARRAYS[dtype];
  const list = new Array(count);
  const special = dtype === "float32" || dtype === "float64"
    ? [-0, 1 / 3, Infinity, -Infinity, NaN, 1e-40]
    : [-1, 255, 65535, 2 ** 31];
  for (let i = 0; i < count; i++) list[i] = special[i % 11] ?? i * 31 - 7;
  return list as Arrays[D]; // made by the table's constructor of this dtype
}

const bytes = (array: Arrays[Dtype]) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).toHex();

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "crisol-tensor-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** zarrita's own reading of a folder, without any of our code. */
async function byZarrita(folder: string, name: string, dtype: Dtype) {
  const store = {
    get: (path: string) => Deno.readFile(folder + path).catch(() => undefined),
  };
  const array = await open.v3(root(store).resolve(name), { kind: "array" });
  const found: unknown = await get(array);
  // Of a scalar, zarrita gives the bare value.
  if (array.shape.length === 0) {
    return { dtype: array.dtype, shape: [], data: ARRAYS[dtype].of(Number(found)) };
  }
  return { dtype: array.dtype, ...found as { shape: number[]; data: Arrays[Dtype] } }; // its own type
}

/** The last is more than one chunk of 2 MiB for every dtype of two bytes and more. */
const SHAPES = [[1], [7], [3, 5], [1, 1, 1, 1], [2, 3, 5, 7], [0], [0, 4], [3, 0, 2], [1101, 1009]];

Deno.test("every dtype comes back bit by bit in every shape, to us and to zarrita", async () => {
  await inFolder(async (folder) => {
    const writer = new GroupWriter(folder, "out", OPEN);
    const written = new Map<string, { dtype: Dtype; shape: number[]; data: Arrays[Dtype] }>();
    for (const dtype of DTYPES) {
      for (const shape of [...SHAPES, []]) {
        const name = `${dtype}/s${shape.join("x")}`;
        const data = values(dtype, shape.reduce((product, size) => product * size, 1));
        written.set(name, { dtype, shape, data });
        await writer.write(name, dtype, shape, data, { unit: "test" });
      }
    }
    const artifact = await openArtifact(folder, await writer.finish());
    assert.deepEqual(artifact.names, [...written.keys()].sort());
    for (const [name, { dtype, shape, data }] of written) {
      const tensor = artifact.tensor(name, dtype);
      assert.deepEqual(tensor.shape, shape, name);
      assert.deepEqual(tensor.attributes, { unit: "test" });
      assert.equal(bytes(await tensor.read()), bytes(data), name);
      if (data.length === 0) continue; // zarrita reads no chunk of nothing
      const other = await byZarrita(folder, name, dtype);
      assert.equal(other.dtype, dtype);
      assert.deepEqual(other.shape, shape, name);
      assert.equal(bytes(other.data), bytes(data), name);
    }
  });
});

Deno.test("what fits a block of the disk is stored unpacked, also where it looks packed", async () => {
  await inFolder(async (folder) => {
    const writer = new GroupWriter(folder, "out", OPEN);
    // The first number is how a packed chunk begins; those behind it would be a size beyond all bounds.
    const small = Uint32Array.of(0xfd2fb528, 0xffffffa0, 0xffffffff, 0);
    const sizes = { block: 4096, more: 4097 };
    await writer.write("small", "uint32", [4], small);
    for (const [name, size] of Object.entries(sizes)) {
      await writer.write(name, "uint8", [size], new Uint8Array(size));
    }
    const artifact = await openArtifact(folder, await writer.finish());
    assert.equal(bytes(await artifact.tensor("small", "uint32").read()), bytes(small));
    const stored = (name: string) => Deno.statSync(`${folder}/${name}/c.0`).size;
    assert.equal(stored("small"), 16);
    assert.equal(stored("block"), 4096);
    assert.ok(stored("more") < 100, `${stored("more")} bytes`);
  });
});

Deno.test("rows that are appended in uneven pieces give the same artifact as the whole at once", async () => {
  const shape = [1000, 1021]; // two chunks of float32, the last not full
  const data = values("float32", 1000 * 1021);
  const digests: string[] = [];
  for (const pieces of [[1000], [1, 499, 0, 513 - 500, 487], [999, 1]]) {
    await inFolder(async (folder) => {
      const writer = new GroupWriter(folder, "out", OPEN);
      const tensor = await writer.create("x", "float32", shape);
      let at = 0;
      const appends = pieces.map((rows) => {
        const piece = data.subarray(at * 1021, (at + rows) * 1021);
        at += rows;
        return tensor.append(piece); // not awaited: they keep their order
      });
      assert.equal(at, 1000);
      await Promise.all(appends);
      const digest = await writer.finish();
      digests.push(digest);
      const read = (await openArtifact(folder, digest)).tensor("x", "float32");
      assert.equal(bytes(await read.rows(511, 515)), bytes(data.subarray(511 * 1021, 515 * 1021)));
      assert.equal(bytes(await read.rows(1000, 1000)), "");
      assert.equal(bytes(await read.read()), bytes(data));
    });
  }
  assert.equal(new Set(digests).size, 1);
});

Deno.test("rows of one chunk that are read in order read its file once, also into given memory", async () => {
  await inFolder(async (folder) => {
    const writer = new GroupWriter(folder, "out", OPEN);
    const data = values("float32", 1000 * 1021); // two chunks
    await writer.write("x", "float32", [1000, 1021], data);
    const tensor = (await openArtifact(folder, await writer.finish())).tensor("x", "float32");
    const expected = (start: number, end: number) => bytes(data.subarray(start * 1021, end * 1021));
    await tensor.rows(0, 100);
    await Deno.remove(`${folder}/x/c.0.0`);
    const into = new Float32Array(200 * 1021);
    assert.equal(await tensor.rows(100, 300, into), into);
    assert.equal(bytes(into), expected(100, 300));
    // The other chunk takes its place.
    assert.equal(bytes(await tensor.rows(900, 1000)), expected(900, 1000));
    await assert.rejects(tensor.rows(0, 1), /is damaged: it is not there/);
    await assert.rejects(tensor.rows(900, 901, into), {
      name: "RangeError",
      message: 'Cannot read 1021 values of "x" into an array of 204200',
    });
  });
});

Deno.test("all rows at once are held against the digest of the whole, as reading the whole is", async () => {
  await inFolder(async (folder) => {
    const write = async (name: string, value: number) => {
      const writer = new GroupWriter(`${folder}/${name}`, "out", OPEN);
      await writer.write("x", "uint8", [9], new Uint8Array(9).fill(value));
      return await writer.finish();
    };
    const digest = await write("one", 1);
    await write("other", 2);
    // A chunk of another artifact, with its own digest: only the digest of the whole tells.
    const info = async (name: string) =>
      JSON.parse(await Deno.readTextFile(`${folder}/${name}/object.json`));
    const ours = await info("one"), theirs = await info("other");
    ours.files["x/c.0"] = theirs.files["x/c.0"];
    await Deno.writeTextFile(`${folder}/one/object.json`, JSON.stringify(ours));
    await Deno.copyFile(`${folder}/other/x/c.0`, `${folder}/one/x/c.0`);
    const tensor = (await openArtifact(`${folder}/one`, digest)).tensor("x", "uint8");
    const damaged = { name: "DamagedError", message: /the SHA-256 of its values is/ };
    await assert.rejects(tensor.read(), damaged);
    await assert.rejects(tensor.rows(0, 9), damaged);
  });
});

Deno.test("chunking, codec and what is told of no content have no part in the digest", async () => {
  const data = values("int32", 12);
  const digests = new Map<string, string>();
  const write = (name: string, work: (writer: GroupWriter) => Promise<void>) =>
    inFolder(async (folder) => {
      const writer = new GroupWriter(folder, "out", OPEN);
      await work(writer);
      digests.set(name, await writer.finish());
    });
  await write("one", async (writer) => {
    await writer.write("a", "int32", [3, 4], data);
    await writer.write("b", "uint8", [], Uint8Array.of(7));
    writer.setAttributes({ x: 1, y: [2] });
  });
  await write("in another order", async (writer) => {
    writer.setAttributes({ y: [2], x: 1 });
    await writer.write("b", "uint8", [], Uint8Array.of(7));
    await writer.write("a", "int32", [3, 4], data);
  });
  assert.equal(digests.get("one"), digests.get("in another order"));
  // Spelled out, so that nothing else can get in unseen: a change means another `format` of fingerprints.
  const sha256 = (content: string | Uint8Array) =>
    createHash("sha256").update(content).digest("hex");
  const manifest = '{"attributes":{"x":1,"y":[2]},"kind":"tensors","tensors":{' +
    `"a":{"attributes":{},"dtype":"int32","sha256":"${sha256(new Uint8Array(data.buffer))}",` +
    '"shape":[3,4]},' +
    `"b":{"attributes":{},"dtype":"uint8","sha256":"${sha256(Uint8Array.of(7))}","shape":[]}}}`;
  assert.equal(digests.get("one"), sha256(manifest));
  assert.equal(
    sha256(manifest),
    "d084ccf3057399837ed05e0266f00223631a3361d44d536f8aeb4975ce1b569f",
  );
  await write("another shape", (writer) => writer.write("a", "int32", [4, 3], data));
  await write("another name", (writer) => writer.write("d", "int32", [3, 4], data));
  await write(
    "another dtype of the same bytes",
    (writer) => writer.write("a", "uint32", [3, 4], new Uint32Array(data.buffer)),
  );
  await write("another attribute", (writer) => writer.write("a", "int32", [3, 4], data, { u: 1 }));
  await write("plain", (writer) => writer.write("a", "int32", [3, 4], data));
  assert.equal(new Set(digests.values()).size, 6);
});

Deno.test("what cannot be written is refused in words", async (t) => {
  type Case = [string, (writer: GroupWriter) => Promise<unknown>, RegExp];
  const one = Uint8Array.of(1);
  const names = [
    "",
    "/a",
    "a/",
    "a//b",
    "../a",
    "a/../b",
    ".a",
    "a b",
    "ä",
    "c",
    "a/c",
    "zarr.json",
  ];
  const cases: Case[] = [
    ...names.map((name): Case => [
      `the name "${name}"`,
      (writer) => writer.write(name, "uint8", [1], one),
      /A tensor cannot have the name/,
    ]),
    ["a name twice", async (writer) => {
      await writer.write("a", "uint8", [1], one);
      await writer.write("a", "uint8", [1], one);
    }, /"a" is written twice/],
    ["names that differ in case alone", async (writer) => {
      await writer.write("a", "uint8", [1], one);
      await writer.write("A", "uint8", [1], one);
    }, /"A" and "a" differ only in case/],
    ["a tensor inside of a tensor", async (writer) => {
      await writer.write("a", "uint8", [1], one);
      await writer.write("a/b", "uint8", [1], one);
    }, /one would be tensor and group/],
    ["a size that is no whole number", (writer) => writer.create("a", "uint8", [1.5]), /\[1\.5\]/],
    ["a size below 0", (writer) => writer.create("a", "uint8", [-1]), /whole numbers from 0/],
    ["an absurd size", (writer) => writer.create("a", "float64", [2 ** 40]), /is too large/],
    [
      "sizes whose product is no number",
      (writer) => writer.create("a", "uint8", [2 ** 52, 2 ** 52]),
      /is too large/,
    ],
    [
      "values of another dtype",
      (writer) =>
        writer.write(
          "a",
          "float32",
          [1],
          Float64Array.of(1) as unknown as Float32Array<ArrayBuffer>,
        ), // on purpose
      /is float32: it takes no other array/,
    ],
    ["too many values", (writer) => writer.write("a", "uint8", [2], new Uint8Array(3)), /3/],
    ["too few values", (writer) => writer.write("a", "uint8", [2], one), /"a"/],
    ["rows that never came", async (writer) => {
      await (await writer.create("a", "uint8", [2])).append(one);
      await writer.finish();
    }, /"a" of output "out" is not whole: \[2\] is 2 values, 1 were written/],
    [
      "an attribute that is no JSON",
      (writer) => writer.write("a", "uint8", [1], one, { x: NaN }),
      /attribute "x" is NaN, wanted text/,
    ],
    ["a file where tensors were declared", (writer) => writer.writeFile(one), /it takes no file/],
  ];
  for (const [name, work, message] of cases) {
    await t.step(name, () =>
      inFolder(async (folder) => {
        await assert.rejects(work(new GroupWriter(folder, "out", OPEN)), { message });
      }));
  }
});

Deno.test("values that are not finite are counted for the log, and stored as they are", async () => {
  await inFolder(async (folder) => {
    const writer = new GroupWriter(folder, "out", OPEN);
    const data = Float32Array.of(1, NaN, -Infinity, 2);
    await writer.write("a", "float32", [4], data);
    await writer.write("b", "float32", [4], Float32Array.of(1, 2, 3, 4));
    const artifact = await openArtifact(folder, await writer.finish());
    assert.deepEqual(writer.odd, [{ name: "a", count: 2 }]);
    assert.equal(bytes(await artifact.tensor("a", "float32").read()), bytes(data));
  });
});

Deno.test("a NaN has one form, whatever bits a processor has made it of", async () => {
  await inFolder(async (folder) => {
    const digests: string[] = [];
    for (const [i, [high, low]] of [[0x7fc00000, 0], [0xffc00001, 7], [0x7f800001, 9]].entries()) {
      const writer = new GroupWriter(`${folder}/${i}`, "out", OPEN);
      const single = new Float32Array(Uint32Array.of(0x3f800000, high ?? 0).buffer);
      const double = new Float64Array(Uint32Array.of(low ?? 0, 0x7ff80000 + i).buffer);
      await writer.write("single", "float32", [2], single);
      const rows = await writer.create("double", "float64", [1]);
      await rows.append(double);
      digests.push(await writer.finish());
      const kept = new Uint32Array(single.buffer);
      assert.equal(kept[1], high, "the stage's own array stays");
    }
    assert.deepEqual(new Set(digests).size, 1);
  });
});

Deno.test("what is declared and what is written must agree", async (t) => {
  const declared: ArtifactType = {
    kind: "tensors",
    tensors: { a: { dtype: "uint8", rank: 1 } },
  };
  const cases: Record<string, [(writer: GroupWriter) => Promise<void>, RegExp]> = {
    "nothing written": [() => Promise.resolve(), /"out" lacks the tensor "a": nothing was written/],
    "another name": [
      (writer) => writer.write("b", "uint8", [1], Uint8Array.of(1)),
      /"out" lacks the tensor "a": it holds b/,
    ],
    "another dtype": [
      (writer) => writer.write("a", "int8", [1], Int8Array.of(1)),
      /"a" of output "out" is int8 of rank 1: uint8 of rank 1 was declared/,
    ],
    "another rank": [
      (writer) => writer.write("a", "uint8", [1, 1], Uint8Array.of(1)),
      /uint8 of rank 2: uint8 of rank 1 was declared/,
    ],
    "one more": [
      async (writer) => {
        await writer.write("a", "uint8", [1], Uint8Array.of(1));
        await writer.write("b", "uint8", [1], Uint8Array.of(1));
      },
      /holds a tensor "b" that was not declared/,
    ],
  };
  for (const [name, [work, message]] of Object.entries(cases)) {
    await t.step(name, () =>
      inFolder(async (folder) => {
        const writer = new GroupWriter(folder, "out", declared);
        await work(writer);
        await assert.rejects(writer.finish(), { name: "OutputError", message });
      }));
  }
});
