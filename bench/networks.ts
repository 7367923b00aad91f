/** The networks that benchmarks train, and random images for them. */
import { fileURLToPath } from "node:url";
import { buildKernels } from "../kernels/build.ts";
import type { KernelModules } from "../kernels/wasm.ts";
import { buildModel } from "../models/build.ts";
import { familiesUsed } from "../models/compiled/program.ts";
import { compileKernels } from "../models/create.ts";
import { layersOf } from "../models/layers.ts";
import { trainSchema } from "../models/schema.ts";
import type { Examples, TrainerSettings } from "../models/trainer.ts";
import { stream } from "../numerics/random.ts";

type Shape = readonly [number, number, number];

const conv = (filters: number, kernelSize: number, more: object = {}) => ({
  conv2d: { filters, kernelSize, padding: "same", activation: "relu", ...more },
});

/** The course's network with so many filters, then half as many; `norm` stands after each convolution's relu. */
export function fashionWith(first: number, ...norm: readonly string[]): readonly unknown[] {
  const block = (filters: number) => [
    conv(filters, 2),
    ...norm,
    { maxPooling2d: 2 },
    { dropout: 0.3 },
  ];
  return [
    ...block(first),
    ...block(first / 2),
    "flatten",
    { dense: { units: 256, activation: "relu" } },
    { dropout: 0.5 },
    { dense: { units: 10, activation: "softmax" } },
  ];
}

const decay = { kernelRegularizer: { l2: 1e-4 } };

/** The course's first model for CIFAR-10. */
const CIFAR: readonly unknown[] = [
  conv(32, 3, decay),
  conv(32, 3, decay),
  { maxPooling2d: 2 },
  { dropout: 0.2 },
  conv(64, 3, decay),
  { dropout: 0.2 },
  conv(64, 3, decay),
  { maxPooling2d: 2 },
  { dropout: 0.2 },
  conv(128, 3, decay),
  conv(128, 3, decay),
  { maxPooling2d: 2 },
  { dropout: 0.4 },
  "flatten",
  { dense: { units: 10, activation: "softmax" } },
];

export const NETWORKS = {
  baseline: { layers: fashionWith(64), shape: [28, 28, 1], batchSize: 64 },
  "batch-norm": {
    layers: fashionWith(64, "batchNormalization"),
    shape: [28, 28, 1],
    batchSize: 64,
  },
  cifar: { layers: CIFAR, shape: [32, 32, 3], batchSize: 128 },
} as const satisfies Record<
  string,
  { layers: readonly unknown[]; shape: Shape; batchSize: number }
>;

export type NetworkName = keyof typeof NETWORKS;

/** Layers on images of this shape, as a trainer wants them. */
export function settingsFor(
  layers: readonly unknown[],
  shape: readonly number[],
  batchSize: number,
): TrainerSettings {
  const params = trainSchema.parse({
    layers,
    loss: "categoricalCrossentropy",
    epochs: 1,
    batchSize,
  });
  const { loss, optimizer } = params;
  return { model: buildModel(params.layers, shape), loss, optimizer, batchSize, seed: 1 };
}

/** A network as a trainer wants it; `batchSize` in place of the network's own. */
export function settingsOf(name: NetworkName, batchSize?: number): TrainerSettings {
  const { layers, shape, batchSize: own } = NETWORKS[name];
  return settingsFor(layers, shape, batchSize ?? own);
}

/** The kernels that a network needs, from the project's cache. */
export async function modulesOf(
  { model, loss, optimizer }: TrainerSettings,
): Promise<KernelModules> {
  const cache = fileURLToPath(new URL("../artifacts/cache/kernels", import.meta.url));
  const built = await buildKernels(cache);
  const { families } = familiesUsed(layersOf(model), loss, optimizer);
  return await compileKernels(
    families,
    async (family) => Uint8Array.from(await Deno.readFile(built[family].path)),
  );
}

/** Random bytes; labels go round. */
export function randomExamples(count: number, shape: readonly number[], classes = 10): Examples {
  const draws = stream(1, "bench");
  const size = shape.reduce((product, n) => product * n, 1);
  return {
    pixels: Uint8Array.from({ length: count * size }, (_, i) => draws.uint32(i) & 255),
    shape,
    table: Float32Array.from({ length: 256 }, (_, i) => i / 255),
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
  };
}

/** The indices of step s, going round. */
export function indicesOf(step: number, batchSize: number, count: number): Uint32Array {
  return Uint32Array.from({ length: batchSize }, (_, i) => (step * batchSize + i) % count);
}
