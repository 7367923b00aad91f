/** A map of another type: what a variant, a matrix or an override gives stands alone. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Config, ConfigError } from "../pipelines/config/config.ts";
import { type ConfigSource, readConfig } from "../pipelines/config/read.ts";
import type { JsonObject } from "../pipelines/json.ts";
import { merge } from "../pipelines/plan/cells.ts";
import { Planner } from "../pipelines/plan/make.ts";
import { Store } from "../pipelines/store/local.ts";
import type { Values } from "../pipelines/sweep/sweep.ts";
import { ofStage, replaced } from "../pipelines/sweep/values.ts";
import { ROOT, Workplace } from "./rig.ts";

const CONFIG = `stages:
  shapes: { uses: shapes, with: { train: 40, test: 20, size: 8 } }
  split: { uses: preprocess, inputs: { train: shapes.train, test: shapes.test } }
  train:
    uses: train
    with:
      layers: [flatten, { dense: { units: 10, activation: softmax } }]
      loss: categoricalCrossentropy
      epochs: 1
      optimizer: { type: rmsprop, learningRate: 0.5, momentum: 0.25 }
      learningRateSchedule: { type: step, every: 3 }
    inputs: { train: split.train }
    variants:
      adam: { with: { optimizer: { type: adam } } }
      sgd: { with: { optimizer: { type: sgd } } }
      same: { with: { optimizer: { type: rmsprop, rho: 0.75 } } }
      cosine: { with: { learningRateSchedule: { type: cosine } } }
`;

Deno.test("maps of one type are merged, and one of another type stands alone", () => {
  const base = { a: { type: "x", b: 1, c: { type: "y", d: 2 } } };
  assert.deepEqual(merge(base, { a: { b: 2 } }), { a: { ...base.a, b: 2 } });
  assert.deepEqual(merge(base, { a: { type: "x", e: 3 } }), { a: { ...base.a, e: 3 } });
  assert.deepEqual(merge(base, { a: { type: "z" } }), { a: { type: "z" } });
  assert.deepEqual(merge(base, { a: { c: { type: "z" } } }), {
    a: { ...base.a, c: { type: "z" } },
  });
  assert.deepEqual(merge({ a: { b: 1 } }, { a: { type: "x" } }), { a: { b: 1, type: "x" } });
});

/** The params of `train`'s cells by variant, of one store: learning a stage takes a second. */
class Plans implements AsyncDisposable {
  private constructor(readonly place: Workplace, readonly planner: Planner) {}

  static async open(): Promise<Plans> {
    const place = await Workplace.here();
    const text = (name: string) => Deno.readTextFileSync(join(ROOT, name));
    const project = { root: ROOT, configText: text("deno.json"), lockText: text("deno.lock") };
    return new Plans(place, new Planner(project, new Store(place.store), null));
  }

  async params(config: string, ...overrides: string[]): Promise<Record<string, JsonObject>> {
    const read = await readConfig(this.place.write("c.yaml", config), ROOT, overrides);
    return await this.#planned(read.config, read.source);
  }

