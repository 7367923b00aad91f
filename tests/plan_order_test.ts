/** In which order stages are planned: however long a chain of them is, and wherever its consumers stand. */
import assert from "node:assert/strict";
import { type Config, NO_RESOURCES, type StageConfig } from "../pipelines/config/config.ts";
import { producersFirst } from "../pipelines/plan/order.ts";
import { trialConfig } from "../pipelines/sweep/trials.ts";
import { int, sweepOf } from "./sweep_strategies_rig.ts";

function stage(name: string, ...before: string[]): StageConfig {
  const references = before.map((one) => ({ stage: one, cell: null, output: "out" }));
  return {
    name,
    uses: "./own.ts",
    module: "/own.ts",
    with: {},
    inputs: before.length === 0 ? {} : { before: references },
    variants: [],
    matrix: {},
    seeds: null,
    trials: [],
    join: null,
    cache: true,
    version: null,
    resources: NO_RESOURCES,
  };
}

/** Far more than frames fit a stack; consumers stand first. */
const LONG = 100_000;
const chain = Array.from({ length: LONG }, (_, i) => {
  const at = LONG - 1 - i;
  return at === 0 ? stage("s0") : stage(`s${at}`, `s${at - 1}`);
});

Deno.test("producers come before their consumers, in declared order otherwise", () => {
  const stages = [
    stage("report", "judge", "train"),
    stage("judge", "train", "data"),
    stage("alone"),
    stage("train", "data"),
    stage("data"),
  ];
  const names = (some: readonly StageConfig[]) => some.map(({ name }) => name);
  assert.deepEqual(names(producersFirst(stages)), ["data", "train", "judge", "report", "alone"]);
  assert.deepEqual(names(producersFirst(stages, stages.slice(3, 4))), ["data", "train"]);
});

Deno.test("a chain that is longer than the stack is put into order", () => {
  const sorted = producersFirst(chain);
  assert.deepEqual(sorted.map(({ name }) => name), chain.map(({ name }) => name).reverse());
});

Deno.test("the trials of a sweep take a chain that is longer than the stack", () => {
  const base: Config = {
    path: "/base.yaml",
    name: "base",
    place: "base",
    page: "base",
    seed: 1,
    stages: [stage("unneeded"), ...chain],
  };
  const sweep = {
    ...sweepOf([int("s0.x", 1, 3)], { type: "grid" }),
    metric: { stage: `s${LONG - 1}`, tensor: "accuracy", on: "test" },
  } as const;
  const { stages } = trialConfig(
    base,
    sweep,
    [{ label: "0", values: { "s0.x": 1 }, reach: null }],
    "test",
    null,
  );
  assert.equal(stages.length, LONG);
  assert.deepEqual(stages.at(-1)?.trials, [{ label: "0", with: { x: 1 } }]);
});
