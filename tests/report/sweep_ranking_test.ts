import assert from "node:assert/strict";
import { placeOf, ticksOf } from "../../pipelines/report/sweep_axes.ts";
import { columnsOf, compact } from "../../pipelines/report/sweep_columns.ts";
import { rank } from "../../pipelines/report/sweep_ranking.ts";
import type { SweepData, SweepTrial } from "../../pipelines/report/sweep_data.ts";
import { madeSweep } from "./sweep_rig.ts";

function trial(
  number: number,
  values: readonly number[],
  more: Partial<SweepTrial> = {},
): SweepTrial {
  return {
    trial: number,
    state: "done",
    values: {},
    settings: {},
    reached: null,
    metrics: values.map((value, i) => ({ seed: String(i + 1), value })),
    seconds: 1,
    curves: null,
    failure: null,
    earlier: false,
    ...more,
  };
}

const sweep = (trials: readonly SweepTrial[], more: Partial<SweepData> = {}): SweepData => ({
  ...madeSweep({ trials: 1 }),
  trials,
  baseline: null,
  ...more,
});

const order = (data: SweepData) => rank(data).rows.map((row) => [row.trial, row.rank]);

Deno.test("the best comes first, equals by number, failed last and what has no number before them", () => {
  const trials = [
    trial(0, [], { state: "failed" }),
    trial(1, [0.5]),
    trial(2, [0.9]),
    trial(3, [0.9]),
    trial(4, [NaN]),
    trial(5, [0.99], { state: "running" }),
  ];
  assert.deepEqual(order(sweep(trials)), [
    [2, 1],
    [3, 2],
    [1, 3],
    [4, null],
    [5, null],
    [0, null],
  ]);
  assert.deepEqual(order(sweep(trials, { goal: "minimize" })).slice(0, 3), [
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

Deno.test("a pruned trial has no rank: who came further stands before it, and then the better one", () => {
  const pruned = (number: number, value: number, reached: number) =>
    trial(number, [value], { state: "pruned", reached });
  assert.deepEqual(
    order(sweep([pruned(0, 0.99, 4), pruned(1, 0.7, 12), pruned(2, 0.8, 12), trial(3, [0.6])])),
    [[3, 1], [2, null], [1, null], [0, null]],
  );
});

Deno.test("every test against the baseline counts for Holm's correction, and none without replicates", () => {
  const baseline = trial(-1, [0.8, 0.81, 0.83]);
  const trials = [trial(0, [0.9, 0.92, 0.93]), trial(1, [0.8, 0.83, 0.83]), trial(2, [0.7])];
  const rows = rank(sweep(trials, { baseline })).rows;
  const [first, second, third] = rows.map(({ difference }) => difference);
  assert.ok(first?.p != null && second?.p != null);
  assert.ok(first.p < second.p);
  assert.equal(first.adjusted, 2 * first.p);
  assert.equal(second.adjusted, Math.max(second.p, 2 * first.p));
  assert.deepEqual([third?.half, third?.p, third?.adjusted], [null, null, null]);
  const head = rank(sweep(trials, { baseline, replicates: 1 }));
  assert.equal(columnsOf(head).some(({ title }) => title.startsWith("p")), false);
});

Deno.test("one training that ran away does not press all others into a line", () => {
  const trials = Array.from({ length: 40 }, (_, i) => trial(i, [0.9 + i / 1000]));
  const data = sweep([...trials, trial(40, [-1e9])]);
  const axis = rank(data).axes.at(-1);
  assert.ok(axis);
  assert.deepEqual([axis.low, axis.high], [0.9, 0.9 + 39 / 1000]);
  assert.equal(placeOf(axis, -1e9), 0);
});

Deno.test("an axis is named by as few words as tell it apart, and holds what earlier spaces tried", () => {
  const float = (path: string) =>
    ({ path, type: "float", log: true, domain: [0.001, 0.1] }) as const;
  const data = sweep(
    [trial(0, [0.9], {
      values: { "train.optimizer.rate": 1, "train.kind": "old" },
      earlier: true,
    })],
    {
      parameters: [
        float("train.optimizer.rate"),
        float("augment.rate"),
        { path: "train.kind", type: "choice", log: false, domain: ["new"] },
      ],
    },
  );
  const { axes } = rank(data);
  assert.deepEqual(axes.map(({ title }) => title), [
    "optimizer.rate",
    "augment.rate",
    "kind",
    "accuracy",
  ]);
  assert.equal(axes[0]?.high, 1);
  assert.deepEqual(axes[2]?.names, ["new", "old"]);
  assert.deepEqual(axes.map(({ gaps }) => gaps), [false, true, false, false]);
});

Deno.test("ticks are round numbers inside of the axis", () => {
  assert.deepEqual(ticksOf(0, 0.6, false, 5), [0, 0.2, 0.4, 0.6]);
  assert.deepEqual(ticksOf(0.0001, 0.1, true, 5), [0.0001, 0.001, 0.01, 0.1]);
  assert.deepEqual(ticksOf(32, 1024, true, 5), [100, 300, 1000]);
  assert.deepEqual(ticksOf(-3, 3, false, 3), [-2, 0, 2]);
  assert.deepEqual(ticksOf(5, 5, false, 5), [5]);
  for (const [low, high] of [[1, 2], [3, 4], [0.5, 70], [1e-9, 1e9]] as const) {
    const ticks = ticksOf(low, high, true, 5);
    assert.ok(ticks.length > 0 && ticks.length <= 8, `${low}, ${high}: ${ticks}`);
    assert.ok(ticks.every((tick) => tick >= low && tick <= high));
  }
});

Deno.test("numbers of params are short", () => {
  assert.deepEqual(
    [64, 0.25, 0.0022043, 0.00001234, 12345678, -3, 1e300].map(compact),
    ["64", "0.25", "0.0022", "1.23e−5", "1.23e7", "−3", "1e300"],
  );
});

Deno.test("the metric's axis leaves no good trial out, and ends before the worst that ran away", () => {
  const field = Array.from({ length: 20 }, (_, i) => trial(i, [0.5 + 0.001 * i]));
  const far = [trial(20, [0.9]), trial(21, [0.1])];
  const axisOf = (goal: SweepData["goal"]) => rank(sweep([...field, ...far], { goal })).axes.at(-1);
  assert.deepEqual([axisOf("maximize")?.low, axisOf("maximize")?.high], [0.5, 0.9]);
  assert.deepEqual([axisOf("minimize")?.low, axisOf("minimize")?.high], [0.1, 0.519]);
});
