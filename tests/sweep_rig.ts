/** Small sweeps of a test's own: a stage with a known best point, in a folder beside the store. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import type { SweepData } from "../pipelines/report/sweep_data.ts";
import type { Event } from "../pipelines/run/event.ts";
import { ROOT, type Settings, type Workplace } from "./rig.ts";

/**
 * Its score is best at x = 0.3, y = 5, and grows with epochs; noise is of the seed. `out` and `test` are what
 * preprocess' outputs are to evaluate.
 */
const WORK = `import { z } from "zod";
import { defineStage } from "%stage%";

export default defineStage({
  name: "work",
  summary: "A curve with one best point",
  params: z.strictObject({
    x: z.number().min(0).max(1).default(0.5),
    y: z.int().min(1).max(10).default(1),
    kind: z.enum(["plain", "bad", "odd", "flaky", "slow"]).default("plain"),
    extra: z.number().optional(),
    layers: z.array(z.strictObject({ units: z.int() })).default([{ units: 3 }]),
    epochs: z.int().min(1).default(4),
    noise: z.number().default(0),
    keep: z.int().optional(),
  }),
  inputs: {},
  outputs: {
    model: { kind: "tensors", tensors: { score: { dtype: "float64", rank: 1 } } },
    history: {
      kind: "tensors",
      tensors: {},
      open: true,
      goals: { val_accuracy: "maximize" },
      curves: { unit: "epoch", kept: "kept" },
    },
  },
  random: true,
  horizon: "epochs",
  check: ({ y, layers }) => ({
    issues: y === 9 && layers[0]?.units === 4
      ? [{ path: ["y"], message: "Cannot have nine with four units" }]
      : [],
  }),
  async run({ params, outputs, seed, signal, checkpoints, log }) {
    const { x, y, kind, epochs, noise } = params;
    if (kind === "bad") throw new Error("This kind is bad");
    if (kind === "slow") {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      signal.throwIfAborted();
    }
    if (kind === "flaky" && (await checkpoints.list()).length === 0) {
      await checkpoints.write(1, { epoch: Float64Array.of(1) });
      throw new Error("This kind fails once");
    }
    let from = 0;
    for (const at of await checkpoints.list()) if (at <= epochs) from = Math.max(from, at);
    if (from > 0) log("goes on from epoch " + from);
    for (let epoch = from + 1; epoch <= epochs; epoch++) {
      await checkpoints.write(epoch, { epoch: Float64Array.of(epoch) });
    }
    const reach = 1 - 1 / (1 + epochs);
    const score = reach - (x - 0.3) * (x - 0.3) - (y - 5) * (y - 5) / 100 + noise * seed;
    const curve = Float64Array.from({ length: epochs }, (_, i) => score * (i + 1) / epochs);
    await outputs.model.write("score", "float64", [1], Float64Array.of(kind === "odd" ? NaN : score));
    await outputs.history.write("val_accuracy", "float64", [epochs], curve);
    if (params.keep !== undefined) outputs.history.setAttributes({ kept: params.keep });
  },
});
`;

const JUDGE = `import { z } from "zod";
import { defineStage } from "%stage%";

const score = { score: { dtype: "float64", rank: 1 } } as const;
export default defineStage({
  name: "judge",
  summary: "Hands a score on",
  params: z.strictObject({}),
  inputs: {
    model: { arity: "one", tensors: score, what: "a model" },
    data: { arity: "one", tensors: score, what: "what to judge it on" },
  },
  outputs: {
    metrics: {
      kind: "tensors",
      tensors: { accuracy: { dtype: "float64", rank: 1 }, loss: { dtype: "float64", rank: 1 } },
      goals: { accuracy: "maximize", loss: "minimize" },
    },
  },
  async run({ inputs, outputs }) {
    const [own = 0] = await inputs.model.tensor("score", "float64").read();
    const [offset = 0] = await inputs.data.tensor("score", "float64").read();
    await outputs.metrics.write("accuracy", "float64", [1], Float64Array.of(own + offset));
    await outputs.metrics.write("loss", "float64", [1], Float64Array.of(own + offset));
  },
});
`;

