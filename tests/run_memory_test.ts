/** What a stage process needs of memory does not grow with its data. */
import assert from "node:assert/strict";
import { Store } from "../pipelines/store/local.ts";
import { allowed, Workplace } from "./rig.ts";

/** Writes images of 1 MiB of one byte each, which take no room on the disk. */
const STAGE = `import { z } from "zod";
import { defineStage } from "../pipelines/stage.ts";

export default defineStage({
  name: "large",
  summary: "Large images of nothing",
  params: z.strictObject({ images: z.int(), pass: z.int().default(0), passes: z.int().default(1) }),
  cells: { count: "passes", index: "pass" },
  inputs: {},
  outputs: {
    data: {
      kind: "tensors",
      tensors: { images: { dtype: "uint8", rank: 4 }, labels: { dtype: "uint8", rank: 1 } },
    },
  },
  async run({ params: { images, pass }, outputs: { data } }) {
    const writer = await data.create("images", "uint8", [images, 1024, 1024, 1]);
    const image = new Uint8Array(1024 * 1024).fill(pass);
    for (let i = 0; i < images; i++) await writer.append(image);
    const labels = Uint8Array.from({ length: images }, (_, i) => i % 2);
    await data.write("labels", "uint8", [images], labels);
    data.setAttributes({ classes: ["even", "odd"], scaling: { subtract: 0, divide: 255 } });
  },
});
`;

const CONFIG = `stages:
  large:
    uses: ./large.ts
    with: { images: 40 }
  watched:
    uses: ./watched.ts
    with: { images: 40 }
  train:
    uses: train
    with:
      layers: [averagePooling2d: 128, flatten, dense: { units: 2, activation: softmax }]
      loss: categoricalCrossentropy
      epochs: 1
      batchSize: 8
    inputs: { train: large, validation: watched }
`;

/** The peak of `train`, in MB, after a run with these overrides. */
async function peakOf(place: Workplace, overrides: readonly string[]): Promise<number> {
  await place.run(["configs/large.yaml", ...overrides.flatMap((one) => ["--set", one])]);
  const store = new Store(place.store);
  const node = store.readRuns()[0]?.nodes.find(({ node }) => node === "train");
  const peak = node?.key == null ? null : store.readRecord(node.key)?.made.peakMemory;
  assert.ok(peak, "the record names the peak");
  return peak / 1e6;
}

Deno.test({
  name: "the peak of training grows neither with the data nor with the passes",
  ...allowed("Linux, which tells a process's peak", Deno.build.os === "linux"),
  async fn() {
    await using place = await Workplace.copy();
    place.write("configs/large.ts", STAGE);
    place.write("configs/watched.ts", STAGE.replace(/^ *cells:.*$/m, ""));
    place.write("configs/large.yaml", CONFIG);
    const sized = (images: number) =>
      peakOf(place, [`large.images=${images}`, `watched.images=${images}`]);
    const some = await sized(300), more = await sized(600);
    // 600 MB more are read; what the collector has not taken yet differs from run to run.
    assert.ok(more - some < 200, `${some} MB for 300 MiB, ${more} MB for 600 MiB`);
    const passes = (count: number) =>
      peakOf(place, ["large.images=100", `large.passes=${count}`, "train.epochs=6"]);
    const two = await passes(2), six = await passes(6);
    assert.ok(six - two < 200, `${two} MB for 2 passes, ${six} MB for 6 of 100 MiB each`);
  },
});
