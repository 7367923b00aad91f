/** Names, shapes, counts and the printed table of whole networks, against Keras 3. */
import assert from "node:assert/strict";
import { buildModel } from "../models/build.ts";
import { countParameters, layersOf } from "../models/layers.ts";
import { layerSchema } from "../models/schema.ts";
import { summary } from "../models/summary.ts";
import { readTruth } from "./truth_rig.ts";

interface Case {
  readonly name: string;
  readonly layers: readonly unknown[];
  readonly inputShape: readonly number[];
  readonly total: number;
  readonly nonTrainable: number;
  readonly outputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly parameters: number;
  }[];
  readonly weights: readonly string[];
  readonly text: string;
}

const { cases } = await readTruth<{ cases: readonly Case[] }>("summaries");

/** What the course says of them. */
const COUNTS: Readonly<Record<string, readonly [total: number, nonTrainable: number]>> = {
  "the baseline": [412_778, 0],
  "the baseline with batch normalisation": [413_162, 192],
  "the first model of CIFAR-10": [307_498, 0],
  "the tuned model of CIFAR-10": [309_290, 896],
  "the cats and dogs": [3_453_121, 0],
};

for (const one of cases) {
  Deno.test(`The summary is the one that Keras prints: ${one.name}`, () => {
    const model = buildModel(one.layers.map((layer) => layerSchema.parse(layer)), one.inputShape);
    const layers = layersOf(model);
    assert.deepEqual(
      layers.map(({ spec, outputShape, parameters }) => ({
        name: spec.name,
        shape: [...outputShape],
        parameters,
      })),
      one.outputs,
    );
    const paths = layers.flatMap(({ weights }) => weights.map(({ path }) => `sequential/${path}`));
    assert.deepEqual(paths, one.weights);
    const { total, trainable, nonTrainable } = countParameters(layers);
    assert.deepEqual([total, trainable], [one.total, one.total - one.nonTrainable]);
    const course = COUNTS[one.name];
    if (course !== undefined) assert.deepEqual([total, nonTrainable], course);
    assert.equal(summary(layers), one.text);
  });
}

Deno.test("The networks of the course are among them", () => {
  const names = cases.map(({ name }) => name);
  assert.deepEqual(Object.keys(COUNTS).filter((name) => !names.includes(name)), []);
});