  /** Of one trial of `train`, which has no variants, with a sweep's values. */
  async trial(config: string, values: Values): Promise<JsonObject | undefined> {
    const read = await readConfig(this.place.write("c.yaml", config), ROOT, []);
    const stages = read.config.stages.map((stage) =>
      stage.name !== "train" ? stage : {
        ...stage,
        trials: [{ label: "1", with: replaced(stage.with, ofStage(values, "train")) }],
      }
    );
    return (await this.#planned({ ...read.config, stages }, read.source))["trial=1"];
  }

  async #planned(config: Config, source: ConfigSource): Promise<Record<string, JsonObject>> {
    const { plan } = await this.planner.plan(config, source);
    // A stage's params are a map.
    return Object.fromEntries(
      plan.nodes.map(({ id, params }) => [id.replace("train@", ""), params as JsonObject]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.planner.close();
    await this.place[Symbol.asyncDispose]();
  }
}

const ADAM = { type: "adam", learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
const SGD = { type: "sgd", learningRate: 0.01, momentum: 0, nesterov: false };
const RMSPROP = { type: "rmsprop", learningRate: 0.5, rho: 0.9, momentum: 0.25, epsilon: 1e-7 };

Deno.test("a variant, a matrix or an override with another type has nothing of the base's", async () => {
  await using plans = await Plans.open();
  const params = await plans.params(CONFIG);
  const of = (key: string) => ["adam", "sgd", "same", "cosine"].map((name) => params[name]?.[key]);
  assert.deepEqual(of("optimizer"), [ADAM, SGD, { ...RMSPROP, rho: 0.75 }, RMSPROP]);
  assert.deepEqual(of("learningRateSchedule").at(-1), { type: "cosine", alpha: 0 });

  const [head = ""] = CONFIG.split("    variants:");
  const matrix = `${head}    matrix: { optimizer: [{ type: adam }, { rho: 0.75 }] }\n`;
  const cells = Object.values(await plans.params(matrix)).flatMap(({ optimizer = null }) =>
    optimizer ?? []
  );
  assert.deepEqual(cells, [ADAM, { ...RMSPROP, rho: 0.75 }]);

  const words = ["train.optimizer.learningRate=0.25", "train.optimizer.type=sgd"];
  for (const overrides of [words, words.toReversed()]) {
    const { same, cosine } = await plans.params(CONFIG, ...overrides);
    assert.deepEqual(cosine?.["optimizer"], { ...SGD, learningRate: 0.25 });
    assert.deepEqual(same?.["optimizer"], {
      ...RMSPROP,
      learningRate: 0.001,
      momentum: 0,
      rho: 0.75,
    });
  }
});

Deno.test("an override of a part opens the short form of the whole, in the stage and in a variant", async () => {
  await using plans = await Plans.open();
  const short = CONFIG.replace("{ type: rmsprop, learningRate: 0.5, momentum: 0.25 }", "rmsprop")
    .replace("{ optimizer: { type: adam } }", "{ optimizer: adam }")
    .replace("{ dense: { units: 10, activation: softmax } }", "dense: 10, activation: softmax")
    .replace("inputs: { train: shapes", "with: { scaling: 255 }, inputs: { train: shapes");
  const { same, adam, cosine, split } = await plans.params(
    short,
    "train.optimizer.rho=0.5",
    "train@adam.optimizer.beta1=0.75",
    "train.loss.fromLogits=true",
    "train.layers=[flatten, dropout: 0.5, dense: 10, activation: softmax, dense: 10]",
    "train.layers.0.flatten.name=flat",
    "train.layers.1.dropout.name=drop",
    "train.layers.2.dense.activation=tanh",
    "train.layers.3.activation.activation=linear",
    "split.scaling.subtract=5",
  );
  const rmsprop = { ...RMSPROP, learningRate: 0.001, momentum: 0, rho: 0.5 };
  assert.deepEqual(cosine?.["optimizer"], rmsprop);
  assert.deepEqual(same?.["optimizer"], { ...rmsprop, rho: 0.75 });
  assert.deepEqual(adam?.["optimizer"], { ...ADAM, beta1: 0.75 });
  assert.deepEqual(cosine?.["loss"], { type: "categoricalCrossentropy", fromLogits: true });
  assert.deepEqual(split?.["scaling"], { subtract: 5, divide: 255 });
  const layers = JSON.parse(JSON.stringify(cosine?.["layers"]));
  assert.deepEqual(layers.slice(0, 2), [{ flatten: { name: "flat" } }, {
    dropout: { name: "drop", rate: 0.5 },
  }]);
  assert.deepEqual([layers[2].dense.units, layers[2].dense.activation], [10, "tanh"]);
  assert.deepEqual(layers[3], { activation: { activation: "linear" } });
});

Deno.test("an override of a part of what has no parts is refused", async () => {
  await using plans = await Plans.open();
  await assert.rejects(plans.params(CONFIG, "train.epochs.x=2"), {
    message: 'Cannot set "train.epochs.x=2": found "x" where 1 is, which has no parts',
  });
  await assert.rejects(plans.params(CONFIG, "train@adam.layers.1.dense.units.x=2"), {
    message: 'Cannot set "train@adam.layers.1.dense.units.x=2": ' +
      'found "x" where 10 is, which has no parts',
  });
});

Deno.test("an alias of several layers is joined with the others, and what is wrong in it is told there", async () => {
  await using plans = await Plans.open();
  const layers = (units: number) =>
    `x-all: &all [averagePooling2d: 2, flatten, dense: ${units}]\n` +
    CONFIG.replace("layers: [flatten,", "layers: [*all,");
  const { cosine } = await plans.params(layers(7));
  const { cosine: same } = await plans.params(
    CONFIG.replace("layers: [flatten,", "layers: [averagePooling2d: 2, flatten, dense: 7,"),
  );
  assert.deepEqual(cosine, same);
  await assert.rejects(plans.params(layers(0)), (error: ConfigError) => {
    const [{ message = "", location = null } = {}] = error.diagnostics;
    assert.equal(message, "Found 0, wanted at least 1");
    assert.deepEqual([location?.line, location?.column, location?.length], [8, 16, 4]);
    return true;
  });
  // What the stage itself finds is told there, too.
  const twice = CONFIG.replace(
    "layers: [flatten,",
    "layers: [[flatten, dense: 4], flatten, [maxPooling2d: 2],",
  );
  await assert.rejects(plans.params(twice), (error: ConfigError) => {
    const [{ message = "", location = null } = {}] = error.diagnostics;
    assert.match(message, /^Layer "max_pooling2d" .* does not fit/);
    const { length } = "      layers: [[flatten, dense: 4], flatten, [";
    assert.deepEqual([location?.line, location?.column], [7, length + 1]);
    return true;
  });
});

Deno.test("a sweep's values open short forms, and another type takes nothing of the base's, in any order", async () => {
  await using plans = await Plans.open();
  const [base = ""] = CONFIG.split("    variants:");
  const rate = { "train.optimizer.learningRate": 0.25 }, type = { "train.optimizer.type": "sgd" };
  for (const values of [{ ...rate, ...type }, { ...type, ...rate }]) {
    const sgd = await plans.trial(base, values);
    assert.deepEqual(sgd?.["optimizer"], { ...SGD, learningRate: 0.25 });
  }
  const same = await plans.trial(base, { ...rate, "train.optimizer.type": "rmsprop" });
  assert.deepEqual(same?.["optimizer"], { ...RMSPROP, learningRate: 0.25 });
  const short = base.replace("{ type: rmsprop, learningRate: 0.5, momentum: 0.25 }", "rmsprop");
  const opened = await plans.trial(short, { ...rate, "train.layers.0.flatten.name": "flat" });
  assert.deepEqual(opened?.["optimizer"], { ...RMSPROP, learningRate: 0.25, momentum: 0 });
  assert.deepEqual(JSON.parse(JSON.stringify(opened?.["layers"]))[0], {
    flatten: { name: "flat" },
  });
  await assert.rejects(plans.trial(base, { "train.epochs.x": 2 }), {
    message: 'Found "x" where 1 is, which has no parts',
  });
});