/** A validation part that is worth 0, and a test set that is worth 10: so the two cannot be taken for each other. */
const DATA = `import { z } from "zod";
import { defineStage } from "%stage%";

const score = { score: { dtype: "float64", rank: 1 } } as const;
export default defineStage({
  name: "data",
  summary: "A validation part and a test set",
  params: z.strictObject({}),
  inputs: {},
  outputs: {
    validation: { kind: "tensors", tensors: score },
    test: { kind: "tensors", tensors: score },
  },
  async run({ outputs }) {
    await outputs.validation.write("score", "float64", [1], Float64Array.of(0));
    await outputs.test.write("score", "float64", [1], Float64Array.of(10));
  },
});
`;

const BASE = `seed: 1
stages:
  data: { uses: ./data.ts }
  work: { uses: ./work.ts }
  judge: { uses: ./judge.ts, inputs: { model: work.model, data: data.test } }
`;

/** What stands in every sweep of these tests, unless `more` says it. */
const COMMON = {
  base: "./base.yaml",
  stage: "work",
  metric: "judge.accuracy",
  space: "{ x: { float: [0, 1] }, y: { int: [1, 10] } }",
  budget: "{ trials: 6 }",
};

/** Writes base, stages and the sweep; answers the sweep's path. */
export function writeSweep(
  place: Workplace,
  more: Readonly<Record<string, string>> = {},
  base = BASE,
): string {
  // A copy of the project has its own; beside the project itself the way leads there.
  const stage = place.root === ROOT
    ? relative(dirname(place.write("sweep/base.yaml", base)), join(ROOT, "pipelines", "stage.ts"))
    : "../pipelines/stage.ts";
  for (const [name, text] of Object.entries({ work: WORK, judge: JUDGE, data: DATA })) {
    place.write(`sweep/${name}.ts`, text.replace("%stage%", stage));
  }
  place.write("sweep/base.yaml", base);
  const all = { ...COMMON, ...more };
  const lines = Object.entries(all).map(([key, value]) => `${key}: ${value}\n`);
  return place.write("sweep/tuning.yaml", lines.join(""));
}

/** Runs a sweep, and answers its events; fails the test where the exit code is not `code`. */
export async function runSweep(
  place: Workplace,
  words: readonly string[],
  { code = 0, ...settings }: Settings & { readonly code?: number } = {},
): Promise<Event[]> {
  const result = await place.do(["sweep", ...words, "--json"], settings);
  assert.equal(result.code, code, `${result.stdout.slice(-2000)}\n${result.stderr}`);
  return result.stdout.split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event); // the command prints events alone
}

/** What the sweep has left for those who watch. */
export function stateOf(place: Workplace, name = "tuning"): SweepData {
  const text = Deno.readTextFileSync(
    `${called(place, `${place.store}/sweeps`, name, "")}/state.json`,
  );
  return JSON.parse(text) as SweepData; // written by the sweep
}

/** The sweep's page, or what ends in other words: `-winner.yaml`. */
export function pageOf(place: Workplace, end = ".html", name = "tuning"): string {
  return called(place, join(place.reports, "sweeps"), name, end);
}

/** A file outside of the project goes by its name and a digest of its path. */
function called(place: Workplace, folder: string, name: string, end: string): string {
  if (place.root !== ROOT) return join(folder, "_sweep", `${name}${end}`);
  const found = [...Deno.readDirSync(folder)].map((one) => one.name)
    .filter((one) => new RegExp(`^_${name}-[0-9a-f]{8}${end.replace(".", "\\.")}$`).test(one));
  assert.equal(found.length, 1, `${folder}: ${found}`);
  return join(folder, found[0] ?? "");
}

/** All of a state that no clock decides. */
export function ranking(data: SweepData): unknown {
  return {
    winner: data.winner,
    trials: data.trials.map(({ trial, state, settings, reached, metrics, curves }) => ({
      trial,
      state,
      settings,
      reached,
      metrics,
      curves,
    })),
    baseline: data.baseline?.metrics,
  };
}

/** Nodes that were run, by stage. */
export function ran(events: readonly Event[], stage: string): string[] {
  return events.flatMap((event) =>
    event.type === "node-ended" && event.outcome === "ran" && event.node.startsWith(`${stage}@`)
      ? [event.node]
      : []
  );
}
