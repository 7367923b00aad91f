/**
 * Writes a trained model for other tools: `model.json` and `weights.bin` for TensorFlow.js' `loadLayersModel`,
 * `weights.npz` for Keras, which reads the layers from `model.json`, too:
 *
 *     settings = json.load(open("model.json"))["modelTopology"]["config"]
 *     model = keras.Sequential.from_config(settings)
 *     model.set_weights(list(numpy.load("weights.npz").values()))
 */
import { bytesOf, join } from "./export/bytes.ts";
import { npz } from "./export/npz.ts";
import { topologyOf } from "./export/topology.ts";
import { sizeOf } from "./layers.ts";
import type { StoredModel } from "./predict.ts";

export { readStoredModel, type StoredModel } from "./predict.ts";

/**
 * File names to their bytes. `weights` reads a tensor by Keras' path ("conv2d/kernel"), C order. What a byte of an
 * image means and what the classes are called stands in `model.json` as "userDefinedMetadata".
 * @throws Error if a weight has another size than the topology says
 */
export async function exportModel(
  stored: StoredModel,
  weights: (path: string) => Promise<Float32Array>,
): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
  const { layers, model, scaling, classes, loss } = stored;
  const arrays = [];
  for (const { path, shape } of layers.flatMap((layer) => layer.weights)) {
    const values = await weights(path);
    if (values.length !== sizeOf(shape)) {
      throw new Error(
        `Cannot export the model: "${path}" has ${values.length} values, ` +
          `its topology wants [${shape.join(", ")}]`,
      );
    }
    arrays.push({ name: path, shape, values });
  }
  const description = {
    format: "layers-model",
    generatedBy: "Crisol",
    convertedBy: null,
    modelTopology: topologyOf(layers, model.inputShape),
    weightsManifest: [{
      paths: ["weights.bin"],
      weights: arrays.map(({ name, shape }) => ({ name, shape, dtype: "float32" })),
    }],
    userDefinedMetadata: {
      scaling: { subtract: scaling.subtract, divide: scaling.divide },
      classes,
      loss,
    },
  };
  return new Map([
    ["model.json", new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`)],
    ["weights.bin", join(arrays.map(({ values }) => bytesOf(values)))],
    ["weights.npz", npz(arrays)],
  ]);
}
