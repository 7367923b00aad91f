/** `--set`: what it changes, what it leaves alone, and what it says of itself when it is wrong. */
import assert from "node:assert/strict";
import type { Json, JsonObject } from "../pipelines/json.ts";
import { ConfigRig, text } from "./config_rig.ts";

const CONFIG = `
stages:
  train:
    uses: train
    with:
      epochs: 10
      layers: [{ conv2d: { filters: 4 } }, flatten, { dense: 10 }]
      loss: { type: mse, weight: 1 }
    variants:
      baseline:
      sparse: { with: { loss: { type: sparse }, layers: [flatten] } }
  evaluate: { uses: evaluate, inputs: { model: train } }
`;

/** The stage's `with` and those of its variants after the overrides. */
async function params(...overrides: string[]): Promise<Record<string, JsonObject | undefined>> {
  await using rig = await ConfigRig.make();
  const stage = (await rig.read(CONFIG, ...overrides)).config.stages[0];
  const variants = stage?.variants.map((variant) => [variant.name, variant.with]) ?? [];
  return { stage: stage?.with, ...Object.fromEntries(variants) };
}

const BEFORE = await params();

/** The config with this instead of what was there. */
function but(where: string, change: JsonObject): Record<string, Json | undefined> {
  return { ...BEFORE, [where]: { ...BEFORE[where], ...change } };
}

Deno.test("a param is replaced or added, and its value is YAML", async () => {
  assert.deepEqual(await params("train.epochs=3"), but("stage", { epochs: 3 }));
  assert.deepEqual(await params("train.new=a b"), but("stage", { new: "a b" }));
  assert.deepEqual(await params("train.with.seeds=1"), but("stage", { seeds: 1 }));
  assert.deepEqual(await params("train.loss={type: mae}"), but("stage", { loss: { type: "mae" } }));
  assert.deepEqual(await params("train.text='a=b'"), but("stage", { text: "a=b" }));
  assert.deepEqual(await params("train.none="), but("stage", { none: null }));
});

Deno.test("a deeper path changes only what it names", async () => {
  assert.deepEqual(
    await params("train.layers.0.conv2d.filters=8", "train.loss.weight=2"),
    but("stage", {
      layers: [{ conv2d: { filters: 8 } }, "flatten", { dense: 10 }],
      loss: { type: "mse", weight: 2 },
    }),
  );
  assert.deepEqual(
    await params("train.stop.patience=2"),
    but("stage", { stop: { patience: 2 } }),
  );
});

Deno.test("a variant's param starts from the value that the stage gave it", async () => {
  assert.deepEqual(await params("train@baseline.epochs=3"), but("baseline", { epochs: 3 }));
  assert.deepEqual(
    await params("train@baseline.layers.2.dense=5"),
    but("baseline", { layers: [{ conv2d: { filters: 4 } }, "flatten", { dense: 5 }] }),
  );
  assert.deepEqual(
    await params("train@sparse.loss.weight=2"),
    but("sparse", { loss: { type: "sparse", weight: 2 } }),
  );
  assert.deepEqual(await params("train@sparse.layers.0=x"), but("sparse", { layers: ["x"] }));
});

Deno.test("another type takes nothing over of what the file said for the old one", async () => {
  assert.deepEqual(await params("train.loss.type=mae"), but("stage", { loss: { type: "mae" } }));
  assert.deepEqual(
    await params("train@baseline.loss.type=mae"),
    but("baseline", { loss: { type: "mae" } }),
  );
  assert.deepEqual(
    await params("train.loss.type=mse", "train.loss.weight=3"),
    but("stage", { loss: { type: "mse", weight: 3 } }),
  );
  // What the command line said stays, in either order.
  const both = but("stage", { loss: { type: "mae", scale: 2 } });
  assert.deepEqual(await params("train.loss.type=mae", "train.loss.scale=2"), both);
  assert.deepEqual(await params("train.loss.scale=2", "train.loss.type=mae"), both);
});

Deno.test("a short form that is given a part is kept for the plan, which knows what it stands for", async () => {
  assert.deepEqual(
    await params("train.layers.2.dense.units=5", "train.layers.1.flatten.name=f"),
    but("stage", {
      layers: [{ conv2d: { filters: 4 } }, { flatten: { name: "f" } }, {
        dense: { "=": 10, units: 5 },
      }],
    }),
  );
});

Deno.test("later overrides win, and see what earlier ones did", async () => {
  assert.deepEqual(
    await params("train.a=[1, 2]", "train.a.1=3", "train.epochs=1", "train.epochs=2"),
    but("stage", { a: [1, 3], epochs: 2 }),
  );
});

Deno.test("seed and a stage's seeds, join and cache can be set", async () => {
  await using rig = await ConfigRig.make();
  const overrides = [
    "seed=7",
    "train.seeds=3",
    "train.join=product",
    "train.cache=false",
  ];
  const read = await rig.read(CONFIG, ...overrides);
  const stage = read.config.stages[0];
  assert.deepEqual(
    [read.config.seed, stage?.seeds, stage?.join, stage?.cache],
    [7, 3, "product", false],
  );
  assert.deepEqual(read.overrides, overrides);
  assert.deepEqual(stage?.with, BEFORE.stage);
});

