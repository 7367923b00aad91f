/**
 * Milliseconds that a training step takes, on random bytes:
 * `deno run -A bench/step.ts [STEPS] [THREADS] [NETWORK...]`. The least is the machine's best; the median what
 * to expect.
 */
import { createWasmTrainer } from "../models/create.ts";
import {
  indicesOf,
  modulesOf,
  type NetworkName,
  NETWORKS,
  randomExamples,
  settingsOf,
} from "./networks.ts";

const [count = "100", many = `${navigator.hardwareConcurrency}`, ...wanted] = Deno.args;
const steps = Number(count), threads = Number(many);

async function measure(name: NetworkName): Promise<void> {
  const settings = settingsOf(name);
  const { model, batchSize } = settings;
  const trainer = createWasmTrainer(settings, await modulesOf(settings), () => threads);
  const examples = randomExamples(batchSize * 4, model.inputShape);
  const times: number[] = [];
  for (let step = 0; step < steps; step++) {
    const indices = indicesOf(step, batchSize, batchSize * 4);
    const start = performance.now();
    trainer.step({ examples, indices }, 0.001);
    times.push(performance.now() - start);
    // As the training loop does: threads start in such pauses.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  trainer.dispose();
  const sorted = times.slice(Math.min(10, steps - 1)).sort((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? NaN).toFixed(1);
  console.log(
    `${name}, batch ${batchSize}, ${threads} threads, ${steps} steps: least ${at(0)} ms, ` +
      `median ${at(0.5)} ms a step`,
  );
}

const names = Object.keys(NETWORKS) as NetworkName[]; // the keys of a constant
for (const name of names) {
  if (wanted.length === 0 || wanted.includes(name)) await measure(name);
}
