/** Sweeps for tests of strategies, and a driver that ends jobs in any order. */
import { createStrategy } from "../pipelines/sweep/strategies/create.ts";
import type { Job, Result, Told } from "../pipelines/sweep/strategy.ts";
import type { Domain, Parameter, Space, StrategySpec, Sweep } from "../pipelines/sweep/sweep.ts";
import type { Json } from "../pipelines/json.ts";

export function float(path: string, min: number, max: number, more: Partial<Domain> = {}) {
  return parameter(path, {
    type: "float",
    min,
    max,
    log: false,
    step: null,
    points: null,
    ...more,
  });
}

export function int(path: string, min: number, max: number, more: Partial<Domain> = {}) {
  return parameter(path, { type: "int", min, max, log: false, step: 1, points: null, ...more });
}

/** Choices that are called as JSON writes them. */
export function choice(path: string, ...values: readonly Json[]) {
  const choices = values.map((value) => ({ name: JSON.stringify(value), value }));
  return parameter(path, { type: "choice", choices });
}

function parameter(path: string, domain: object): Parameter {
  return { path, domain: domain as Domain, when: [] }; // of one type and what its maker adds
}

/** The parameter, counting only where another has one of these values. */
export function when(one: Parameter, path: string, ...is: readonly Json[]): Parameter {
  return { ...one, when: [...one.when, { path, is }] };
}

export function sweepOf(
  space: Space,
  strategy: StrategySpec,
  { trials = 20, ...more }: Partial<Pick<Sweep, "seed" | "goal" | "asynchronous">> & {
    readonly trials?: number;
  } = {},
): Sweep {
  return {
    path: "/sweep.yaml",
    name: "sweep",
    page: "sweep",
    base: "/base.yaml",
    overrides: [],
    seed: 1,
    space,
    metric: { stage: "evaluate", tensor: "accuracy", on: "validation" },
    goal: "minimize",
    strategy,
    rungs: null,
    budget: { trials, time: null },
    replicates: 1,
    retries: 0,
    timeout: null,
    asynchronous: false,
    cells: {},
    ...more,
  };
}

/** A job's metric; null where it fails. */
export type Judge = (job: Job) => number | null;

export interface Way {
  /** How many jobs run at once. */
  readonly workers?: number;
  /** Which of those that run ends next. */
  readonly ends?: (running: readonly Job[]) => number;
  /** Sees each decision with what was told. */
  readonly watch?: (job: Job, told: readonly Told[]) => void;
}

/**
 * Runs a sweep to its end: jobs in the order in which they were decided. A strategy is told every result that
 * is there, also those that it may not use.
 */
export function play(
  sweep: Sweep,
  judge: Judge,
  { workers = 1, ends = () => 0, watch }: Way = {},
): Job[] {
  const strategy = createStrategy(sweep);
  const told: { readonly job: Job; result: Result }[] = [];
  for (let k = 0;;) {
    const running = told.filter(({ result }) => result.type === "pending");
    const needs = sweep.asynchronous ? 0 : strategy.needs(k);
    const mayAsk = running.length < workers && running.every(({ job }) => job.number >= needs);
    const next = mayAsk ? strategy.job(k, told) : "wait";
    if (next === null) return told.map(({ job }) => job);
    if (next === "wait") {
      const one = running[ends(running.map(({ job }) => job))];
      if (one === undefined) throw new Error(`Job ${k} waits for ever`);
      const metric = judge(one.job);
      one.result = metric === null ? { type: "failed" } : { type: "done", metric };
      continue;
    }
    k++;
    if (next === "skip") continue;
    watch?.(next, told);
    told.push({ job: next, result: { type: "pending" } });
  }
}

/** Jobs as their numbers, trials and rungs. */
export function placesOf(jobs: readonly Job[]) {
  return jobs.map(({ number, trial, rung }) => [number, trial, rung]);
}

/** The number of a path's value, for objectives. */
export function numberAt(job: Job, path: string): number {
  const value = job.values[path];
  if (typeof value !== "number") throw new Error(`"${path}" is no number`);
  return value;
}
