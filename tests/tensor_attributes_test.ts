/** Attributes: what is stored is what is hashed, what is no JSON is refused by its name, and names that maps inherit. */
import assert from "node:assert/strict";
import type { JsonObject } from "../pipelines/stage.ts";
import { openArtifact } from "../pipelines/tensor/read.ts";
import { GroupWriter } from "../pipelines/tensor/write.ts";
import { Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

const OPEN = { kind: "tensors", tensors: {}, open: true } as const;
const WANTED = "wanted text, a finite number, true, false, null, or a list or plain map of these";

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "crisol-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const deep = (levels: number): unknown => levels === 0 ? 1 : [deep(levels - 1)];
const circle: Record<string, unknown> = {};
circle["a"] = circle;

/** Values that are no JSON, and what is told of them. */
const BAD: readonly (readonly [value: unknown, told: string])[] = [
  [{ a: undefined }, 'attribute "a" is undefined'],
  [{ a: { b: [1, { c: undefined }] } }, 'attribute "a.b[1].c" is undefined'],
  [{ a: [1, , 2] }, 'attribute "a[1]" is undefined'],
  [{ a: new Date(0) }, 'attribute "a" is a Date'],
  [{ a: new Map() }, 'attribute "a" is a Map'],
  [{ a: Float32Array.of(1) }, 'attribute "a" is a Float32Array'],
  [{ a: 1n }, 'attribute "a" is a bigint'],
  [{ a: () => 1 }, 'attribute "a" is a function'],
  [{ a: NaN }, 'attribute "a" is NaN'],
  [{ a: "\ud800" }, 'attribute "a" is "\\ud800", which is no valid Unicode'],
  [{ a: { "\ud800": 1 } }, 'attribute "a" is the key "\\ud800", which is no valid Unicode'],
  [{ a: deep(200) }, 'attribute "a[0][0]" is more than 100 levels'],
  [circle, 'attribute "a.a.a" is more than 100 levels'],
  [new Date(0), "attributes are a Date"],
];

Deno.test("an attribute that is no JSON is refused, with output, tensor and key", async (t) => {
  for (const [value, told] of BAD) {
    await t.step(told, () =>
      inFolder(async (folder) => {
        const writer = new GroupWriter(folder, "out", OPEN);
        const attributes = value as JsonObject; // as plain JavaScript would pass it
        assert.throws(() => writer.setAttributes(attributes), {
          name: "TypeError",
          message: `Output "out": its ${told}, ${WANTED}`,
        });
        await assert.rejects(writer.write("x", "uint8", [1], Uint8Array.of(1), attributes), {
          name: "TypeError",
          message: `Tensor "x" of output "out": its ${told}, ${WANTED}`,
        });
      }));
  }
});

Deno.test("attributes are those of the moment in which they were given", async () => {
  await inFolder(async (folder) => {
    const writer = new GroupWriter(folder, "out", OPEN);
    const list = [1], attributes = { list, none: Object.create(null) };
    writer.setAttributes(attributes);
    await writer.write("x", "uint8", [1], Uint8Array.of(1), attributes);
    list.push(NaN);
    const artifact = await openArtifact(folder, await writer.finish());
    assert.deepEqual(artifact.attributes, { list: [1], none: {} });
    assert.deepEqual(artifact.tensor("x", "uint8").attributes, { list: [1], none: {} });
  });
});

Deno.test("a group may be called as what every map inherits, and has its metadata", async () => {
  await inFolder(async (folder) => {
    const writer = new GroupWriter(folder, "out", OPEN);
    for (const name of ["constructor/kernel", "toString/a/b", "valueOf"]) {
      await writer.write(name, "uint8", [1], Uint8Array.of(1));
    }
    const { names } = await openArtifact(folder, await writer.finish());
    assert.deepEqual(names, ["constructor/kernel", "toString/a/b", "valueOf"]);
    const { consolidated_metadata: { metadata } } = JSON.parse(
      Deno.readTextFileSync(`${folder}/zarr.json`),
    );
    for (const group of ["constructor", "toString", "toString/a"]) {
      const about = JSON.parse(Deno.readTextFileSync(`${folder}/${group}/zarr.json`));
      assert.equal(about.node_type, "group", group);
      assert.deepEqual(Object.hasOwn(metadata, group) && metadata[group], about, group);
    }
  });
});

Deno.test("a stage's attribute that is no JSON is told with output and key, and nothing is called damaged", async () => {
  await using place = await Workplace.copy();
  own(place, "outputs.out.setAttributes({ made: { at: new Date(0) } } as never);");
  const { code, stdout } = await place.do(["run", CONFIG, "--quiet"]);
  assert.equal(code, 1);
  assert.ok(
    stdout.startsWith(`error: one: Output "out": its attribute "made.at" is a Date, ${WANTED}\n`),
    stdout,
  );
});

Deno.test("an input that every map inherits is none of a stage's", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  place.write(
    CONFIG,
    "stages:\n  a: { uses: ./own.ts }\n  b: { uses: ./own.ts, inputs: { constructor: a } }\n",
  );
  const { code, stderr } = await place.do(["plan", CONFIG]);
  assert.equal(code, 2);
  assert.match(stderr, /^error: "\.\/own\.ts" has no input "constructor"\n/);
});
