/** Augmentation whose draws follow from seed, pass and image alone. */
import assert from "node:assert/strict";
import { resampleInto, ROW } from "../numerics/resample.ts";
import type { Json, JsonObject } from "../pipelines/stage.ts";
import augment from "../stages/augment.ts";
import { applyTransforms, drawTransforms, openTransforms } from "../stages/datasets/transforms.ts";
import {
  assertSame,
  checkStage,
  MemoryArtifact,
  runStage,
  schemaIssues,
  shapesOf,
  someImages,
} from "./stages_rig.ts";

const EVERYTHING: JsonObject = {
  rotation: 15,
  widthShift: 0.1,
  heightShift: 2,
  shear: 8,
  zoom: 0.2,
  horizontalFlip: true,
  verticalFlip: true,
  brightness: [0.5, 1.5],
  fill: "reflect",
};

const shape = [7, 6, 3] as const;

async function pass(params: Json, data: MemoryArtifact, seed = 5): Promise<MemoryArtifact> {
  const { outputs } = await runStage(augment, { with: params, inputs: { data }, seed });
  const { images } = outputs;
  assert.ok(images);
  return images;
}

async function pixelsOf(artifact: MemoryArtifact): Promise<Uint8Array> {
  return await artifact.tensor("images", "uint8").read();
}

/** Rows of a data set as one of its own. */
async function part(data: MemoryArtifact, start: number, end: number): Promise<MemoryArtifact> {
  const out = new MemoryArtifact();
  const images = data.tensor("images", "uint8");
  const size = [end - start, ...images.shape.slice(1)];
  await out.write("images", "uint8", size, await images.rows(start, end));
  const labels = await data.tensor("labels", "uint8").rows(start, end);
  await out.write("labels", "uint8", [end - start], labels);
  out.setAttributes(data.attributes);
  return out;
}

Deno.test("a pass is the same however many passes there are, and no two are alike", async () => {
  const data = await someImages(9, shape);
  const first = await pixelsOf(await pass({ ...EVERYTHING, passes: 2, pass: 0 }, data));
  const second = await pixelsOf(await pass({ ...EVERYTHING, passes: 2, pass: 1 }, data));
  assertSame(await pixelsOf(await pass({ ...EVERYTHING, passes: 7, pass: 1 }, data)), second);
  assert.notDeepEqual(first, second);
  assert.notDeepEqual(await pixelsOf(await pass(EVERYTHING, data, 6)), first, "another seed");
});

Deno.test("the first images come out alike, whatever comes after them", async () => {
  // More than one chunk of 1024 images; the first part ends within the second chunk.
  const data = await someImages(2100, [3, 4, 1]);
  const whole = await pixelsOf(await pass(EVERYTHING, data));
  const first = await pixelsOf(await pass(EVERYTHING, await part(data, 0, 1500)));
  assertSame(first, whole.slice(0, first.length));
  const stored = await pass({ ...EVERYTHING, materialize: false }, data);
  const transforms = await openTransforms(stored)?.(0, 2100);
  assert.ok(transforms);
  const size = { height: 3, width: 4, channels: 1 };
  assertSame(
    applyTransforms(await pixelsOf(data), size, transforms),
    whole,
    "as in one chunk",
  );
});

Deno.test("stored transforms give the same bits when they are applied as stored images have", async () => {
  const data = await someImages(9, shape);
  const images = await pixelsOf(await pass(EVERYTHING, data));
  const stored = await pass({ ...EVERYTHING, materialize: false }, data);
  assertSame(await pixelsOf(stored), await pixelsOf(data), "the originals are kept");
  const rows = await stored.tensor("transforms", "float32").read();
  assert.equal(stored.attributes["fill"], "reflect");
  const size = 7 * 6 * 3, applied = new Uint8Array(images.length);
  const originals = await pixelsOf(data);
  for (let i = 0; i < 9; i++) {
    resampleInto(
      originals.subarray(i * size, (i + 1) * size),
      shape,
      rows.subarray(i * ROW, (i + 1) * ROW),
      "reflect",
      0,
      applied.subarray(i * size, (i + 1) * size),
    );
  }
  assertSame(applied, images);
  const transforms = await openTransforms(stored)?.(0, 4);
  assert.ok(transforms);
  const [height, width, channels] = shape;
  const four = applyTransforms(
    originals.subarray(0, 4 * size),
    { height, width, channels },
    transforms,
  );
  assertSame(four, images.slice(0, 4 * size));
});

Deno.test("labels and attributes are those of the originals", async () => {
  const data = await someImages(9, shape);
  data.setAttributes({ classes: ["a", "b", "c"], scaling: { subtract: 0, divide: 255 } });
  const out = await pass(EVERYTHING, data);
  assert.deepEqual(out.attributes, data.attributes);
  assert.deepEqual(
    await out.tensor("labels", "uint8").read(),
    await data.tensor("labels", "uint8").read(),
  );
});

Deno.test("without a range no pixel changes", async () => {
  const data = await someImages(9, shape);
  assertSame(await pixelsOf(await pass({}, data)), await pixelsOf(data));
});

