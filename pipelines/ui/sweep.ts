/** How a sweep stands, from `sweeps/<page>/state.json` of the store, which its driver writes. */
import type { TrialState } from "../report/sweep_data.ts";
import { readIfThere } from "../store/files.ts";
import { fieldsOf } from "../store/valid.ts";
import type { SweepView, TrialView } from "./views.ts";

const BEST = 10;
const STATES: readonly TrialState[] = ["done", "pruned", "failed", "running"];

/** Reads it when it has changed. */
export class SweepFile {
  readonly #path: string | null;
  #is = "";
  #view: SweepView | null = null;

  /** `root`: the store's; `name`: as a file of events says it. */
  constructor(root: string, readonly name: string) {
    const isName = !/[\\\0]/.test(name) &&
      name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
    this.#path = isName ? `${root}/sweeps/${name}/state.json` : null;
  }

  /** Null where there is none, or none that can be read. */
  view(): SweepView | null {
    if (this.#path === null) return null;
    try {
      const { isFile, mtime, size, ino } = Deno.lstatSync(this.#path);
      const is = `${ino} ${mtime?.getTime()} ${size}`;
      if (!isFile) this.#view = null;
      else if (is !== this.#is) {
        this.#view = viewOf(this.name, JSON.parse(readIfThere(this.#path) ?? "null"));
      }
      this.#is = is;
    } catch {
      this.#view = null; // it is not there yet, or is none of ours
    }
    return this.#view;
  }
}

function viewOf(name: string, state: unknown): SweepView {
  const { metric, goal, trials, left, rungs } = fieldsOf(state);
  const { param } = fieldsOf(rungs);
  const isLess = goal === "minimize";
  const counts = { done: 0, pruned: 0, failed: 0, running: 0 };
  const all: TrialView[] = [];
  for (const one of Array.isArray(trials) ? trials : []) {
    const trial = fieldsOf(one);
    const state = STATES.find((known) => known === trial["state"]);
    if (state === undefined || typeof trial["trial"] !== "number") continue;
    counts[state]++;
    const metrics = (Array.isArray(trial["metrics"]) ? trial["metrics"] : [])
      .map((metric) => Number(fieldsOf(metric)["value"] ?? NaN))
      .filter(Number.isFinite);
    // What halving has not let go on is out of the race.
    if (metrics.length === 0 || state === "pruned" || state === "failed") continue;
    all.push({
      trial: trial["trial"],
      metric: metrics.reduce((sum, value) => sum + value, 0) / metrics.length,
      replicates: metrics.length,
      reached: typeof trial["reached"] === "number" ? trial["reached"] : null,
      values: valuesOf(trial["values"]),
    });
  }
  // Of halving those come first that have gone furthest: a metric after one epoch says little.
  const farOf = ({ reached }: TrialView) => reached ?? Number.MAX_VALUE;
  const order = (a: TrialView, b: TrialView) =>
    farOf(b) - farOf(a) || (isLess ? a.metric - b.metric : b.metric - a.metric) ||
    a.trial - b.trial;
  return {
    name,
    metric: typeof metric === "string" ? metric : "metric",
    rungs: typeof param === "string" ? param : null,
    goal: isLess ? "minimize" : "maximize",
    counts,
    left: typeof left === "number" ? left : null,
    best: all.sort(order).slice(0, BEST),
  };
}

function valuesOf(value: unknown): Record<string, string | number> {
  const values: Record<string, string | number> = {};
  for (const [name, one] of Object.entries(fieldsOf(value)).slice(0, 40)) {
    if (typeof one === "number") values[name] = one;
    else if (typeof one === "string") values[name] = one.slice(0, 200);
  }
  return values;
}
