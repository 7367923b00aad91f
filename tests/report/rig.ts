/** Made-up results that fill every part of a report, and a browser to look at the page. */
import { buildClient } from "../../pipelines/report/build.ts";
import type { Images, Replicate, ReportData, Variant } from "../../pipelines/report/data.ts";
import { stream } from "../../numerics/random.ts";

export const HOSTILE = "<script>alert(1)</script>";
const CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", HOSTILE, "Sandal", "Shirt"];
const TEST = 700;

function images(count: number, label: (i: number) => number): Images {
  const [height, width] = [28, 28];
  const pixels = new Uint8Array(count * height * width);
  for (let i = 0; i < count; i++) {
    for (let at = 0; at < height * width; at++) {
      const x = at % width, y = (at - x) / width;
      const inside = Math.abs(x - 14) + Math.abs(y - 14) < 5 + label(i);
      pixels[i * height * width + at] = inside ? 200 - 3 * y : 0;
    }
  }
  return { count, height, width, channels: 1, pixels };
}

function replicate(labels: Uint8Array, seed: number, right: number, name: string): Replicate {
  const { uniform } = stream(seed, "report-rig", name);
  let next = 0;
  const draw = () => uniform(next++);
  const k = CLASSES.length;
  const predicted = Uint8Array.from(
    labels,
    (l) => draw() < right ? l : (l + 1 + Math.floor(draw() * 2)) % k,
  );
  const confusion = CLASSES.map(() => new Array<number>(k).fill(0));
  let hits = 0;
  labels.forEach((l, i) => {
    const row = confusion[l], p = predicted[i] ?? 0;
    if (row !== undefined) row[p] = (row[p] ?? 0) + 1;
    if (l === p) hits++;
  });
  const recall = confusion.map((row, i) => (row[i] ?? 0) / row.reduce((a, b) => a + b, 0));
  const epochs = Array.from({ length: 10 }, (_, i) => i);
  const accuracy = hits / TEST;
  return {
    seed: seed === 0 ? "" : String(seed),
    loss: 1.2 - accuracy,
    accuracy,
    predicted,
    confusion,
    precision: recall,
    recall,
    f1: recall,
    calibration: Array.from({ length: 10 }, (_, i) => ({
      low: i / 10,
      high: (i + 1) / 10,
      count: i * i,
      confidence: i / 10 + 0.05,
      accuracy: Math.min(1, i / 11),
    })),
    ece: 0.031,
    curves: {
      loss: epochs.map((e) => 0.6 / (1 + e / 3) + 0.01 * seed),
      val_loss: epochs.map((e) => 0.5 / (1 + e / 3) + 0.02 * draw()),
      accuracy: epochs.map((e) => right - 0.2 / (1 + e)),
      val_accuracy: epochs.map((e) => right - 0.15 / (1 + e) + 0.01 * draw()),
    },
    model: {
      parameters: 412778,
      trainable: 412586,
      layers: [
        { name: "conv2d", type: "conv2d", output: "(28, 28, 64)", parameters: 320 },
        { name: "dense", type: "dense", output: "(10)", parameters: 412458 },
      ],
      kernels: {
        shape: [2, 2, 1, 64],
        values: Float32Array.from({ length: 256 }, () => draw() - 0.5),
      },
    },
  };
}

export function madeUp(): ReportData {
  const labels = Uint8Array.from({ length: TEST }, (_, i) => i % CLASSES.length);
  const variant = (name: string, right: number, seeds: number[]): Variant => ({
    name,
    replicates: seeds.map((s) => replicate(labels, s, right, name)),
    reference: name === "baseline"
      ? {
        loss: 0.31,
        accuracy: 0.893,
        seeds: { loss: [0.3, 0.306, 0.312, 0.318], accuracy: [0.89, 0.892, 0.895, 0.897] },
        curves: {
          val_accuracy: [0.85, 0.87, 0.88, 0.885, 0.89],
          accuracy: [0.77, 0.84, 0.86, 0.87, 0.875],
        },
      }
      : null,
  });
  const originals = images(5, (i) => i);
  return {
    title: "Made-up <b>results</b> & their report",
    classes: CLASSES,
    variants: [
      variant("baseline", 0.89, [1, 2, 3]),
      variant("sparse", 0.9, [0]),
      variant("augmented", 0.84, [0]),
      variant("batch-norm", 0.95, [0]),
    ],
    test: { images: images(TEST, (i) => labels[i] ?? 0), labels },
    preview: {
      splits: ["train", "validation", "test"],
      counts: [CLASSES.map(() => 4200), CLASSES.map(() => 1800), CLASSES.map(() => 1000)],
      samples: images(CLASSES.length * 4, (i) => Math.floor(i / 4)),
      absent: null,
      sampleLabels: Uint8Array.from({ length: CLASSES.length * 4 }, (_, i) => Math.floor(i / 4)),
    },
    augmented: [{
      name: "augment",
      originals,
      passes: Array.from({ length: 6 }, (_, p) => images(5, (i) => i + p)),
    }],
  };
}

