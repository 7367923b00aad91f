/** The report stage: from artifacts of several networks to one page. */
import assert from "node:assert/strict";
import type { ArtifactReader, Gathered, Json } from "../pipelines/stage.ts";
import augment from "../stages/augment.ts";
import evaluate from "../stages/evaluate.ts";
import preprocess from "../stages/preprocess.ts";
import report from "../stages/report.ts";
import shapes from "../stages/shapes.ts";
import train from "../stages/train.ts";
import { kernelBytes } from "./models_rig.ts";
import { checkStage, MemoryArtifact, runStage, schemaIssues } from "./stages_rig.ts";

function of(outputs: Record<string, MemoryArtifact>, name: string): MemoryArtifact {
  const artifact = outputs[name];
  assert.ok(artifact, name);
  return artifact;
}

const drawn = (await runStage(shapes, { with: { train: 60, test: 30, size: 8 } })).outputs;
const data = (await runStage(preprocess, {
  inputs: { train: of(drawn, "train"), test: of(drawn, "test") },
})).outputs;

/** A network that learned under this seed, and what was measured of it. */
async function network(seed: number) {
  const conv = { conv2d: { filters: 3, kernelSize: 2, activation: "relu" } };
  const { outputs } = await runStage(train, {
    with: {
      layers: [conv, "flatten", { dense: { units: 10, activation: "softmax" } }],
      loss: "categoricalCrossentropy",
      epochs: 2,
      batchSize: 16,
    },
    inputs: {
      train: [{ name: "", artifact: of(data, "train") }],
      validation: of(data, "validation"),
    },
    kernel: kernelBytes,
    seed,
  });
  const inputs = { model: of(outputs, "model"), data: of(data, "test") };
  const measured = (await runStage(evaluate, { inputs, kernel: kernelBytes, seed })).outputs;
  return { ...outputs, ...measured };
}

const one = await network(1), two = await network(2);
const CELLS = { "baseline,seed=1": one, "baseline,seed=2": two, "sparse,seed=1": two };

async function passes(materialize: boolean): Promise<Gathered[]> {
  const cells: Gathered[] = [];
  for (const pass of [0, 1]) {
    const { outputs } = await runStage(augment, {
      with: { rotation: 30, passes: 2, pass, materialize },
      inputs: { data: of(data, "train") },
    });
    cells.push({ name: `pass=${pass}`, artifact: of(outputs, "images") });
  }
  return cells;
}

/** One output of each cell, as a config gathers it. */
function gathered(output: string, cells: Record<string, Record<string, MemoryArtifact>> = CELLS) {
  return Object.entries(cells).map(([name, outputs]): Gathered => ({
    name,
    artifact: of(outputs, output),
  }));
}

type Inputs = Record<string, ArtifactReader | readonly Gathered[]>;

const least: Inputs = {
  metrics: gathered("metrics"),
  predictions: gathered("predictions"),
  test: of(data, "test"),
};
const all: Inputs = {
  ...least,
  models: gathered("model"),
  histories: gathered("history"),
  preview: of(data, "preview"),
  augmented: await passes(true),
};

async function page(inputs: Inputs, params: Json = {}): Promise<string> {
  const script = new TextEncoder().encode('document.title += ""');
  const { outputs } = await runStage(report, {
    with: params,
    inputs,
    kernel: (family) => {
      assert.equal(family, "report-client");
      return Promise.resolve(script);
    },
  });
  return new TextDecoder().decode(of(outputs, "page").file);
}

const whole = await page(all, {
  title: "Ten shapes",
  reference: { baseline: { loss: 1.5, accuracy: 0.4321, curves: { loss: [2, 1.5] } } },
});

Deno.test("the page shows title, variants, the reference and every part that has artifacts", () => {
  assert.match(whole, /<h1>Ten shapes<\/h1>/);
  for (const words of ["baseline", "sparse", "43.21", "disc", "2 variants, 3 networks in all"]) {
    assert.ok(whole.includes(words), words);
  }
  const parts = [
    "results",
    "curves",
    "confusion",
    "calibration",
    "augmentation",
    "kernels",
    "models",
    "data",
  ];
  for (const id of parts) assert.ok(whole.includes(`<section id="${id}"`), id);
});

Deno.test("the page shows the figures that evaluate measured", async () => {
  const loss = (await two["metrics"]?.tensor("loss", "float64").read())?.[0] ?? NaN;
  const accuracy = (await two["metrics"]?.tensor("accuracy", "float64").read())?.[0] ?? NaN;
  // The table rounds; "sparse" is one network, so that no mean hides it.
  assert.ok(whole.includes(loss.toFixed(4)), `loss ${loss}`);
  assert.ok(whole.includes((accuracy * 100).toFixed(2)), `accuracy ${accuracy}`);
});

