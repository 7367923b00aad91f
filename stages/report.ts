/** Draws one page of all results: self-contained, offline, the same bytes for the same results. */
import { z } from "zod";
import { describeRunAway } from "../models/runaway.ts";
import type {
  AugmentedSamples,
  Curves,
  Images,
  ModelView,
  Preview,
  Replicate,
  Variant,
} from "../pipelines/report/data.ts";
import {
  type ArtifactReader,
  defineStage,
  type Gathered,
  type TensorReader,
} from "../pipelines/stage.ts";
import { classesOf, LABELLED_IMAGES } from "./datasets/dataset.ts";
import { METRICS, PREDICTIONS, readMetrics, readPredictions, table } from "./datasets/metrics.ts";
import { absentClasses } from "./datasets/split.ts";
import { applyTransforms, openTransforms } from "./datasets/transforms.ts";

const figures = z.array(z.number());
const reference = z.strictObject({
  loss: z.number().optional(),
  accuracy: z.number().optional(),
  lastValidationAccuracy: z.number().optional(),
  seeds: z.strictObject({
    loss: figures.min(2),
    accuracy: figures.min(2),
  }).optional().describe("What we got, a figure a seed: what the reference is judged by"),
  curves: z.strictObject({
    loss: figures.optional(),
    accuracy: figures.optional(),
    val_loss: figures.optional(),
    val_accuracy: figures.optional(),
  }).optional().describe("Figures by epoch, drawn dashed"),
});

const CURVES = ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"] as const;
/** Originals and passes of each augmentation that are shown. */
const SHOWN = { images: 8, passes: 10 };

/** What `train` says of a model beside its weights, as far as it is shown. */
const described = z.object({
  topology: z.object({ layers: z.array(z.object({ type: z.string(), name: z.string() })) }),
  parameters: z.object({ total: z.number(), trainable: z.number() }),
  layers: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      output: z.array(z.number()),
      parameters: z.number(),
    }),
  ),
});

/** A variant that failed leaves the others to be compared. */
const gathered = { arity: "many", named: true, partial: true } as const;

export default defineStage({
  name: "report",
  summary: "Draw one page that compares the variants",
  params: z.strictObject({
    title: z.string().default("Results"),
    reference: z.record(z.string(), reference).prefault({})
      .describe("What someone else got, by variant"),
  }),
  inputs: {
    models: { ...gathered, optional: true, what: "trained models" },
    histories: { ...gathered, optional: true, what: "training histories" },
    metrics: { ...gathered, tensors: METRICS, what: "metrics on the test set" },
    predictions: {
      ...gathered,
      tensors: PREDICTIONS,
      what: "predictions on the test set",
    },
    test: { arity: "one", tensors: LABELLED_IMAGES, what: "labelled test images" },
    preview: { arity: "one", optional: true, what: "a first look at the data" },
    augmented: {
      ...gathered,
      optional: true,
      tensors: LABELLED_IMAGES,
      what: "augmented training images",
    },
  },
  outputs: { page: { kind: "file", name: "report.html" } },
  check({ reference }, _inputs, names) {
    const known = names["metrics"] && variantsIn(names["metrics"]);
    return {
      issues: known === undefined
        ? []
        : Object.keys(reference).flatMap((name) =>
          known.includes(name) ? [] : [{
            path: ["reference", name],
            message: `Cannot compare with the reference of "${name}": there is no such variant`,
            help: `there is: ${known.map((one) => `"${one}"`).join(", ")}`,
            unknown: name,
            known,
          }]
        ),
      kernels: ["report-client"],
      resources: { memory: 768 * 1024 * 1024 },
    };
  },
  async run({ params, inputs, outputs, kernel, progress }) {
    const { renderPage } = await import("../pipelines/report/page.ts");
    const classes = classesOf(inputs.test.attributes);
    const labels = await inputs.test.tensor("labels", "uint8").read();
    const variants = new Map<string, Replicate[]>();
    for (const { name, artifact } of inputs.metrics) {
      const named = <T>(many: readonly Gathered[], read: (found: ArtifactReader) => Promise<T>) => {
        const found = many.find((other) => other.name === name);
        return found === undefined ? Promise.resolve(null) : read(found.artifact);
      };
      const { variant, seed } = splitName(name);
      const predictions = await named(inputs.predictions, readPredictions);
      if (predictions === null || predictions.length !== labels.length) {
        throw new Error(
          `Cannot report on "${name}": found ${
            predictions?.length ?? "no"
          } predictions, wanted one for each of ${labels.length} test images`,
        );
      }
      const replicate: Replicate = {
        ...await readMetrics(artifact, classes.length),
        seed,
        predicted: predictions,
        curves: await named(inputs.histories, readCurves) ?? {},
        ...await named(inputs.histories, readRunAway),
        model: await named(inputs.models, readModel),
      };
      variants.set(variant, [...variants.get(variant) ?? [], replicate]);
      progress({ done: variants.size, total: inputs.metrics.length, unit: "model" });
    }
    const preview = inputs.preview === undefined
      ? null
      : await readPreview(inputs.preview, classes);
    const page = await renderPage({
      title: params.title,
      classes,
      variants: [...variants].map(([name, replicates]): Variant => ({
        name,
        replicates,
        reference: params.reference[name] ?? null,
      })),
      test: { images: await readImages(inputs.test.tensor("images", "uint8")), labels },
      preview,
      augmented: preview === null ? [] : await readAugmented(inputs.augmented, preview),
    }, new TextDecoder().decode(await kernel("report-client")));
    await outputs.page.writeFile(new TextEncoder().encode(page));
  },
});