Deno.test("a flip mirrors about half of the images, and the others stay", async () => {
  const count = 400, data = await someImages(count, [2, 3, 1]);
  const before = await pixelsOf(data);
  const after = await pixelsOf(await pass({ horizontalFlip: true }, data));
  let flipped = 0;
  for (let i = 0; i < count; i++) {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = before.subarray(i * 6, i * 6 + 6);
    const now = after.slice(i * 6, i * 6 + 6);
    if (now[0] === c) {
      flipped++;
      assert.deepEqual([...now], [c, b, a, f, e, d]);
    } else assert.deepEqual([...now], [a, b, c, d, e, f]);
  }
  assert.ok(flipped > 160 && flipped < 240, `${flipped} of ${count}`); // 4 deviations
});

const NONE = {
  rotation: 0,
  widthShift: 0,
  heightShift: 0,
  shear: 0,
  zoom: 0,
  horizontalFlip: false,
  verticalFlip: false,
} as const;

/** The least and the largest of one column of the drawn rows. */
function span(rows: Float32Array, column: number): readonly [number, number] {
  const values = Array.from({ length: rows.length / ROW }, (_, i) => rows[i * ROW + column] ?? NaN);
  return [Math.min(...values), Math.max(...values)];
}

Deno.test("shifts below 1 are parts of a side and others pixels, down to both ends of the range", () => {
  const rows = drawTransforms({ ...NONE, widthShift: 0.25, heightShift: 3 }, 1, 0, 2000, 20, 40);
  // Columns 2 and 5 of a row are the shifts down and to the right.
  const [top, bottom] = span(rows, 2), [left, right] = span(rows, 5);
  assert.ok(top >= -3 && top < -2.95 && bottom < 3 && bottom > 2.95, `${top} to ${bottom}`);
  assert.ok(left >= -10 && left < -9.9 && right < 10 && right > 9.9, `${left} to ${right}`);
});

Deno.test("zoom draws rows and columns apart, between 1 - z and 1 + z or as it is told", () => {
  for (const [zoom, low, high] of [[0.2, 0.8, 1.2], [[0.5, 0.75], 0.5, 0.75]] as const) {
    const rows = drawTransforms({ ...NONE, zoom }, 1, 0, 2000, 20, 40);
    for (const column of [0, 4]) {
      const [least, most] = span(rows, column);
      assert.ok(least >= Math.fround(low) && least < low + 0.01, `${least}`);
      assert.ok(most <= high && most > high - 0.01, `${most}`);
    }
    assert.ok(rows.some((_, i) => i % ROW === 0 && rows[i] !== rows[i + 4]), "they differ");
  }
});

Deno.test("one choice more changes no other choice's draws", () => {
  const some = drawTransforms({ ...NONE, heightShift: 3 }, 1, 0, 50, 20, 40);
  const more = drawTransforms({ ...NONE, heightShift: 3, brightness: [0.5, 2] }, 1, 0, 50, 20, 40);
  for (let i = 0; i < 50; i++) assert.equal(more[i * ROW + 2], some[i * ROW + 2]);
  assert.deepEqual(span(some, 7), [0, 0]);
  assert.deepEqual(span(more, 7), [1, 1]);
});

Deno.test("check foretells the shapes that run writes", async () => {
  const data = await someImages(9, shape);
  for (const materialize of [true, false]) {
    const params = { ...EVERYTHING, materialize };
    const { outputs, issues } = checkStage(augment, params, { data: [shapesOf(data)] });
    assert.deepEqual(issues, []);
    assert.deepEqual(outputs?.["images"], shapesOf(await pass(params, data)));
  }
  assert.equal(checkStage(augment, {}, { data: [null] }).outputs, undefined);
});

Deno.test("images that carry transforms already are not augmented again", async () => {
  const stored = await pass({ ...EVERYTHING, materialize: false }, await someImages(9, shape));
  const { issues } = checkStage(augment, {}, { data: [shapesOf(stored)] });
  assert.deepEqual(issues?.map(({ message }) => message), [
    "Cannot augment images that carry transforms already",
  ]);
});

Deno.test("ranges that make no sense are refused with their path", () => {
  assert.deepEqual(checkStage(augment, { zoom: [2, 1], brightness: [1, 0] }).issues, [
    { path: ["zoom"], message: "Cannot draw from [2,1]: from is above to" },
    { path: ["brightness"], message: "Cannot draw from [1,0]: from is above to" },
  ]);
  const bad: readonly (readonly [Json, string])[] = [
    [{ rotation: -1 }, "rotation"],
    [{ zoom: 1 }, "zoom"],
    [{ constant: 256 }, "constant"],
    [{ passes: 0 }, "passes"],
    [{ fill: "mirror" }, "fill"],
    [{ rotate: 15 }, ""],
  ];
  for (const [params, path] of bad) {
    assert.deepEqual(schemaIssues(augment, params).map((issue) => issue.path.join(".")), [path]);
  }
});
