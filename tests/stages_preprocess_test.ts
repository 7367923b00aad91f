/** Splitting as Keras does, scaling that is fixed by integers, and a first look at the data. */
import assert from "node:assert/strict";
import type { Json } from "../pipelines/stage.ts";
import preprocess from "../stages/preprocess.ts";
import {
  checkStage,
  type MemoryArtifact,
  runStage,
  schemaIssues,
  shapesOf,
  someImages,
} from "./stages_rig.ts";

async function run(
  params: Json,
  train?: MemoryArtifact,
  test?: MemoryArtifact,
): Promise<Record<string, MemoryArtifact>> {
  const inputs = {
    train: train ?? await someImages(10, [2, 3, 1]),
    test: test ?? await someImages(4, [2, 3, 1]),
  };
  return (await runStage(preprocess, { with: params, inputs })).outputs;
}

async function valuesOf(artifact: MemoryArtifact | undefined, name: string): Promise<number[]> {
  assert.ok(artifact);
  return [...await artifact.tensor(name, "uint8").read()];
}

/** Training examples as Keras' `train_validation_split` counts them: floor(n * (1 - split)) in f64. */
const SPLITS: readonly (readonly [count: number, split: number, train: number])[] = [
  [10, 0.3, 7],
  [10, 0.25, 7],
  [11, 0.3, 7],
  [20, 0.9, 1], // 20 * (1 - 0.9) is 1.9999999999999996
  [30, 0.1, 27],
];
for (const [count, validationSplit, wanted] of SPLITS) {
  Deno.test(`of ${count} images the last ${count - wanted} are a validation split of ${validationSplit}`, async () => {
    const whole = await someImages(count, [2, 3, 1]);
    const { train, validation, test } = await run({ validationSplit }, whole);
    for (const name of ["images", "labels"]) {
      const first = await valuesOf(train, name), last = await valuesOf(validation, name);
      assert.equal(first.length, wanted * (name === "labels" ? 1 : 6));
      assert.deepEqual([...first, ...last], await valuesOf(whole, name));
    }
    const untouched = await someImages(4, [2, 3, 1]);
    assert.deepEqual(await valuesOf(test, "images"), await valuesOf(untouched, "images"));
  });
}

Deno.test("a limit takes the first examples, before the split", async () => {
  const whole = await someImages(10, [2, 3, 1]);
  const { train, validation, test } = await run(
    { validationSplit: 0.5, limit: { train: 6, test: 1 } },
    whole,
  );
  const images = await valuesOf(whole, "images");
  assert.deepEqual(await valuesOf(train, "images"), images.slice(0, 18));
  assert.deepEqual(await valuesOf(validation, "images"), images.slice(18, 36));
  assert.equal((await valuesOf(test, "labels")).length, 1);
});

Deno.test("scaling is an attribute of every part, and no pixel changes", async () => {
  const ways: readonly (readonly [Json, Json])[] = [
    [{}, { subtract: 0, divide: 255 }],
    [{ scaling: 127.5 }, { subtract: 0, divide: 127.5 }],
    [{ scaling: { subtract: 127.5, divide: 128 } }, { subtract: 127.5, divide: 128 }],
  ];
  for (const [params, scaling] of ways) {
    const outputs = await run(params);
    for (const name of ["train", "validation", "test"]) {
      assert.deepEqual(outputs[name]?.attributes, { classes: ["a", "b", "c"], scaling });
    }
  }
});

Deno.test("a scaling that makes all bytes one number, or no number, is refused in the plan", () => {
  const told = (scaling: Json) =>
    checkStage(preprocess, { scaling }, {}).issues?.map(({ path, message }) =>
      `${path.join(".")}: ${message}`
    );
  assert.deepEqual(told(255), []);
  assert.deepEqual(told(1e-60), ["scaling: Cannot scale so: as f32 a byte is Infinity"]);
  assert.deepEqual(told({ divide: 1e60 }), ["scaling: Cannot scale so: as f32 every byte is 0"]);
  assert.deepEqual(told({ subtract: 1e20 }), [
    `scaling: Cannot scale so: as f32 every byte is ${Math.fround(-1e20)}`,
  ]);
});

Deno.test("standardize takes mean and deviation of the training part alone", async () => {
  const whole = await someImages(40, [5, 4, 3]);
  const { train, test } = await run(
    { scaling: "standardize" },
    whole,
    await someImages(3, [5, 4, 3]),
  );
  // Plainly, in two passes over the pixels instead of over a histogram.
  const pixels = (await valuesOf(whole, "images")).slice(0, 28 * 60);
  const mean = pixels.reduce((sum, x) => sum + x, 0) / pixels.length;
  const variance = pixels.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / pixels.length;
  const found = train?.attributes["scaling"] as { subtract: number; divide: number }; // as preprocess writes it
  assert.equal(found.subtract, mean, "sums of integers are exact");
  assert.ok(Math.abs(found.divide / (Math.sqrt(variance) + 1e-7) - 1) < 1e-14);
  assert.deepEqual(test?.attributes["scaling"], found);
});

