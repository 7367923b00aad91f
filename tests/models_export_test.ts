/** Exported models give the same predictions elsewhere. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import { exportModel } from "../models/export.ts";
import { createPredictor } from "../models/predict.ts";
import type { NamedTensor } from "../models/trainer.ts";
import { EVERYTHING, examples, exported, store, valuesOf } from "./export_rig.ts";
import { kernelBytes } from "./models_rig.ts";
import { type Encoded, floatsOf, readTruth } from "./truth_rig.ts";

/** As near as two orders of summing allow. */
function close(found: ArrayLike<number>, wanted: Float32Array): void {
  assert.equal(found.length, wanted.length);
  for (const [i, value] of wanted.entries()) {
    assert.ok(Math.abs(value - (found[i] ?? NaN)) < 1e-5, `${i}: ${found[i]}, not ${value}`);
  }
  assert.ok(Math.max(...wanted) - Math.min(...wanted) > 0.01, "the predictions differ");
}

/** What our own trainer gives for the examples. */
async function predicted({ stored, read }: Awaited<ReturnType<typeof exported>>) {
  const predictor = await createPredictor(stored, read, kernelBytes);
  const outputs = new Float32Array(examples.labels.length * predictor.units);
  await predictor.evaluate(examples, outputs);
  return outputs;
}

Deno.test("TensorFlow.js loads an exported model and predicts the same", async () => {
  const model = await exported(EVERYTHING);
  const { file, names } = model;
  assert.deepEqual(names, ["model.json", "weights.bin", "weights.npz"]);
  const wanted = await predicted(model);

  tf.enableProdMode();
  await tf.setBackend("cpu");
  const { modelTopology, weightsManifest } = JSON.parse(
    new TextDecoder().decode(file("model.json")),
  );
  assert.deepEqual(weightsManifest[0].paths, ["weights.bin"]);
  const theirs = await loadLayersModel(tf.io.fromMemory({
    modelTopology,
    weightSpecs: weightsManifest[0].weights,
    weightData: file("weights.bin").buffer,
  }));
  const shape = [examples.labels.length, ...examples.shape];
  const output = theirs.predict(tf.tensor(valuesOf(examples), shape));
  assert.ok(output instanceof tf.Tensor);
  close(output.dataSync(), wanted);
});

Deno.test("These very files were loaded by Keras, which predicted the same", async () => {
  const truth = await readTruth<{ files: Record<string, string>; predicted: Encoded }>("exported");
  const model = await exported(EVERYTHING);
  const { file, names } = model;
  const digests = names.map((
    name,
  ) => [name, createHash("sha256").update(file(name)).digest("hex")]);
  assert.deepEqual(
    Object.fromEntries(digests),
    truth.files,
    "The export has changed: let Keras load it anew, by tests/truth/write.py exported",
  );
  close(await predicted(model), floatsOf(truth.predicted));
});

/** The arrays of a .npz, by the archive's directory, as readers of zip files do it. */
function readNpz(bytes: Uint8Array): NamedTensor[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - 22;
  assert.equal(view.getUint32(end, true), 0x06054b50);
  const tensors: NamedTensor[] = [];
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < view.getUint16(end + 10, true); i++) {
    assert.equal(view.getUint32(at, true), 0x02014b50);
    const size = view.getUint32(at + 24, true), length = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + length));
    const local = view.getUint32(at + 42, true);
    assert.equal(view.getUint32(local, true), 0x04034b50);
    assert.deepEqual(bytes.subarray(local + 4, local + 30), bytes.subarray(at + 6, at + 32));
    const start = local + 30 + length;
    const body = bytes.slice(start, start + size);
    assert.equal(crc32(body), view.getUint32(at + 16, true));
    const header = 10 + (body[8] ?? 0) + 256 * (body[9] ?? 0);
    assert.equal(header % 64, 0);
    const text = new TextDecoder("latin1").decode(body.subarray(10, header));
    const shape = /^\{'descr': '<f4', 'fortran_order': False, 'shape': \((.*)\), \} *\n$/.exec(
      text,
    );
    tensors.push({
      name,
      shape: (shape?.[1] ?? assert.fail(text)).split(",").filter((n) => n !== "").map(Number),
      values: new Float32Array(body.buffer, header),
    });
    at += 46 + length;
  }
  assert.equal(at, end);
  return tensors;
}

Deno.test("The archive for NumPy holds every weight, in the order in which Keras sets them", async () => {
  const { stored, read, file } = await exported(EVERYTHING);
  const tensors = readNpz(file("weights.npz"));
  const weights = stored.layers.flatMap((layer) => layer.weights);
  assert.deepEqual(tensors.map(({ name }) => name), weights.map(({ path }) => `${path}.npy`));
  for (const [i, { path, shape }] of weights.entries()) {
    assert.deepEqual(tensors[i]?.shape, shape);
    assert.deepEqual(tensors[i]?.values, await read(path));
  }
});

Deno.test("The same model is exported to the same bytes", async () => {
  const one = await exported(EVERYTHING), other = await exported(EVERYTHING);
  for (const name of one.names) assert.deepEqual(one.file(name), other.file(name));
});

Deno.test("A weight of another size than the topology says is refused by name", async () => {
  const { stored, weights } = store(EVERYTHING);
  weights.set("squeezed/bias", new Float32Array(4));
  const read = (path: string) => Promise.resolve(weights.get(path) ?? new Float32Array());
  await assert.rejects(exportModel(stored, read), {
    message: 'Cannot export the model: "squeezed/bias" has 4 values, its topology wants [5]',
  });
});
