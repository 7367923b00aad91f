/** A made-up sweep whose metric follows from its params by a known law; `sweep_rig.ts FILE` draws its page. */
import { log, pow } from "../../numerics/functions.ts";
import { stream } from "../../numerics/random.ts";
import { buildClient } from "../../pipelines/report/build.ts";
import type { SweepData, SweepParameter, SweepTrial } from "../../pipelines/report/sweep_data.ts";
import { renderSweepPage } from "../../pipelines/report/sweep_page.ts";

export const HOSTILE = "</script><img src=x onerror=alert(1)>";

const PARAMETERS: readonly SweepParameter[] = [
  {
    path: "train.optimizer.learningRate",
    type: "float",
    log: true,
    domain: [0.0001, 0.1],
  },
  { path: "train.optimizer.name", type: "choice", log: false, domain: ["adam", "rmsprop", "sgd"] },
  { path: "train.optimizer.momentum", type: "float", log: false, domain: [0, 0.99] },
  { path: "train.batchSize", type: "choice", log: false, domain: [32, 64, 128, 256] },
  { path: "train.dropout", type: "float", log: false, domain: [0, 0.6] },
  { path: "train.dense.units", type: "int", log: true, domain: [32, 1024] },
];

export interface Made {
  readonly trials?: number;
  readonly replicates?: number;
  /** Rungs of halving: two thirds of the trials stop at each. */
  readonly rungs?: boolean;
  /** Text from outside that a page must not run. */
  readonly hostile?: string;
  readonly left?: number;
  readonly asynchronous?: boolean;
}

