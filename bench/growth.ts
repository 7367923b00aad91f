/**
 * How a training step's time grows with batch, filters, image size and threads, for the baseline network on random
 * bytes: `deno run -A bench/growth.ts [STEPS]`. Least and median milliseconds, and the least by what has grown.
 */
import { createWasmTrainer } from "../models/create.ts";
import { fashionWith, indicesOf, modulesOf, randomExamples, settingsFor } from "./networks.ts";

const steps = Number(Deno.args[0] ?? 40);

interface Point {
  readonly batch: number;
  /** Of the first convolution; the second has half. */
  readonly filters: number;
  readonly size: number;
  readonly threads: number;
}

const USUAL: Point = { batch: 64, filters: 64, size: 28, threads: 1 };
const GROWTH: Readonly<Record<keyof Point, readonly number[]>> = {
  batch: [16, 32, 64, 128, 256],
  filters: [16, 32, 64, 128],
  size: [14, 28, 56],
  threads: Array.from({ length: navigator.hardwareConcurrency }, (_, i) => i + 1),
};

async function measure({ batch, filters, size, threads }: Point) {
  const shape = [size, size, 1] as const;
  const settings = settingsFor(fashionWith(filters), shape, batch);
  const trainer = createWasmTrainer(settings, await modulesOf(settings), () => threads);
  const examples = randomExamples(batch * 2, shape);
  const times: number[] = [];
  for (let step = 0; step < steps + 10; step++) {
    const indices = indicesOf(step, batch, batch * 2), start = performance.now();
    trainer.step({ examples, indices }, 0.001);
    if (step >= 10) times.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  trainer.dispose();
  const sorted = times.sort((a, b) => a - b);
  return { least: sorted[0] ?? NaN, median: sorted[sorted.length >> 1] ?? NaN };
}

const cell = (value: number) => value.toFixed(1).padStart(8);
for (const [what, values] of Object.entries(GROWTH)) {
  console.log(`\n${what.padEnd(8)}    least   median  least for each of ${what}`);
  for (const value of values) {
    const { least, median } = await measure({ ...USUAL, [what]: value });
    const each = what === "threads"
      ? `${cell(least * value)} (of all)`
      : (least / value).toFixed(3).padStart(8);
    console.log(`${`${value}`.padEnd(8)} ${cell(least)} ${cell(median)}  ${each}`);
  }
}