Deno.test("the preview counts classes by split and shows the first images of each class", async () => {
  const { preview, train } = await run({ validationSplit: 0.5 }, await someImages(60, [2, 3, 1]));
  assert.ok(preview);
  const counts = await preview.tensor("counts", "int32").read();
  assert.deepEqual([...counts], [10, 10, 10, 10, 10, 10, 2, 1, 1]);
  assert.deepEqual(preview.attributes["splits"], ["train", "validation", "test"]);
  const labels = await valuesOf(preview, "sampleLabels");
  assert.deepEqual(labels, [0, 1, 2].flatMap((label) => new Array<number>(8).fill(label)));
  const samples = await valuesOf(preview, "samples"), images = await valuesOf(train, "images");
  assert.deepEqual(samples.slice(9 * 6, 10 * 6), images.slice(4 * 6, 5 * 6), "second of class b");
  const histogram = await preview.tensor("histogram", "int32").read();
  assert.equal(histogram[37], images.filter((byte) => byte === 37).length);
});

Deno.test("a label that names no class is refused with its place", async () => {
  const train = await someImages(10, [2, 3, 1]);
  await train.write("labels", "uint8", [10], Uint8Array.of(0, 1, 2, 0, 1, 2, 7, 1, 2, 0));
  await assert.rejects(run({}, train), {
    message: 'Cannot read "train": label 7 of example 6 is out of range, wanted 0 to 2',
  });
});

Deno.test("data whose parts do not belong together is refused", async () => {
  const short = await someImages(10, [2, 3, 1]);
  await short.write("labels", "uint8", [9], new Uint8Array(9));
  await assert.rejects(run({}, short), {
    message: 'Cannot read "train": 10 images but 9 labels, wanted as many',
  });
  await assert.rejects(run({}, undefined, await someImages(4, [3, 2, 1])), {
    message: "Cannot preprocess: training images are [2,3,1], test images [3,2,1]",
  });
  await assert.rejects(run({}, undefined, await someImages(4, [2, 3, 1], ["a", "b", "d"])), {
    message: "Cannot preprocess: the training and the test set differ in their classes",
  });
});

Deno.test("check foretells the shapes that run writes", async () => {
  const train = await someImages(23, [2, 3, 1]), test = await someImages(9, [2, 3, 1]);
  const params = { validationSplit: 0.3, limit: { train: 21, test: 5 } };
  const { outputs = {}, issues } = checkStage(preprocess, params, {
    train: [shapesOf(train)],
    test: [shapesOf(test)],
  });
  assert.deepEqual(issues, []);
  const written = await run(params, train, test);
  for (const [name, shape] of Object.entries(outputs)) {
    const artifact = written[name];
    assert.ok(artifact);
    assert.deepEqual(shape, shapesOf(artifact));
  }
  assert.deepEqual(Object.keys(outputs), ["train", "validation", "test"]);
});

Deno.test("check refuses an empty part and images of two shapes", async () => {
  const train = shapesOf(await someImages(4, [2, 3, 1]));
  const test = shapesOf(await someImages(4, [3, 2, 1]));
  const { issues } = checkStage(preprocess, { validationSplit: 0.9 }, {
    train: [train],
    test: [test],
  });
  assert.deepEqual(issues, [
    {
      path: ["validationSplit"],
      message: "Cannot split 4 examples by 0.9: one part would be empty",
    },
    {
      path: [],
      message: "Cannot use test images of shape [3,2,1] with training images of [2,3,1]",
    },
  ]);
  assert.deepEqual(checkStage(preprocess, {}, { train: [null], test: [null] }).issues, []);
});

Deno.test("params that make no sense are refused by the schema, with their path", () => {
  const bad: readonly (readonly [Json, string])[] = [
    [{ scaling: 0 }, "scaling"],
    [{ scaling: "normalize" }, "scaling"],
    [{ validationSplit: 1 }, "validationSplit"],
    [{ validationSplit: 2.5 }, "validationSplit"],
    [{ validationSplit: -0.1 }, "validationSplit"],
    [{ validationFrom: "middle" }, "validationFrom"],
    [{ limit: { train: 1 } }, "limit.train"],
    [{ limt: {} }, ""],
  ];
  for (const [params, path] of bad) {
    assert.deepEqual(schemaIssues(preprocess, params).map((issue) => issue.path.join(".")), [path]);
  }
});