Deno.test("a value from an override is known as such, and has no place in the file", async () => {
  await using rig = await ConfigRig.make();
  const { source } = await rig.read(CONFIG, "train.epochs=-1", "train@baseline.layers.0=dense");
  const epochs = ["stages", "train", "with", "epochs"];
  assert.equal(source.overriddenBy(epochs), "train.epochs=-1");
  assert.equal(source.overriddenBy(["stages", "train", "with", "loss"]), null);
  assert.deepEqual(source.diagnose(epochs, "Found -1, wanted at least 1"), {
    severity: "error",
    message: 'Cannot set "train.epochs=-1": found -1, wanted at least 1',
    location: null,
  });
  // For a place nevertheless: its key in the file, or what it was added to.
  const { line, column, length } = source.locate(epochs);
  assert.deepEqual({ line, column, length }, { line: 6, column: 7, length: 6 });
  const layers = ["stages", "train", "variants", "baseline", "with", "layers"];
  assert.equal(source.overriddenBy([...layers, 0]), "train@baseline.layers.0=dense");
  assert.equal(source.overriddenBy([...layers, 1]), null);
  // What was copied from the stage stands where the stage has it.
  assert.equal(source.locate([...layers, 1]).line, 7);
});

Deno.test("each wrong override is named, with what was found and what would be right", async () => {
  await using rig = await ConfigRig.make();
  const complaint = await rig.complaint(
    CONFIG,
    "trian.epochs=1",
    "train@spars.epochs=1",
    "evaluate@x.y=1",
    "train.layers.3=flatten",
    "train.layers.first=flatten",
    "train.inputs.model=evaluate",
    "train@sparse.seeds=2",
    "train.seeds.x=1",
    "train",
    "train=3",
    "train..x=3",
    "sed=3",
    "seed.x=3",
    "train.x=[1",
    "train.x=.nan",
    "train.x=*epochs",
    "train.x=a: 1",
    "train.with=1",
    "train.__proto__.x=1",
  );
  assert.equal(
    complaint,
    text`
    error: Cannot set "trian.epochs=1": there is no stage "trian"
      help: Did you mean "train"?

    error: Cannot set "train@spars.epochs=1": the stage "train" has no variant "spars"
      help: Did you mean "sparse"?

    error: Cannot set "evaluate@x.y=1": the stage "evaluate" has no variant "x"
      help: Write "evaluate.y=..."

    error: Cannot set "train.layers.3=flatten": found "3" where a list is, wanted a number from 0 to 2

    error: Cannot set "train.layers.first=flatten": found "first" where a list is, wanted a number from 0 to 2

    error: Cannot set "train.inputs.model=evaluate": cannot change the inputs of a stage
      help: A param of that name is "train.with.inputs.model"

    error: Cannot set "train@sparse.seeds=2": "seeds" belongs to the stage
      help: Write "train.seeds=..."

    error: Cannot set "train.seeds.x=1": "seeds" has no parts

    error: Cannot set "train": it has no value
      help: Write "stage.param=value", "stage@variant.param=value" or "seed=value"

    error: Cannot set "train=3": "train" is a stage, and has no value of its own
      help: Write "stage.param=value", "stage@variant.param=value" or "seed=value"

    error: Cannot set "train..x=3": it is no path of names
      help: Write "stage.param=value", "stage@variant.param=value" or "seed=value"

    error: Cannot set "sed=3": there is no "sed"
      help: Did you mean "seed"?

    error: Cannot set "seed.x=3": there is no stage "seed"
      help: There are: train, evaluate

    error: Cannot set "train.x=[1": not valid YAML: Flow sequence must end with a ]

    error: Cannot set "train.x=.nan": found .nan, wanted a finite number

    error: Cannot set "train.x=*epochs": there is no anchor "&epochs" before this alias

    error: Cannot set "train.x=a: 1": found a map without brackets
      help: Write "{a: 1}", or put text into quotes

    error: Cannot set "train.with=1": "with" needs the name of a param behind it
      help: Write "stage.param=value", "stage@variant.param=value" or "seed=value"

    error: Cannot set "train.__proto__.x=1": it is no path of names
      help: Write "stage.param=value", "stage@variant.param=value" or "seed=value"

    19 errors`,
  );
});

Deno.test("a value of the wrong type is complained about as the override that gave it", async () => {
  await using rig = await ConfigRig.make();
  assert.equal(
    await rig.complaint(CONFIG, "seed=abc", "train.seeds=0"),
    text`
    error: Cannot set "seed=abc": found "abc", wanted a whole number from 0 to 9007199254740991

    error: Cannot set "train.seeds=0": found 0, wanted a whole number from 1 to 1000

    2 errors`,
  );
});
