/** Draws a data set of ten shapes, so that a pipeline can be tried without a network. */
import { z } from "zod";
import { defineStage } from "../pipelines/stage.ts";
import { LABELLED_IMAGES } from "./datasets/dataset.ts";
import { CLASSES, drawLabels, drawShape } from "./datasets/drawing.ts";

const SPLITS = ["train", "test"] as const;

export default defineStage({
  name: "shapes",
  summary: "Draw noisy pictures of ten shapes",
  params: z.strictObject({
    train: z.int().min(1).max(1_000_000).default(2000).describe("Training images"),
    test: z.int().min(1).max(1_000_000).default(500).describe("Test images"),
    size: z.int().min(8).max(512).default(28).describe("Height and width in pixels"),
  }),
  inputs: {},
  outputs: {
    train: { kind: "tensors", tensors: LABELLED_IMAGES },
    test: { kind: "tensors", tensors: LABELLED_IMAGES },
  },
  random: true,
  check(params) {
    const shape = (count: number) => ({
      tensors: {
        images: { dtype: "uint8" as const, shape: [count, params.size, params.size, 1] },
        labels: { dtype: "uint8" as const, shape: [count] },
      },
    });
    return { outputs: { train: shape(params.train), test: shape(params.test) } };
  },
  async run({ params, outputs, seed, signal, progress }) {
    const { size } = params;
    for (const split of SPLITS) {
      const count = params[split];
      const labels = drawLabels(seed, split, count);
      const writer = outputs[split];
      const images = await writer.create("images", "uint8", [count, size, size, 1]);
      for (let start = 0; start < count; start += 500) {
        signal.throwIfAborted();
        const end = Math.min(start + 500, count);
        const rows = new Uint8Array((end - start) * size * size);
        for (let i = start; i < end; i++) {
          rows.set(drawShape(seed, split, i, labels[i] ?? 0, size), (i - start) * size * size);
        }
        await images.append(rows);
        progress({ done: end, total: count, unit: "image", facts: { split } });
      }
      await writer.write("labels", "uint8", [count], labels);
      writer.setAttributes({ classes: CLASSES });
    }
  },
});
