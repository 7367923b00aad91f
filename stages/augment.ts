/** Moves, turns and brightens training images at random, one pass a cell. */
import { z } from "zod";
import { single } from "../models/single.ts";
import { ROW } from "../numerics/resample.ts";
import { type ArtifactShape, defineStage, type ParamIssue } from "../pipelines/stage.ts";
import { applyTransforms, drawTransforms } from "./datasets/transforms.ts";
import { LABELLED_IMAGES } from "./datasets/dataset.ts";

const params = z.strictObject({
  rotation: single(z.number().min(0).max(180)).default(0).describe("Turn by up to so many degrees"),
  widthShift: single(z.number().min(0)).default(0)
    .describe("Move sideways: below 1 a part of the width, else pixels"),
  heightShift: single(z.number().min(0)).default(0)
    .describe("Move up or down: below 1 a part of the height, else pixels"),
  shear: single(z.number().min(0).lt(90)).default(0).describe("Shear by up to so many degrees"),
  zoom: z.union([
    single(z.number().min(0).lt(1)),
    z.tuple([single(z.number().gt(0)), single(z.number().gt(0))]),
  ]).default(0).describe("z means factors from 1 - z to 1 + z; or [from, to]"),
  horizontalFlip: z.boolean().default(false).describe("Mirror half of the images sideways"),
  verticalFlip: z.boolean().default(false).describe("Turn half of the images upside down"),
  brightness: z.tuple([single(z.number().min(0)), single(z.number().min(0))]).optional()
    .describe("Multiply by a factor in [from, to]"),
  fill: z.enum(["nearest", "reflect", "wrap", "constant"]).default("nearest")
    .describe("What stands beyond the border"),
  constant: z.int().min(0).max(255).default(0).describe("The byte of fill: constant"),
  passes: z.int().min(1).max(10000).default(1).describe("Augmented passes over the data"),
  pass: z.int().min(0).default(0).describe("Which pass this is; set by passes"),
  materialize: z.boolean().default(true)
    .describe("False stores transforms, which training applies as it reads"),
});

const BATCH = 1024;

export default defineStage({
  name: "augment",
  summary: "Augment training images as Keras' ImageDataGenerator does",
  params,
  inputs: {
    data: { arity: "one", tensors: LABELLED_IMAGES, what: "labelled images to augment" },
  },
  outputs: { images: { kind: "tensors", tensors: LABELLED_IMAGES, open: true } },
  random: true,
  cells: { count: "passes", index: "pass" },
  check(params, inputs) {
    const issues: ParamIssue[] = [];
    for (const name of ["zoom", "brightness"] as const) {
      const range = params[name];
      if (Array.isArray(range) && range[0] > range[1]) {
        issues.push({ path: [name], message: `Cannot draw from [${range}]: from is above to` });
      }
    }
    const known = inputs["data"]?.[0]?.tensors;
    if (known?.["transforms"] !== undefined) {
      issues.push({ path: [], message: "Cannot augment images that carry transforms already" });
    }
    const images = known?.["images"];
    if (images === undefined) return { issues };
    const count = images.shape[0] ?? null;
    const tensors: Record<string, ArtifactShape["tensors"][string]> = {
      images,
      labels: { dtype: "uint8", shape: [count] },
    };
    if (!params.materialize) tensors["transforms"] = { dtype: "float32", shape: [count, ROW] };
    return { issues, outputs: { images: { tensors } } };
  },
  async run({ params, inputs, outputs, seed, signal, progress }) {
    const source = inputs.data.tensor("images", "uint8");
    const [count = 0, height = 0, width = 0, channels = 0] = source.shape;
    const labels = await inputs.data.tensor("labels", "uint8").read();
    const rows = drawTransforms(params, seed, params.pass, count, height, width);
    const writer = outputs.images;
    const { fill, constant } = params;
    const target = await writer.create("images", "uint8", source.shape);
    for (let start = 0; start < count; start += BATCH) {
      signal.throwIfAborted();
      const end = Math.min(start + BATCH, count);
      const pixels = await source.rows(start, end);
      const part = { rows: rows.subarray(start * ROW, end * ROW), fill, constant };
      const size = { height, width, channels };
      await target.append(params.materialize ? applyTransforms(pixels, size, part) : pixels);
      progress({ done: end, total: count, unit: "image" });
    }
    await writer.write("labels", "uint8", [count], labels);
    if (params.materialize) writer.setAttributes(inputs.data.attributes);
    else {
      await writer.write("transforms", "float32", [count, ROW], rows);
      writer.setAttributes({ ...inputs.data.attributes, fill, constant });
    }
  },
});
