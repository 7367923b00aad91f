/** What Crisol and its peers are timed on: workloads, and their images as raw bytes that all of them read. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseIdx } from "../stages/datasets/idx.ts";
import { type DataFile, FOLDER, SIZE, SPLITS } from "../stages/datasets/fashion.ts";
import { gunzip } from "../stages/datasets/gunzip.ts";
import { mismatch } from "../stages/datasets/sources.ts";
import { type NetworkName, NETWORKS, randomExamples } from "./networks.ts";

/** What is asked of every process; bench/peers/protocol.py reads the same. */
export interface Workload {
  readonly name: string;
  /** A step trains on one batch, or evaluates all images once. */
  readonly kind: "train" | "evaluate";
  readonly network: NetworkName;
  readonly batch: number;
  /** Of one image, [height, width, channels]. */
  readonly shape: readonly number[];
  /** Files of bytes: images u8 [count, ...shape], labels u8 [count]. */
  readonly images: string;
  readonly labels: string;
}

/** A workload, and how it is timed. */
export interface Timed {
  readonly title: string;
  /** How many times faster than the fastest peer: wanted, and hoped for. */
  readonly goal: readonly [number, number];
  /** Steps in a turn. */
  readonly steps: number;
  readonly workload: Workload;
}

/** Writes the images into `folder`, and says in words what they are. */
export async function makeWorkloads(
  folder: string,
): Promise<{ readonly timed: readonly Timed[]; readonly data: string }> {
  const fashion = await realFashion();
  const write = async (name: string, images: Uint8Array, labels: ArrayLike<number>) => {
    const files = {
      images: join(folder, `${name}.images`),
      labels: join(folder, `${name}.labels`),
    };
    await Deno.writeFile(files.images, images);
    await Deno.writeFile(files.labels, Uint8Array.from(labels));
    return files;
  };
  const bytes = async (name: string, network: NetworkName, count: number) => {
    const { pixels, labels } = randomExamples(count, NETWORKS[network].shape);
    return await write(name, pixels, labels);
  };
  const train = fashion === null
    ? await bytes("train", "baseline", 8192)
    : await write("train", fashion.train.images, fashion.train.labels);
  const test = fashion === null
    ? await bytes("test", "baseline", 10_000)
    : await write("test", fashion.test.images, fashion.test.labels);
  const cifar = await bytes("cifar", "cifar", 1024);
  const of = (
    network: NetworkName,
    more: Pick<Workload, "name" | "kind" | "images" | "labels">,
  ) => {
    const { shape, batchSize } = NETWORKS[network];
    return { network, shape, batch: batchSize, ...more };
  };
  return {
    data: `${fashion === null ? "random bytes for" : "the real"} Fashion-MNIST, ` +
      "random bytes for CIFAR-10",
    timed: [
      {
        title: "baseline, a training step of 64",
        goal: [2, 3],
        steps: 10,
        workload: of("baseline", { name: "baseline", kind: "train", ...train }),
      },
      {
        title: "batch-norm, a training step of 64",
        goal: [1.3, 2],
        steps: 10,
        workload: of("batch-norm", { name: "batch-norm", kind: "train", ...train }),
      },
      {
        title: "CIFAR-10's first model, a training step of 128",
        goal: [1, 1.5],
        steps: 2,
        workload: of("cifar", { name: "cifar", kind: "train", ...cifar }),
      },
      {
        title: "evaluation of 10,000 images by the baseline, batches of 250",
        goal: [1.5, 3],
        steps: 1,
        workload: {
          ...of("baseline", { name: "evaluate", kind: "evaluate", ...test }),
          batch: 250,
        },
      },
    ],
  };
}

type Split = (typeof SPLITS)[number]["name"];
type Images = Record<Split, { readonly images: Uint8Array; readonly labels: Uint8Array }>;

/** Where a run would look for data sets, in order. */
export function dataFolders(): string[] {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const named = Deno.env.get("CRISOL_DATASETS");
  return [
    ...named === undefined ? [] : [named],
    join(root, "datasets"),
    join(root, "..", "shared", "data"),
  ];
}

/** Fashion-MNIST from the folders where a run looks for it; nothing is downloaded. Null: not there. */
export async function realFashion(): Promise<Images | null> {
  const folders = dataFolders();
  const read = async (file: DataFile, shape: readonly number[]) => {
    for (const folder of folders) {
      const path = join(folder, FOLDER, file.name);
      const packed = await Deno.readFile(path).catch(() => null);
      if (packed === null || await mismatch(packed, file, path) !== null) continue;
      const length = shape.reduce((product, size) => product * size, 4 + 4 * shape.length);
      return parseIdx(await gunzip(packed, length + 64, file.name), shape, file.name);
    }
    return null;
  };
  const all: Partial<Images> = {};
  for (const { name, count, images, labels } of SPLITS) {
    const pixels = await read(images, [count, SIZE, SIZE]), classes = await read(labels, [count]);
    if (pixels === null || classes === null) return null;
    all[name] = { images: pixels, labels: classes };
  }
  const { train, test } = all;
  return train === undefined || test === undefined ? null : { train, test };
}