const layers = (units: readonly number[], learningRate: number) => ({
  optimizer: { type: "adam", learningRate },
  layers: units.map((n) => ({ dense: { units: n, useBias: true } })),
});

/** What the engine puts into the slot. */
export const LINEAGE = {
  id: "20260101-000000-abc",
  started: "2026-01-01T00:00:00Z",
  command: ["deno", "task", "run", "configs/my fashion.yaml"],
  milliseconds: 734000,
  git: { commit: "0123456789abcdef", dirty: true },
  deno: "2.9.0",
  seed: 1,
  packages: { vega: "6.4.0" },
  profiles: [{
    node: "train@sparse",
    key: "b".repeat(64),
    started: "2026-01-02T00:00:00Z",
    machine: HOSTILE,
    threads: 1,
    deno: "2.9.0",
    steps: 100,
    batch: 64,
    milliseconds: 10,
    least: 9,
    lines: [
      { part: "outside", layer: "loop", operation: "next batch", milliseconds: 1, least: 0.5 },
      { part: "forward", layer: "conv2d", operation: "conv2dForward", milliseconds: 3, least: 2 },
      { part: "forward", layer: "conv2d", operation: "biasForward", milliseconds: 1, least: 1 },
      { part: "forward", layer: "dense", operation: "denseForward", milliseconds: 0.5, least: 0.5 },
      {
        part: "backward",
        layer: "dense",
        operation: "denseWeightGradient",
        milliseconds: 4,
        least: 4,
      },
      { part: "update", layer: "dense", operation: "adam kernel", milliseconds: 0.5, least: 0.5 },
    ],
  }],
  settings: [{}, layers([64, 10], 0.001), layers([64, 10], 0.01), layers([64, 32, 10], 0.001)],
  nodes: [
    {
      node: "download",
      settings: 0,
      key: "a".repeat(64),
      outcome: "hit",
      milliseconds: 0,
      accepted: `only its log changed ${HOSTILE}`,
      version: "2",
    },
    {
      node: "train@sparse",
      key: "b".repeat(64),
      outcome: "ran",
      milliseconds: 125000,
      why: "layers.2.dropout was 0.3, is 0.4",
      diverged: "gave another result than run x from the same key",
      outputs: { model: "c".repeat(64) },
      settings: 2,
      feeds: { train: ["download.train"] },
    },
    ...["baseline,seed=1", "baseline,seed=2", "augmented", "batch-norm"].map((cell) => ({
      node: `train@${cell}`,
      key: null,
      outcome: "hit",
      milliseconds: 0,
      settings: cell === "batch-norm" ? 3 : 1,
      feeds: { train: [cell === "augmented" ? "augment@pass=0.images" : "download.train"] },
    })),
    { node: "evaluate@sparse", key: "d".repeat(64), outcome: "ran", milliseconds: 2500 },
  ],
};

export async function client(): Promise<string> {
  const folder = `${Deno.env.get("TMPDIR") ?? "/tmp"}/crisol-report-client`;
  return await Deno.readTextFile((await buildClient(folder, "report-client")).path);
}

const USUAL = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Chromium's path. None: null with the reason printed, or with CI=true an error. */
export async function chromium(): Promise<string | null> {
  const named = Deno.env.get("CRISOL_CHROMIUM");
  for (const path of named === undefined ? USUAL : [named]) {
    if (await Deno.stat(path).then((s) => s.isFile, () => false)) return path;
  }
  const why = "Chromium was not found: install it, or name its path in CRISOL_CHROMIUM";
  if (Deno.env.get("CI") === "true") throw new Error(why);
  console.log(`skipped: ${why}`);
  return null;
}
