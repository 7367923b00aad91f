/** Gets a published data set: from folders on this machine, or else from its publisher. */
import { z } from "zod";
import { defineStage } from "../pipelines/stage.ts";
import { checkLabels, LABELLED_IMAGES } from "./datasets/dataset.ts";
import { CLASSES, FOLDER, HOST, SIZE, SPLITS } from "./datasets/fashion.ts";
import { gunzip } from "./datasets/gunzip.ts";
import { parseIdx } from "./datasets/idx.ts";
import { obtain } from "./datasets/sources.ts";

export default defineStage({
  name: "download",
  summary: "Get a published data set and check every byte of it",
  params: z.strictObject({
    dataset: z.enum(["fashion-mnist"]).describe("Which data set"),
  }),
  inputs: {},
  outputs: {
    train: { kind: "tensors", tensors: LABELLED_IMAGES },
    test: { kind: "tensors", tensors: LABELLED_IMAGES },
  },
  datasets: true,
  hosts: [`${HOST}:80`],
  check() {
    const outputs = Object.fromEntries(SPLITS.map(({ name, count }) => [name, {
      tensors: {
        images: { dtype: "uint8" as const, shape: [count, SIZE, SIZE, 1] },
        labels: { dtype: "uint8" as const, shape: [count] },
      },
    }]));
    return { outputs, resources: { memory: 512 * 1024 * 1024 } };
  },
  async run({ outputs, datasets, signal, progress, log }) {
    const files = SPLITS.flatMap((split) => [split.images, split.labels]);
    const total = files.reduce((sum, file) => sum + file.bytes, 0);
    let before = 0;
    const get = async (file: (typeof files)[number], shape: readonly number[]) => {
      const show = (done: number) =>
        progress({ done: before + done, total, unit: "byte", facts: { file: file.name } });
      const { bytes, isPacked } = await obtain(file, {
        folders: datasets,
        folder: FOLDER,
        publisher: `http://${HOST}/`,
        signal,
        log,
        onBytes: show,
      });
      before += file.bytes;
      show(0);
      const header = 4 + 4 * shape.length;
      const length = shape.reduce((product, size) => product * size, 1);
      const unpacked = isPacked ? await gunzip(bytes, header + length, file.name) : bytes;
      return parseIdx(unpacked, shape, file.name);
    };
    for (const split of SPLITS) {
      const shape = [split.count, SIZE, SIZE, 1];
      const images = await get(split.images, [split.count, SIZE, SIZE]);
      const labels = await get(split.labels, [split.count]);
      checkLabels(labels, CLASSES.length, `"${split.labels.name}"`);
      const writer = outputs[split.name];
      await writer.write("images", "uint8", shape, images);
      await writer.write("labels", "uint8", [split.count], labels);
      writer.setAttributes({ classes: CLASSES });
    }
  },
});
