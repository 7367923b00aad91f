/** What a sweep says in the terminal: its trials, how it goes, and its end. */
import assert from "node:assert/strict";
import { linesPrinter, livePrinter } from "../pipelines/cli/printers.ts";
import { summaryOf } from "../pipelines/cli/on_end.ts";
import { endLines } from "../pipelines/cli/sweep_lines.ts";
import type { NodeId } from "../pipelines/plan/plan.ts";
import type { SweepData, SweepTrial } from "../pipelines/report/sweep_data.ts";
import type { Event } from "../pipelines/run/event.ts";
import { FakeTerminal } from "./cli_rig.ts";

// A branded string, by construction.
const id = (text: string) => text as NodeId;

function trialEnded(trial: number, value: number | null, ended: number, isHit = false): Event {
  return {
    type: "trial-ended",
    trial: String(trial),
    metric: "evaluate.accuracy",
    value,
    best: { trial: "3", value: 0.90119 },
    ended,
    jobs: 60,
    unit: "trial",
    isHit,
  };
}

function printing(terminal: FakeTerminal, clock: { now: number }) {
  return {
    terminal,
    describe: () => "it has never run",
    shorten: (path: string) => path,
    debug: false,
    now: () => clock.now,
    isSweep: true,
  };
}

const NODE = id("train@trial=17");
const START: Event = { type: "run-started", run: "r", nodes: [], jobs: 2 };
const FAILED: Event = {
  type: "node-ended",
  node: NODE,
  outcome: "failed",
  milliseconds: 4000,
  failure: { type: "threw", message: "It broke\nbadly" },
};

Deno.test("in a log each trial has a line, its stage runs only where they fail or are tried again", () => {
  const terminal = new FakeTerminal({ live: false });
  const printer = linesPrinter(printing(terminal, { now: 0 }));
  const reason = { type: "never-run" } as const;
  const events: Event[] = [
    START,
    { type: "nodes-added", nodes: [NODE] },
    { type: "node-started", node: NODE, reason, threads: 1 },
    { type: "node-log", node: NODE, message: "a long table" },
    {
      type: "node-retried",
      node: NODE,
      attempt: 2,
      failure: { type: "threw", message: "It broke" },
    },
    FAILED,
    { type: "node-ended", node: id("train@trial=16"), outcome: "hit", milliseconds: 0 },
    trialEnded(16, 0.89344, 16, true),
    trialEnded(17, null, 17),
    trialEnded(18, 0.89344, 18),
  ];
  for (const event of events) printer.on(event);
  printer.close();
  assert.deepEqual(terminal.text.trimEnd().split("\n"), [
    "again      train@trial=17  attempt 2, after: It broke",
    "failed     train@trial=17  4.0 s  It broke",
    "trial      17  failed; best 0.9012 of trial 3; 17 of 60",
    "trial      18  evaluate.accuracy 0.8934; best 0.9012 of trial 3; 18 of 60",
  ]);
});

Deno.test("on a terminal the last row says what has ended, the best, the pace and when the rest will have", () => {
  const terminal = new FakeTerminal({ live: true });
  terminal.columns = 100;
  const clock = { now: 0 };
  const printer = livePrinter(printing(terminal, clock));
  const step = (now: number, event: Event) => {
    clock.now = now;
    printer.on(event);
  };
  const reason = { type: "never-run" } as const;
  step(0, START);
  step(0, { type: "nodes-added", nodes: [NODE, id("evaluate@trial=17")] });
  // What was there before says nothing of the pace.
  step(10, trialEnded(1, 0.9, 10, true));
  step(100_000, trialEnded(11, 0.9, 11));
  step(400_000, trialEnded(12, 0.9, 12));
  step(700_000, trialEnded(13, 0.9, 13));
  step(700_000, { type: "node-started", node: NODE, reason, threads: 1 });
  return new Promise<void>((resolve) => {
    // The table is drawn by a clock of its own.
    const timer = setInterval(() => {
      if (!terminal.screen().includes("an hour")) return;
      clearInterval(timer);
      const lines = terminal.screen().trimEnd().split("\n");
      assert.deepEqual(lines.slice(-1), [
        "13 of 60 trials; best evaluate.accuracy 0.9012, trial 3; 12 an hour, ETA 3:55:00",
      ]);
      assert.equal(lines.filter((line) => line.startsWith("trial ")).length, 3);
      printer.close();
      assert.ok(terminal.cursorVisible);
      resolve();
    }, 10);
  });
});

function trial(number: number, state: SweepTrial["state"], values: readonly number[]): SweepTrial {
  return {
    trial: number,
    state,
    values: { "train.batchSize": "16" },
    settings: { "train@sparse.batchSize": 16, "train@sparse.optimizer": { type: "adam\u001b[1m" } },
    reached: null,
    metrics: values.map((value, index) => ({ seed: String(index + 1), value })),
    seconds: 3,
    curves: null,
    failure: null,
    earlier: false,
  };
}

const DATA: SweepData = {
  name: "tuning",
  file: "configs/sweeps/tuning.yaml",
  base: "configs/base.yaml",
  metric: "evaluate.accuracy",
  on: "preprocess.validation",
  goal: "maximize",
  strategy: "random search, 3 trials",
  rungs: null,
  asynchronous: false,
  replicates: 2,
  parameters: [],
  trials: [trial(0, "done", [0.9, 0.92]), trial(1, "failed", []), trial(2, "running", [])],
  baseline: trial(-1, "done", [0.8]),
  winner: { trial: 0, sets: [], yaml: "", test: [{ seed: "1", value: 0.85 }] },
  cost: { ran: 5, hits: 1, seconds: 9, saved: 1, wall: 4 },
  left: 1,
};

Deno.test("in the end a sweep names its winner beside the baseline, what failed, and how to go on", () => {
  assert.deepEqual(
    endLines(DATA, false, ["sweep", "configs/sweeps/tuning.yaml"], "reports/w.yaml"),
    [
      "winner     trial 0: evaluate.accuracy 0.91 (2 seeds, 0.9 to 0.92), the baseline 0.8",
      "           train@sparse.batchSize=16",
      '           train@sparse.optimizer={"type":"adam\\u001b[1m"}',
      "           on the test set: 0.85",
      "           its config: reports/w.yaml",
      "failed     1 of 3 trials: 1",
      "unfinished `deno task sweep configs/sweeps/tuning.yaml` goes on",
    ],
  );
  assert.deepEqual(endLines({ ...DATA, winner: null, trials: [] }, true, [], null), []);
});

Deno.test("the summary for --on-end has the winner, the counts and the cost", () => {
  const { winner, ...rest } = summaryOf(DATA, true);
  assert.deepEqual(rest, {
    sweep: "tuning",
    over: true,
    metric: "evaluate.accuracy",
    on: "preprocess.validation",
    goal: "maximize",
    trials: 3,
    done: 1,
    pruned: 0,
    failed: 1,
    left: 1,
    baseline: [{ seed: "1", value: 0.8 }],
    cost: DATA.cost,
  });
  assert.deepEqual(winner, {
    trial: 0,
    settings: DATA.trials[0]?.settings,
    metrics: DATA.trials[0]?.metrics,
    test: [{ seed: "1", value: 0.85 }],
  });
});
