/**
 * A model with every kind of layer, and its export. As a script it writes the export and the values to predict for
 * tests/truth/write.py: `deno run -A tests/export_rig.ts FOLDER`.
 */
import assert from "node:assert/strict";
import { describeModel } from "../models/describe.ts";
import { scalingTable } from "../models/examples.ts";
import { exportModel, readStoredModel, type StoredModel } from "../models/export.ts";
import { npz } from "../models/export/npz.ts";
import { layersOf } from "../models/layers.ts";
import { stream } from "../numerics/random.ts";
import { type Network, settingsOf, someExamples } from "./models_rig.ts";

const scaling = { subtract: 100, divide: 60 };
export const EVERYTHING: Network = {
  layers: [
    {
      conv2d: {
        filters: 5,
        kernelSize: [3, 2],
        strides: [2, 1],
        padding: "same",
        activation: "relu",
      },
    },
    "batchNormalization",
    { averagePooling2d: { poolSize: [3, 2], strides: 1, padding: "same" } },
    { conv2d: { filters: 4, kernelSize: 2, activation: "leakyRelu", useBias: false } },
    { batchNormalization: { scale: false, epsilon: 0.02 } },
    { maxPooling2d: { poolSize: 2, strides: 1, padding: "same" } },
    { activation: "leakyRelu" },
    { dropout: 0.4 },
    { activation: "elu" },
    "flatten",
    { dense: { units: 7, activation: "swish", kernelRegularizer: { l1: 0.1, l2: 0.01 } } },
    { dense: { units: 6, activation: "softplus", kernelInitializer: "heNormal" } },
    { dense: { name: "squeezed", units: 5, activation: "tanh", biasInitializer: "ones" } },
    { dense: { units: 4, activation: "sigmoid" } },
    { dense: 3 },
    { activation: "softmax" },
  ],
  loss: "categoricalCrossentropy",
  inputShape: [7, 6, 2],
};

/** As `train` stores it, read back, with weights that are all different. */
export function store(
  network: Network,
): { stored: StoredModel; weights: Map<string, Float32Array> } {
  const { model, loss, optimizer } = settingsOf(network);
  const layers = layersOf(model);
  const attributes = describeModel(model, layers, loss, optimizer, scaling, ["a", "b", "c"]);
  const weights = new Map<string, Float32Array>();
  for (const { path, name, size } of layers.flatMap((layer) => layer.weights)) {
    const draws = stream(5, path);
    // A variance is positive.
    const least = name === "moving_variance" ? 0.5 : -0.6;
    weights.set(
      path,
      Float32Array.from({ length: size }, (_, i) => least + 1.2 * draws.uniform(i)),
    );
  }
  return { stored: readStoredModel(JSON.parse(JSON.stringify(attributes))), weights };
}

/** The files of an export, and what they were made of. */
export async function exported(network: Network) {
  const { stored, weights } = store(network);
  const read = (path: string) => Promise.resolve(weights.get(path) ?? assert.fail(path));
  const files = await exportModel(stored, read);
  const file = (name: string) => files.get(name) ?? assert.fail(`no ${name}`);
  return { stored, read, file, names: [...files.keys()] };
}

/** What is predicted. */
export const examples = {
  ...someExamples(9, [7, 6, 2]),
  table: scalingTable(scaling),
};

/** The images as a network takes them. */
export function valuesOf({ pixels, table }: typeof examples): Float32Array<ArrayBuffer> {
  return Float32Array.from(pixels, (byte) => table[byte] ?? NaN);
}

if (import.meta.main) {
  const folder = Deno.args[0] ?? assert.fail("a folder is wanted");
  const { file, names } = await exported(EVERYTHING);
  for (const name of names) await Deno.writeFile(`${folder}/${name}`, file(name));
  const { labels, shape } = examples;
  const input = { name: "input", shape: [labels.length, ...shape], values: valuesOf(examples) };
  await Deno.writeFile(`${folder}/input.npz`, npz([input]));
}