async function readCurves(artifact: ArtifactReader): Promise<Curves> {
  const found: Record<string, number[]> = {};
  for (const name of CURVES) {
    if (artifact.has(name)) found[name] = [...await artifact.tensor(name, "float64").read()];
  }
  return found;
}

/** What `train` says of a training that ran away. */
const runAway = z.object({
  keptEpoch: z.number(),
  ranAway: z.object({
    what: z.string(),
    step: z.number(),
    epoch: z.number(),
    learningRate: z.number(),
  }),
});

function readRunAway({ attributes }: ArtifactReader): Promise<{ readonly ranAway?: string }> {
  const found = runAway.safeParse(attributes);
  if (!found.success) return Promise.resolve({});
  const { ranAway, keptEpoch } = found.data;
  const words = `${describeRunAway(ranAway)}; its figures are those of epoch ${keptEpoch}`;
  return Promise.resolve({ ranAway: words });
}

async function readModel(artifact: ArtifactReader): Promise<ModelView> {
  const found = described.safeParse(artifact.attributes);
  if (!found.success) {
    throw new Error(`Cannot read a model: ${z.prettifyError(found.error)}`, { cause: found.error });
  }
  const { topology, parameters, layers } = found.data;
  const first = topology.layers.find((layer) => layer.type === "conv2d");
  const kernel = first === undefined ? undefined : `${first.name}/kernel`;
  const reader = kernel !== undefined && artifact.has(kernel)
    ? artifact.tensor(kernel, "float32")
    : null;
  return {
    parameters: parameters.total,
    trainable: parameters.trainable,
    layers: layers.map(({ output, ...layer }) => ({ ...layer, output: `(${output.join(", ")})` })),
    kernels: reader === null ? null : { shape: reader.shape, values: await reader.read() },
  };
}

/** "sparse,seed=2" to variant "sparse" and seed "2". */
function splitName(name: string): { variant: string; seed: string } {
  const parts = name.split(",");
  const seed = parts.find((part) => part.startsWith("seed="))?.slice("seed=".length) ?? "";
  return { variant: parts.filter((part) => !part.startsWith("seed=")).join(","), seed };
}

function variantsIn(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => splitName(name).variant))];
}

async function readImages(reader: TensorReader<"uint8">, rows?: number): Promise<Images> {
  const [all = 0, height = 0, width = 0, channels = 0] = reader.shape;
  const count = Math.min(all, rows ?? all);
  const pixels = rows === undefined ? await reader.read() : await reader.rows(0, count);
  return { count, height, width, channels, pixels };
}

async function readPreview(artifact: ArtifactReader, classes: readonly string[]): Promise<Preview> {
  const counts = table(await artifact.tensor("counts", "int32").read(), classes.length);
  const named = artifact.attributes["splits"];
  const splits = Array.isArray(named) ? named.map(String) : [];
  return {
    splits,
    counts,
    absent: absentClasses(classes, splits, counts),
    samples: await readImages(artifact.tensor("samples", "uint8")),
    sampleLabels: await artifact.tensor("sampleLabels", "uint8").read(),
  };
}

/**
 * The first image of each class with what became of it. The preview holds those images, and augmented
 * images keep the order of the originals: so the first of a class there is made from the first here.
 */
async function readAugmented(
  augmented: readonly Gathered[],
  preview: Preview,
): Promise<AugmentedSamples[]> {
  const groups = new Map<string, ArtifactReader[]>();
  for (const { name, artifact } of augmented) {
    const kept = name.split(",").filter((part) => !/^(pass|seed)=/.test(part)).join(",");
    groups.set(kept, [...groups.get(kept) ?? [], artifact]);
  }
  const found: AugmentedSamples[] = [];
  for (const [name, passes] of groups) {
    const first = passes[0];
    if (first === undefined) continue;
    const labels = await first.tensor("labels", "uint8").read();
    const pairs = [...new Set(Array.from(preview.sampleLabels))].slice(0, SHOWN.images)
      .map((label) => ({
        from: Array.from(preview.sampleLabels).indexOf(label),
        to: labels.indexOf(label),
      })).filter(({ to }) => to >= 0);
    const rows = 1 + Math.max(...pairs.map(({ to }) => to));
    const drawn: Images[] = [];
    for (const pass of passes.slice(0, SHOWN.passes)) {
      const images = await readImages(pass.tensor("images", "uint8"), rows);
      drawn.push(pick(await transformed(pass, images), pairs.map(({ to }) => to)));
    }
    found.push({
      name: name === "" ? "Training images" : name,
      originals: pick(preview.samples, pairs.map(({ from }) => from)),
      passes: drawn,
    });
  }
  return found;
}

/** Applies the transforms that an augmentation stored instead of images. */
async function transformed(artifact: ArtifactReader, images: Images): Promise<Images> {
  const transforms = await openTransforms(artifact)?.(0, images.count);
  return transforms === undefined
    ? images
    : { ...images, pixels: applyTransforms(images.pixels, images, transforms) };
}

function pick(images: Images, indices: readonly number[]): Images {
  const size = images.height * images.width * images.channels;
  const pixels = new Uint8Array(indices.length * size);
  indices.forEach((from, to) =>
    pixels.set(images.pixels.subarray(from * size, (from + 1) * size), to * size)
  );
  return { ...images, count: indices.length, pixels };
}
