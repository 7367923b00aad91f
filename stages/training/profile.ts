/** Where the time of a training step goes: the same steps on the same data, each operation timed. */
import { createStopwatch, type Lap } from "../../kernels/stopwatch.ts";
import type { KernelModules } from "../../kernels/wasm.ts";
import { createCompiledTrainer } from "../../models/compiled/trainer.ts";
import type { Source } from "../../models/examples.ts";
import { Feed } from "../../models/feed.ts";
import type { TrainParams } from "../../models/schema.ts";
import type { TrainerSettings } from "../../models/trainer.ts";
import type { ProfileLine, Profiling, StepProfile } from "../../pipelines/stage.ts";

/** Steps before those that are timed: the first ones warm the compiler up. */
const WARM_UP = 8;

interface Asked extends Omit<Profiling, "told"> {
  readonly settings: TrainerSettings;
  readonly modules: KernelModules;
  readonly passes: readonly Source[];
  readonly params: TrainParams;
  readonly signal: AbortSignal;
}

/** One step: milliseconds until its batch was there, and of the step itself with its operations. */
interface Sample {
  readonly waited: number;
  readonly step: number;
  readonly lap: Lap;
}

/** Trains so many steps of whole batches on one thread; partial batches at an epoch's end are not timed. */
export async function profileSteps(asked: Asked): Promise<StepProfile> {
  const { steps, clock, settings, modules, passes, params, signal } = asked;
  let lap: Lap = [];
  const trainer = createCompiledTrainer({
    ...settings,
    createRunner: (memory, scratch) =>
      createStopwatch(modules, memory, scratch.at, clock, (one) => lap = one),
  });
  const { batchSize, shuffle, optimizer } = params;
  const batch = Math.min(batchSize, ...passes.map(({ count }) => count));
  const wanted = WARM_UP + steps;
  // Each round of all passes has one such batch at least.
  const epochs = wanted * passes.length;
  const feed = new Feed(passes, { batchSize, shuffle, epochs }, settings.seed);
  const samples: Sample[] = [];
  let last = clock();
  for (let epoch = 0; epoch < epochs && samples.length < wanted; epoch++) {
    for await (const given of feed.from(epoch)) {
      const got = clock();
      trainer.step(given, optimizer.learningRate);
      const done = clock();
      if (given.indices.length === batch) {
        samples.push({ waited: got - last, step: done - got, lap });
      }
      last = done;
      if (samples.length === wanted) break;
      // As the training's own loop does, to let messages in.
      await new Promise<void>((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    }
  }
  trainer.dispose();
  return { steps, batch, ...sumUp(samples.slice(WARM_UP), optimizer.type) };
}

const whole = ({ waited, step }: Sample) => waited + step;

/**
 * A typical step is the mean of the middle half of the steps, in the order of their times: as little moved by
 * what else a machine does as a median, and unlike medians its lines add up.
 */
function sumUp(
  samples: readonly Sample[],
  optimizer: string,
): Omit<StepProfile, "steps" | "batch"> {
  const sorted = samples.toSorted((a, b) => whole(a) - whole(b));
  const cut = Math.floor(sorted.length / 4);
  const middle = sorted.slice(cut, sorted.length - cut);
  const line = (of: (sample: Sample) => number) => ({
    milliseconds: middle.reduce((sum, one) => sum + of(one), 0) / middle.length,
    least: Math.min(...samples.map(of)),
  });
  const labels = (samples[0]?.lap ?? []).map(([label]) => label);
  const lines: ProfileLine[] = partsOf(labels, optimizer).map((named, i) => ({
    ...named,
    ...line(({ lap }) => lap[i]?.[1] ?? NaN),
  }));
  const outside = (operation: string, of: (sample: Sample) => number): ProfileLine => ({
    part: "outside",
    layer: "loop",
    operation,
    ...line(of),
  });
  return {
    ...line(whole),
    lines: [
      outside("next batch", ({ waited }) => waited),
      outside(
        "gather, sum up",
        ({ step, lap }) => step - lap.reduce((sum, [, milliseconds]) => sum + milliseconds, 0),
      ),
      ...lines,
    ],
  };
}

/** From a program's labels, "LAYER OPERATION", where LAYER may be a weight's path. */
function partsOf(labels: readonly string[], optimizer: string) {
  // The loss and the penalties end the way forward.
  const turn = labels.findLastIndex((label) => /^loss | regularizerLoss$/.test(label));
  return labels.map((label, i) => {
    const [path = "", operation = ""] = label.split(" ");
    const [layer = "", ...weight] = path.split("/");
    const part = i <= turn ? "forward" : operation === optimizer ? "update" : "backward";
    return { part, layer, operation: [operation, ...weight].join(" ") } as const;
  });
}