/** The law: a best learning rate, which depends on the optimizer; a little dropout; noise by seed. */
export function madeSweep(
  { trials: count = 60, replicates = 3, rungs = false, hostile, left = 0, asynchronous = false }:
    Made = {},
): SweepData {
  const { uniform } = stream(5, "sweep-rig");
  const { normal } = stream(5, "sweep-rig-noise");
  let draws = 0, noises = 0;
  const steps = [4, 12, 36];
  const made = Array.from({ length: count }, (_, trial): SweepTrial => {
    const rate = pow(10, -4 + 3 * uniform(draws++));
    const optimizer = ["adam", "rmsprop", "sgd"][Math.floor(3 * uniform(draws++))] ?? "adam";
    const momentum = Number((0.99 * uniform(draws++)).toFixed(3));
    const batch = [32, 64, 128, 256][Math.floor(4 * uniform(draws++))] ?? 64;
    const dropout = Number((0.6 * uniform(draws++)).toFixed(3));
    const units = Math.round(32 * pow(32, uniform(draws++)));
    const best = optimizer === "sgd" ? -1.6 : -2.8;
    const far = log(rate) / Math.LN10 - best;
    const failed = uniform(draws++) < 0.03;
    const rung = rungs ? (trial % 3 !== 0 ? 0 : trial % 9 !== 0 ? 1 : 2) : null;
    const value = 0.93 - 0.03 * Math.min(9, far * far) -
      0.12 * (dropout - 0.25) * (dropout - 0.25) -
      0.004 * log(1024 / units) - (rung === 0 ? 0.04 : rung === 1 ? 0.015 : 0);
    const epochs = rung === null ? 20 : steps[rung] ?? 36;
    const curve = (top: number, slow: number) =>
      Array.from(
        { length: epochs },
        (_, e) => top - 0.3 / (1 + e / slow) + 0.004 * normal(noises++),
      );
    return {
      trial,
      state: failed ? "failed" : rung === 0 || rung === 1 ? "pruned" : "done",
      values: {
        "train.optimizer.learningRate": rate,
        "train.optimizer.name": hostile !== undefined && optimizer === "sgd" ? hostile : optimizer,
        ...(optimizer === "sgd" ? { "train.optimizer.momentum": momentum } : {}),
        "train.batchSize": batch,
        "train.dropout": dropout,
        "train.dense.units": units,
      },
      settings: {
        "train.optimizer": { name: optimizer, learningRate: rate },
        "train.batchSize": batch,
        "train.dropout": dropout,
        "train.dense.units": units,
      },
      reached: rung === null ? null : epochs,
      metrics: failed ? [] : Array.from({ length: replicates }, (_, s) => ({
        seed: String(s + 1),
        value: Number((value + 0.003 * normal(noises++)).toFixed(4)),
      })),
      seconds: 40 * epochs / 20 * replicates * (1 + batch / 256),
      curves: {
        loss: curve(0.2, 3).map((x) => 1 - x),
        accuracy: curve(value + 0.03, 3),
        val_loss: curve(0.25, 4).map((x) => 1 - x),
        val_accuracy: curve(value, 4),
      },
      failure: failed
        ? {
          node: `train@trial=${trial},seed=1`,
          message: trial % 2 === 0
            ? `The loss is not a number in epoch 3 ${hostile ?? ""}\nsecond line`
            : "It needed more than its 2 GB of memory",
          log: `artifacts/logs/train@trial=${trial},seed=1.log`,
        }
        : null,
      earlier: trial < 2,
    };
  });
  const mean = ({ metrics }: SweepTrial) =>
    metrics.reduce((sum, m) => sum + m.value, 0) / metrics.length;
  const order = made.filter(({ state }) => state === "done").sort((a, b) => mean(b) - mean(a));
  const ten = new Set(order.slice(0, 10));
  const won = order[0];
  const seconds = made.reduce((sum, t) => sum + t.seconds, 0);
  const name = hostile ?? "fashion-tuning";
  return {
    name,
    file: `configs/sweeps/${name}.yaml`,
    base: "configs/fashion.yaml",
    metric: "evaluate.accuracy",
    on: "preprocess.validation",
    goal: "maximize",
    strategy: rungs
      ? "Successive halving, the best third goes on"
      : "TPE, 20 trials at random first",
    rungs: rungs ? { param: "train.epochs", values: steps } : null,
    asynchronous,
    replicates,
    parameters: PARAMETERS.map((one) =>
      hostile === undefined ? one : {
        ...one,
        domain: one.domain.map((v) => v === "sgd" ? hostile : v),
      }
    ),
    trials: made.map((t) => ten.has(t) ? t : { ...t, curves: null }),
    baseline: {
      trial: -1,
      state: "done",
      values: { "train.optimizer.name": "rmsprop", "train.batchSize": 64 },
      settings: {},
      reached: null,
      metrics: Array.from({ length: replicates }, (_, s) => ({
        seed: String(s + 1),
        value: Number((0.905 + 0.003 * normal(noises++)).toFixed(4)),
      })),
      seconds: 130,
      curves: null,
      failure: null,
      earlier: false,
    },
    winner: won === undefined ? null : {
      trial: won.trial,
      sets: [
        "train.epochs=20",
        ...Object.entries(won.settings).map(([path, value]) => `${path}=${JSON.stringify(value)}`),
      ],
      yaml: `# ${hostile ?? "The winner"}\nstages:\n  train:\n    uses: train\n    with:\n` +
        `      batchSize: ${won.values["train.batchSize"]}\n      epochs: 20\n`,
      test: Array.from({ length: replicates }, (_, s) => ({
        seed: String(s + 1),
        value: Number((0.918 + 0.003 * normal(noises++)).toFixed(4)),
      })),
    },
    cost: {
      ran: 3 * count * replicates,
      hits: count,
      seconds,
      saved: seconds / 9,
      wall: seconds / 2,
    },
    left,
  };
}

/** The page of a made-up sweep. */
export async function madePage(data: SweepData): Promise<string> {
  const folder = `${Deno.env.get("TMPDIR") ?? "/tmp"}/crisol-sweep-client`;
  const { path } = await buildClient(folder, "sweep-client");
  return await renderSweepPage(data, await Deno.readTextFile(path));
}

if (import.meta.main) {
  const [file = "sweep.html", trials = "200", rungs] = Deno.args;
  const data = madeSweep({ trials: Number(trials), rungs: rungs === "rungs" });
  await Deno.writeTextFile(file, await madePage(data));
}
