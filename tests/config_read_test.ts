/** What a config means once it is read. */
import { NO_RESOURCES } from "../pipelines/config/config.ts";
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseReference } from "../pipelines/config/graph.ts";
import { absolute } from "../pipelines/config/paths.ts";
import { readConfig } from "../pipelines/config/read.ts";
import { ConfigRig, oneStage } from "./config_rig.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

Deno.test("a config becomes plain data, with a default for what it leaves out", async () => {
  await using rig = await ConfigRig.make();
  await rig.write("mine.ts", "");
  await rig.write("configs/own.ts", "");
  const { config, files, overrides } = await rig.read(`
seed: 7
stages:
  data: { uses: ../mine.ts }
  model:
    uses: train
    with: { epochs: 3, loss: { type: mse, weights: [1, 0.5, null] } }
    inputs: { train: data.train, more: [data, "model-2@a=0.5,seed=2.weights"] }
    variants:
      plain:
      other: { with: { epochs: 4 }, inputs: { train: data.test } }
    matrix: { rate: [0.1, 0.2], kind: [a] }
    seeds: 2
    join: product
    cache: false
  model-2: { uses: ./own.ts }
`);
  const file = absolute(rig.folder, "configs", "c.yaml");
  const reference = (stage: string, output: string | null, cell: string | null = null) => ({
    stage,
    cell,
    output,
  });
  const rest = { with: {}, inputs: {}, variants: [], matrix: {}, seeds: null, join: null };
  assert.deepEqual(config, {
    path: file,
    name: "c",
    place: "c",
    page: "c",
    seed: 7,
    stages: [{
      ...rest,
      name: "data",
      uses: "../mine.ts",
      module: absolute(rig.folder, "mine.ts"),
      cache: true,
      version: null,
      trials: [],
      resources: NO_RESOURCES,
    }, {
      name: "model",
      uses: "train",
      module: absolute(rig.folder, "stages", "train.ts"),
      with: { epochs: 3, loss: { type: "mse", weights: [1, 0.5, null] } },
      inputs: {
        train: [reference("data", "train")],
        more: [reference("data", null), reference("model-2", "weights", "a=0.5,seed=2")],
      },
      variants: [
        { name: "plain", with: {}, inputs: {} },
        {
          name: "other",
          with: { epochs: 4 },
          inputs: { train: [reference("data", "test")] },
        },
      ],
      matrix: { rate: [0.1, 0.2], kind: ["a"] },
      seeds: 2,
      join: "product",
      cache: false,
      version: null,
      trials: [],
      resources: NO_RESOURCES,
    }, {
      ...rest,
      name: "model-2",
      uses: "./own.ts",
      module: absolute(rig.folder, "configs", "own.ts"),
      cache: true,
      version: null,
      trials: [],
      resources: NO_RESOURCES,
    }],
  });
  assert.deepEqual({ files, overrides }, { files: [file], overrides: [] });
});

Deno.test("the seed has a default", async () => {
  await using rig = await ConfigRig.make();
  assert.equal((await rig.read(oneStage())).config.seed, 1);
});

Deno.test("every committed config is read without a complaint", async () => {
  const paths = ["tests/configs/tiny.yaml"];
  for await (const { name } of Deno.readDir(join(ROOT, "configs"))) {
    if (/(?<!\.lock)\.yaml$/.test(name)) paths.push(`configs/${name}`);
  }
  assert.ok(paths.length > 3, "the configs are not where they were");
  for (const path of paths) {
    const { config } = await readConfig(join(ROOT, path), ROOT, []);
    assert.equal(config.name, basename(path, ".yaml"));
    assert.ok(config.stages.length >= 5);
  }
});

Deno.test("aliases and merge keys give copies; a map's own keys win over merged ones", async () => {
  await using rig = await ConfigRig.make();
  const { config } = await rig.read(oneStage(
    "with:",
    "  one: &one { a: 1, b: 2 }",
    "  two: &two { b: 3, c: 4 }",
    "  both: { <<: [*one, *two], d: 5, a: 6 }",
    "  list: [*one, &x 7, *x]",
    '  quoted: { "<<": 1 }',
  ));
  assert.deepEqual(config.stages[0]?.with, {
    one: { a: 1, b: 2 },
    two: { b: 3, c: 4 },
    both: { d: 5, a: 6, b: 2, c: 4 },
    list: [{ a: 1, b: 2 }, 7, 7],
    quoted: { "<<": 1 },
  });
});

Deno.test("top-level keys that begin with x- are the user's, and a place for anchors", async () => {
  await using rig = await ConfigRig.make();
  const { config } = await rig.read(
    `x-rates: { slow: &slow 0.125 }\nx-: ~\n${oneStage("with: { rate: *slow }")}`,
  );
  assert.deepEqual(config.stages[0]?.with, { rate: 0.125 });
  await assert.rejects(rig.read(`y-rates: 1\n${oneStage()}`), /Unknown key "y-rates"/);
  await assert.rejects(rig.read(oneStage("x-rates: 1")), /Unknown key "x-rates"/);
});

Deno.test("an alias means the anchor that stood before it, also where it is copied later", async () => {
  await using rig = await ConfigRig.make();
  const { config } = await rig.read(oneStage(
    "with: { a: &x 1, b: &list [*x], c: &x 2, d: *list, e: *x }",
  ));
  assert.deepEqual(config.stages[0]?.with, { a: 1, b: [1], c: 2, d: [1], e: 2 });
});

Deno.test("values are those of YAML 1.2's core: yes and dates are text, 0o17 is a number", async () => {
  await using rig = await ConfigRig.make();
  const { config } = await rig.read(oneStage(
    "with: { a: yes, b: 2020-01-01, c: 0o17, d: 1.0e-4, e: ~, f: TRUE, g: 017, h: !!str 1 }",
  ));
  assert.deepEqual(config.stages[0]?.with, {
    a: "yes",
    b: "2020-01-01",
    c: 15,
    d: 0.0001,
    e: null,
    f: true,
    g: 17,
    h: "1",
  });
});

Deno.test("a byte order mark and Windows line ends change nothing", async () => {
  await using rig = await ConfigRig.make();
  const unix = oneStage("with: { a: 1 }", "seeds: 2");
  const { stages } = (await rig.read(unix)).config;
  const windows = await rig.read("\ufeff" + unix.replaceAll("\n", "\r\n"));
  assert.deepEqual(windows.config.stages, stages);
  const { line, column } = windows.source.locate(["stages"]);
  assert.deepEqual({ line, column }, { line: 2, column: 3 });
});

Deno.test("what follows the last point of a reference is an output if it begins with a letter", () => {
  const parts = (text: string) => {
    const found = parseReference(text);
    return found === null ? null : [found.stage, found.cell, found.output];
  };
  assert.deepEqual(parts("train"), ["train", null, null]);
  assert.deepEqual(parts("train.model"), ["train", null, "model"]);
  assert.deepEqual(parts("train@sparse"), ["train", "sparse", null]);
  assert.deepEqual(parts("train@0.5"), ["train", "0.5", null]);
  assert.deepEqual(parts("train@0.5.model"), ["train", "0.5", "model"]);
  assert.deepEqual(parts("train@a,seed=2.model"), ["train", "a,seed=2", "model"]);
  for (const bad of ["", "train.", ".model", "train@", "a b", "train@a@b", "train.0", "a.b.c"]) {
    assert.equal(parts(bad), null, bad);
  }
});
