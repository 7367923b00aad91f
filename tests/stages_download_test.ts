/** The download stage on the real Fashion-MNIST, and on folders that hold something else. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { FOLDER, SPLITS } from "../stages/datasets/fashion.ts";
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

const bare = "the real Fashion-MNIST is taken unpacked, by the digests of its unpacked files";
Deno.test({ name: bare, ignore: folder === null }, async () => {
  const unpacked = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(unpacked, FOLDER));
    for (const { name } of SPLITS.flatMap((split) => [split.images, split.labels])) {
      const packed = await Deno.open(join(folder ?? "", FOLDER, name));
      const target = join(unpacked, FOLDER, name.replace(".gz", ""));
      await Deno.writeFile(
        target,
        packed.readable.pipeThrough(new DecompressionStream("gzip")),
      );
    }
    const { outputs, logs } = await runStage(download, {
      with: { dataset: "fashion-mnist" },
      datasets: [unpacked],
    });
    assert.deepEqual(logs, []);
    assert.deepEqual(outputs["train"]?.tensor("images", "uint8").shape, [60000, 28, 28, 1]);
    const labels = await outputs["test"]?.tensor("labels", "uint8").read();
    assert.deepEqual([...labels?.subarray(0, 5) ?? []], [9, 2, 1, 1, 6]);
  } finally {
    await Deno.remove(unpacked, { recursive: true });
  }
});
