/**
 * Where a training step's time goes, operation by operation, on one thread and random bytes:
 * `deno run -A bench/kernels.ts [STEPS] [NETWORK...]`. The least of the steps is what the machine can do when it
 * is quiet, the median what it does; GFLOP/s count what the layers define, whatever a kernel saves, beside the
 * peak of one thread's multiplications and additions.
 */
import { byLabel, createStopwatch } from "../kernels/stopwatch.ts";
import { createCompiledTrainer } from "../models/compiled/trainer.ts";
import { peakOf } from "./peak.ts";
import {
  indicesOf,
  modulesOf,
  type NetworkName,
  NETWORKS,
  randomExamples,
  settingsOf,
} from "./networks.ts";

const [count = "40", ...wanted] = Deno.args;
const steps = Number(count), peak = await peakOf();
console.log(`peak of one thread: ${peak.toFixed(0)} GFLOP/s`);

async function measure(name: NetworkName): Promise<void> {
  const settings = settingsOf(name);
  const { model, batchSize } = settings;
  const modules = await modulesOf(settings);
  const times = new Map<string, number[]>();
  const flops = new Map<string, number>();
  const clock = () => performance.now();
  const trainer = createCompiledTrainer({
    ...settings,
    createRunner(memory, scratch) {
      const runner = createStopwatch(modules, memory, scratch.at, clock, (lap) => {
        let whole = 0;
        for (const [label, milliseconds] of byLabel(lap)) {
          times.set(label, [...times.get(label) ?? [], milliseconds]);
          whole += milliseconds;
        }
        times.set("whole step", [...times.get("whole step") ?? [], whole]);
      });
      return {
        ...runner,
        prepare(groups) {
          for (const { label, flop = 0 } of groups.flat()) {
            flops.set(label, (flops.get(label) ?? 0) + flop);
            flops.set("whole step", (flops.get("whole step") ?? 0) + flop);
          }
          return runner.prepare(groups);
        },
      };
    },
  });
  const examples = randomExamples(batchSize * 4, model.inputShape);
  for (let step = 0; step < steps + 8; step++) {
    const indices = indicesOf(step, batchSize, batchSize * 4);
    trainer.step({ examples, indices }, 0.001);
    // The first steps warm the compiler up.
    if (step < 8) times.clear();
  }
  const width = Math.max(...[...times.keys()].map((label) => label.length));
  console.log(`\n${name.padEnd(width)}   least ms     median   GFLOP/s   of peak`);
  for (const [label, all] of times) {
    const sorted = all.toSorted((a, b) => a - b);
    const cell = (at: number) => (sorted[at] ?? NaN).toFixed(3).padStart(10);
    const rate = (flops.get(label) ?? 0) / (sorted[0] ?? NaN) / 1e6;
    const speed = rate === 0
      ? ""
      : `${rate.toFixed(1).padStart(10)}${(100 * rate / peak).toFixed(0).padStart(9)} %`;
    console.log(`${label.padEnd(width)} ${cell(0)} ${cell(sorted.length >> 1)}${speed}`);
  }
}

const names = Object.keys(NETWORKS) as NetworkName[]; // the keys of a constant
for (const name of names) {
  if (wanted.length === 0 || wanted.includes(name)) await measure(name);
}
