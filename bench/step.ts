/**
 * Milliseconds a training step of the course's network takes, on random bytes, without and with batch
 * normalisation: `deno run -A bench/step.ts [STEPS] [BATCH]`. The least is the machine's best; the median what to expect.
 */
import { fileURLToPath } from "node:url";
import { buildKernels } from "../kernels/build.ts";
import { familiesUsed } from "../models/compiled/program.ts";
import { buildModel } from "../models/build.ts";
import { compileKernels, createWasmTrainer } from "../models/create.ts";
import { layersOf } from "../models/layers.ts";
import { trainSchema } from "../models/schema.ts";
import { stream } from "../numerics/random.ts";

const steps = Number(Deno.args[0] ?? 60), batchSize = Number(Deno.args[1] ?? 64);
/** The layers; `norm` stands after each convolution's relu. */
const layersWith = (norm: readonly string[]) => [
  { conv2d: { filters: 64, kernelSize: 2, padding: "same", activation: "relu" } },
  ...norm,
  { maxPooling2d: 2 },
  { dropout: 0.3 },
  { conv2d: { filters: 32, kernelSize: 2, padding: "same", activation: "relu" } },
  ...norm,
  { maxPooling2d: 2 },
  { dropout: 0.3 },
  "flatten",
  { dense: { units: 256, activation: "relu" } },
  { dropout: 0.5 },
  { dense: { units: 10, activation: "softmax" } },
];

async function measure(name: string, norm: readonly string[]): Promise<void> {
  const params = trainSchema.parse({
    layers: layersWith(norm),
    loss: "categoricalCrossentropy",
    epochs: 1,
    batchSize,
  });
  const model = buildModel(params.layers, [28, 28, 1]);
  const { loss, optimizer } = params;
  const { families } = familiesUsed(layersOf(model), loss, optimizer);
  const cache = fileURLToPath(new URL("../artifacts/cache/kernels", import.meta.url));
  const built = await buildKernels(cache);
  const modules = await compileKernels(
    families,
    async (family) => Uint8Array.from(await Deno.readFile(built[family].path)),
  );
  const trainer = createWasmTrainer({ model, loss, optimizer, batchSize, seed: 1 }, modules);

  const draws = stream(1, "bench");
  const count = batchSize * 4;
  const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => draws.uint32(i) & 255);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
  const table = Float32Array.from({ length: 256 }, (_, i) => i / 255);
  const examples = { pixels, shape: [28, 28, 1], table, labels };
  const times: number[] = [];
  for (let step = 0; step < steps; step++) {
    const from = (step % 4) * batchSize;
    const indices = Uint32Array.from({ length: batchSize }, (_, i) => from + i);
    const start = performance.now();
    trainer.step({ examples, indices }, 0.001);
    times.push(performance.now() - start);
  }
  const sorted = times.slice(Math.min(10, steps - 1)).sort((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? NaN).toFixed(1);
  console.log(
    `${name}, batch ${batchSize}, ${steps} steps: least ${at(0)} ms, median ${at(0.5)} ms a step`,
  );
}

await measure("baseline", []);
await measure("batch-norm", ["batchNormalization"]);
