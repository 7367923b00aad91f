/** What is kept for validation: which end, how many, drawn, class by class; and what is told of classes that miss. */
import assert from "node:assert/strict";
import type { JsonObject } from "../pipelines/stage.ts";
import preprocess from "../stages/preprocess.ts";
import train from "../stages/train.ts";
import { outcomes, Workplace } from "./rig.ts";
import { checkStage, MemoryArtifact, runStage, schemaIssues, shapesOf } from "./stages_rig.ts";

/** As sorted folders give them: 8 of a, then 8 of b, then 4 of c. Each image's one pixel is its number. */
async function sorted(): Promise<MemoryArtifact> {
  const data = new MemoryArtifact();
  await data.write("images", "uint8", [20, 1, 1, 1], Uint8Array.from({ length: 20 }, (_, i) => i));
  const labels = Uint8Array.from({ length: 20 }, (_, i) => Math.floor(i / 8));
  await data.write("labels", "uint8", [20], labels);
  data.setAttributes({ classes: ["a", "b", "c"] });
  return data;
}

/** The numbers of each part's images, and what was logged. */
async function parts(params: JsonObject, seed = 1) {
  const inputs = { train: await sorted(), test: await sorted() };
  const { outputs, logs } = await runStage(preprocess, { with: params, inputs, seed });
  const of = async (name: string) => {
    const artifact = outputs[name] ?? assert.fail(`no ${name}`);
    const labels = await artifact.tensor("labels", "uint8").read();
    const numbers = [...await artifact.tensor("images", "uint8").read()];
    assert.deepEqual([...labels], numbers.map((i) => Math.floor(i / 8)), "labels stay with images");
    return numbers;
  };
  const [training, validation] = [await of("train"), await of("validation")];
  return { train: training, validation, test: await of("test"), logs };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const classesOf = (numbers: readonly number[]) =>
  [0, 1, 2].map((label) => numbers.filter((i) => Math.floor(i / 8) === label).length);

Deno.test("validation is the last part, or the first, or so many examples, or none", async () => {
  const last = await parts({ validationSplit: 0.25 });
  assert.deepEqual([last.train, last.validation], [range(0, 15), range(15, 20)]);
  const first = await parts({ validationSplit: 0.25, validationFrom: "first" });
  assert.deepEqual([first.train, first.validation], [range(5, 20), range(0, 5)]);
  const counted = await parts({ validationSplit: 3 });
  assert.deepEqual([counted.train, counted.validation], [range(0, 17), range(17, 20)]);
  const none = await parts({ validationSplit: 0 });
  assert.deepEqual([none.train, none.validation], [range(0, 20), []]);
});

Deno.test("a shuffled split is drawn from the seed, loses nothing and keeps the order of the data", async () => {
  const one = await parts({ validationSplit: 0.25, shuffle: true });
  assert.deepEqual(await parts({ validationSplit: 0.25, shuffle: true }), one);
  assert.deepEqual([...one.train, ...one.validation].sort((a, b) => a - b), range(0, 20));
  assert.deepEqual(one.train, one.train.toSorted((a, b) => a - b));
  assert.notDeepEqual(one.validation, range(15, 20));
  const other = await parts({ validationSplit: 0.25, shuffle: true }, 2);
  assert.notDeepEqual(other.validation, one.validation);
  assert.deepEqual(one.test, range(0, 20));
  const few = await parts({ validationSplit: 0.5, shuffle: true, limit: { train: 10, test: 5 } });
  assert.deepEqual([few.train.length, few.validation.length, few.test.length], [5, 5, 5]);
  assert.notDeepEqual(few.test, range(0, 5));
});

Deno.test("a stratified split has the same part of each class, drawn or not", async () => {
  const ends = await parts({ validationSplit: 0.25, stratify: true });
  assert.deepEqual(ends.validation, [6, 7, 14, 15, 19]);
  const begin = { validationSplit: 0.25, stratify: true, validationFrom: "first" };
  assert.deepEqual((await parts(begin)).validation, [0, 1, 8, 9, 16]);
  const drawn = await parts({ validationSplit: 0.25, stratify: true, shuffle: true });
  assert.deepEqual(classesOf(drawn.validation), [2, 2, 1]);
  assert.notDeepEqual(drawn.validation, ends.validation);
  // 7 of 20: 2.8, 2.8 and 1.4 of a class.
  const uneven = await parts({ validationSplit: 7, stratify: true });
  assert.deepEqual(classesOf(uneven.validation), [3, 3, 1]);
  const few = await parts({ validationSplit: 5, stratify: true, limit: { train: 10 } });
  assert.deepEqual([classesOf(few.train), classesOf(few.validation)], [[2, 2, 1], [2, 2, 1]]);
});

Deno.test("classes that are not in every part are named, and what is done about it is not", async () => {
  const { logs } = await parts({ validationSplit: 0.2 });
  assert.deepEqual(logs, [
    'Warning: "a", "b" are in train and test alone; "c" is in validation and test alone; ' +
    "see shuffle and stratify of preprocess",
  ]);
  assert.deepEqual((await parts({ validationSplit: 0.2, stratify: true })).logs, []);
  assert.deepEqual((await parts({ validationSplit: 0 })).logs, []);
  assert.deepEqual((await parts({ validationSplit: 0, limit: { test: 9 } })).logs, [
    'Warning: "c" is in train alone; see shuffle and stratify of preprocess',
  ]);
});

Deno.test("what is not drawn has no seed, and settings that say nothing are not asked", async () => {
  const shapes = { train: [shapesOf(await sorted())], test: [shapesOf(await sorted())] };
  assert.equal(checkStage(preprocess, {}, shapes).random, false);
  assert.equal(checkStage(preprocess, { shuffle: true }, shapes).random, true);
  const plain = JSON.stringify(preprocess.params.parse({}));
  const said = { shuffle: false, stratify: false, validationFrom: "last" };
  assert.equal(JSON.stringify(preprocess.params.parse(said)), plain);
  assert.deepEqual(
    checkStage(preprocess, { shuffle: true, validationFrom: "first" }, shapes).issues,
    [{
      path: ["validationFrom"],
      message: "Cannot take the first examples and draw them: say one of the two",
    }],
  );
  const told = checkStage(preprocess, { validationSplit: 20 }, shapes).issues;
  assert.equal(told?.[0]?.message, "Cannot split 20 examples by 20: one part would be empty");
  assert.match(
    schemaIssues(preprocess, { validationSplit: 1 })[0]?.message ?? "",
    /^Wanted a part below 1, or a whole number of examples from 2 on$/,
  );
});

Deno.test("an empty validation part is not trained with, which the plan says", async () => {
  const data = shapesOf(await sorted());
  const { outputs } = checkStage(preprocess, { validationSplit: 0 }, {
    train: [data],
    test: [data],
  });
  const params = { layers: ["flatten", { dense: 3 }], loss: "categoricalCrossentropy", epochs: 1 };
  const { issues = [] } = checkStage(train, params, {
    train: [outputs?.["train"] ?? null],
    validation: [outputs?.["validation"] ?? null],
  });
  assert.equal(issues[0]?.input, "validation");
  assert.match(issues[0]?.message ?? "", /leave the input away$/);
});

const STAGE = `import { z } from "zod";
import { defineStage } from "../pipelines/stage.ts";
import { LABELLED_IMAGES } from "../stages/datasets/dataset.ts";
const kind = { kind: "tensors", tensors: LABELLED_IMAGES } as const;
export default defineStage({
  name: "own",
  summary: "Images sorted by class",
  params: z.strictObject({}),
  inputs: {},
  outputs: { train: kind, test: kind },
  async run({ outputs }) {
    for (const output of [outputs.train, outputs.test]) {
      const labels = Uint8Array.from({ length: 20 }, (_, i) => Math.floor(i / 10));
      await output.write("images", "uint8", [20, 4, 4, 1], new Uint8Array(320).map((_, i) => i));
      await output.write("labels", "uint8", [20], labels);
      output.setAttributes({ classes: ["cat", "dog"] });
    }
  },
});
`;
const CONFIG = `stages:
  images: { uses: ./own.ts }
  split:
    uses: preprocess
    with: { validationSplit: 0.25 }
    inputs: { train: images.train, test: images.test }
  train:
    uses: train
    with:
      layers: [flatten, { dense: { units: 2, activation: softmax } }]
      loss: sparseCategoricalCrossentropy
      epochs: 1
    inputs: { train: split.train }
  evaluate:
    uses: evaluate
    inputs: { model: train.model, data: split.test }
  report:
    uses: report
    inputs:
      metrics: evaluate.metrics
      predictions: evaluate.predictions
      test: split.test
      preview: split.preview
`;

Deno.test("classes that miss stand in terminal and page, and a drawn split alone follows the seed", async () => {
  await using place = await Workplace.copy();
  place.write("configs/own.ts", STAGE);
  place.write("configs/c.yaml", CONFIG);
  const absent = '"cat" is in train and test alone';
  const page = () => {
    const names = [...Deno.readDirSync(place.reports)].flatMap(({ name }) =>
      name.endsWith(".html") ? [`${place.reports}/${name}`] : []
    );
    return Deno.readTextFileSync(names[0] ?? assert.fail("no page"));
  };
  const { code, stdout } = await place.do(["run", "configs/c.yaml"]);
  assert.equal(code, 0, stdout);
  assert.ok(stdout.includes(absent), stdout);
  assert.ok(page().includes(absent.replaceAll('"', "&quot;")));
  assert.deepEqual(outcomes(await place.run(["configs/c.yaml", "split", "--set", "seed=2"])), {
    hit: ["images", "split"],
  });
  const drawn = ["configs/c.yaml", "split", "--set", "split.shuffle=true"];
  assert.deepEqual(outcomes(await place.run(drawn)), { hit: ["images"], ran: ["split"] });
  assert.deepEqual(outcomes(await place.run([...drawn, "--set", "seed=2"])), {
    hit: ["images"],
    ran: ["split"],
  });
  // Nothing for validation: the part is there, and empty.
  const none = await place.run(["configs/c.yaml", "--set", "split.validationSplit=0"]);
  assert.ok(outcomes(none)["ran"]?.includes("report"));
  assert.ok(!page().includes("test alone"));
});
