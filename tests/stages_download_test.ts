/** The download stage on the real Fashion-MNIST, and on folders that hold something else. */
import assert from "node:assert/strict";
import download from "../stages/download.ts";
import { checkStage, realFashion, runStage } from "./stages_rig.ts";

const folder = await realFashion();

const name = "the real Fashion-MNIST comes as bytes, with its known counts, mean and deviation";
Deno.test({ name, ignore: folder === null }, async () => {
  const { outputs, logs } = await runStage(download, {
    with: { dataset: "fashion-mnist" },
    datasets: ["no/such/folder", folder ?? ""],
  });
  assert.deepEqual(logs, []);
  const shapes = checkStage(download, { dataset: "fashion-mnist" }).outputs ?? {};
  for (const [split, count] of [["train", 60000], ["test", 10000]] as const) {
    const data = outputs[split];
    assert.ok(data);
    assert.equal(data.attributes["classes"] instanceof Array, true);
    const images = data.tensor("images", "uint8"),
      labels = await data.tensor("labels", "uint8").read();
    assert.deepEqual(images.shape, [count, 28, 28, 1]);
    assert.deepEqual(images.shape, shapes[split]?.tensors["images"]?.shape, "as check foretold");
    const counts = new Array<number>(10).fill(0);
    for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
    assert.deepEqual(counts, new Array<number>(10).fill(count / 10));
    if (split === "test") continue;
    // Row 3 of the first image, as its publisher's tutorials print it.
    const row = (await images.rows(0, 1)).subarray(3 * 28, 4 * 28);
    assert.deepEqual([...row.subarray(12, 27)], [1, 0, 0, 13, 73, 0, 0, 1, 4, 0, 0, 0, 0, 1, 1]);
    // The figures that everyone normalises Fashion-MNIST by: 0.2860 and 0.3530.
    let sum = 0, squares = 0;
    for (const byte of await images.read()) {
      sum += byte;
      squares += byte * byte;
    }
    const mean = sum / (count * 784), variance = squares / (count * 784) - mean * mean;
    assert.equal((mean / 255).toFixed(4), "0.2860");
    assert.equal((Math.sqrt(variance) / 255).toFixed(4), "0.3530");
    assert.equal(labels[0], 9, "the first image is an ankle boot");
  }
});