Deno.test("the same results give the same page, byte for byte", async () => {
  assert.equal(await page(all), await page(all));
});

Deno.test("optional inputs may be missing, and their parts are", async () => {
  const drawn = await page(least);
  for (const id of ["results", "confusion"]) assert.ok(drawn.includes(`<section id="${id}"`), id);
  for (const id of ["curves", "augmentation", "kernels", "models"]) {
    assert.ok(!drawn.includes(`<section id="${id}"`), id);
  }
});

Deno.test("augmented images look alike whether images or transforms were stored", async () => {
  const section = (text: string) => /<section id="augmentation"[\s\S]*?<\/section>/.exec(text)?.[0];
  const images = section(await page(all));
  assert.ok(images !== undefined && images.includes("data:image/png"));
  assert.equal(section(await page({ ...all, augmented: await passes(false) })), images);
});

Deno.test("a reference to a variant that is not there is refused before anything runs", async () => {
  const reference = { sparce: { loss: 1 } };
  const names = { metrics: ["baseline,seed=1", "baseline,seed=2", "sparse,seed=1"] };
  const { issues = [] } = checkStage(report, { reference }, {}, names);
  assert.deepEqual(issues, [{
    path: ["reference", "sparce"],
    message: 'Cannot compare with the reference of "sparce": there is no such variant',
    help: 'there is: "baseline", "sparse"',
    unknown: "sparce",
    known: ["baseline", "sparse"],
  }]);
  assert.deepEqual(checkStage(report, { reference: { sparse: {} } }, {}, names).issues, []);
  // What is not known yet is no mistake; a variant that failed has a reference, and no figures.
  assert.deepEqual(checkStage(report, { reference }).issues, []);
  const without = gathered("metrics").slice(0, 2);
  assert.match(
    await page({ ...least, metrics: without }, { reference: { sparse: {} } }),
    /1 variant, /,
  );
});

Deno.test("predictions that are missing or of another test set are refused by the cell's name", async () => {
  await assert.rejects(page({ ...least, predictions: gathered("predictions").slice(1) }), {
    message:
      'Cannot report on "baseline,seed=1": found no predictions, wanted one for each of 30 test images',
  });
  const short = new MemoryArtifact();
  await short.write("predicted", "int32", [2], Int32Array.of(0, 1));
  const predictions = [...gathered("predictions").slice(0, 2), {
    name: "sparse,seed=1",
    artifact: short,
  }];
  await assert.rejects(page({ ...least, predictions }), {
    message:
      'Cannot report on "sparse,seed=1": found 2 predictions, wanted one for each of 30 test images',
  });
});

Deno.test("metrics of other classes than the test set's are refused", async () => {
  const other = new MemoryArtifact();
  for (const [name, tensor] of of(one, "metrics").stored) other.stored.set(name, tensor);
  await other.write("confusion", "int32", [2, 2], new Int32Array(4));
  const metrics = [{ name: "baseline,seed=1", artifact: other }];
  await assert.rejects(page({ ...least, metrics }), {
    message: "Cannot read the metrics: they are of 2 classes, the test set has 10",
  });
});

Deno.test("a model that train did not describe is refused with what is missing", async () => {
  const models = [{ name: "baseline,seed=1", artifact: new MemoryArtifact() }];
  await assert.rejects(page({ ...all, models }), /^Error: Cannot read a model: [^]*topology/);
});

Deno.test("a reference with an unknown figure is refused, with its path", () => {
  const issues = schemaIssues(report, { reference: { baseline: { los: 1 } } });
  assert.deepEqual(issues.map((issue) => issue.path.join(".")), ["reference.baseline"]);
});

Deno.test("the page says of a training that ran away where it did, and whose figures are shown", async () => {
  const history = of(one, "history");
  const { attributes } = history;
  const ranAway = { what: "the loss is NaN at", step: 12, epoch: 8, learningRate: 0.5 };
  history.setAttributes({ ...attributes, keptEpoch: 6, ranAway });
  const found = await page(all);
  history.setAttributes(attributes);
  const words =
    "the loss is NaN at step 12 (epoch 8) with learning rate 0.5; its figures are those of epoch 6";
  assert.ok(found.includes(words));
  assert.match(found, /The training of “baseline”, seed 1, ran away: /);
  assert.ok(!whole.includes("ran away"));
});
