/** Ranks a sweep's trials, compares each with the baseline, and lays out the axes that they stand on. */
import { holm, mean } from "./statistics.ts";
import { type Axis, ticksOf } from "./sweep_axes.ts";
import type { Linked, Ranked } from "./sweep_columns.ts";
import type { SweepData, SweepTrial, TrialState } from "./sweep_data.ts";
import { type Difference, difference, halfWidth } from "./sweep_statistics.ts";

const ORDER: Readonly<Record<TrialState, number>> = { done: 0, running: 1, pruned: 2, failed: 3 };

/** A trial's mean over its replicates; null: it has none, or no number. */
export function metricOf({ metrics }: SweepTrial): number | null {
  if (metrics.length === 0) return null;
  const value = mean(metrics.map((m) => m.value));
  return Number.isFinite(value) ? value : null;
}

/** Best first: done, then what is not over, then pruned by how far they came, and failed last. */
function ordered(data: SweepData): SweepTrial[] {
  const sign = data.goal === "maximize" ? -1 : 1;
  const worst = (trial: SweepTrial) => {
    const value = metricOf(trial);
    return value === null ? Infinity : sign * value;
  };
  const less = (a: number, b: number) => a === b ? 0 : a < b ? -1 : 1;
  return [...data.trials].sort((a, b) =>
    ORDER[a.state] - ORDER[b.state] ||
    (b.state === "pruned" ? less(b.reached ?? 0, a.reached ?? 0) : 0) ||
    less(worst(a), worst(b)) || a.trial - b.trial
  );
}

export function rank(data: SweepData): Linked {
  const { baseline } = data;
  const trials = ordered(data);
  const compared = trials.map((trial) =>
    baseline === null || trial.state !== "done" ? null : difference(baseline.metrics, trial.metrics)
  );
  const tested = compared.filter((d): d is Difference & { p: number } =>
    d !== null && d.p !== null
  );
  const corrected = holm(tested.map(({ p }) => p));
  const adjusted = new Map<Difference, number>(tested.map((d, i) => [d, corrected[i] ?? 1]));
  const axes = axesOf(data);
  let place = 0;
  const rows = trials.map((trial, i): Ranked => {
    const value = metricOf(trial), compare = compared[i] ?? null;
    return {
      rank: trial.state === "done" && value !== null ? ++place : null,
      trial: trial.trial,
      state: trial.state,
      values: [...data.parameters.map(({ path }) => trial.values[path] ?? null), value],
      half: value === null ? null : finite(halfWidth(trial.metrics.map((m) => m.value))),
      kept: trial.metrics.flatMap(({ at }) => at ?? []),
      difference: compare === null || !Number.isFinite(compare.mean) ? null : {
        mean: compare.mean,
        half: finite(compare.half),
        p: compare.p,
        adjusted: adjusted.get(compare) ?? null,
      },
      reached: trial.reached,
      seconds: trial.seconds,
      earlier: trial.earlier,
    };
  });
  return {
    axes,
    rows,
    decimals: decimalsOf(trials.flatMap((trial) => metricOf(trial) ?? [])),
    replicates: data.replicates,
    unit: data.unit ?? null,
    baseline: baseline !== null,
    rungs: data.rungs === null ? null : lastOf(data.rungs.param),
  };
}

const finite = (x: number | null) => x !== null && Number.isFinite(x) ? x : null;
const lastOf = (path: string) => path.slice(path.lastIndexOf(".") + 1);

/** So many that four figures of a typical value are seen. */
function decimalsOf(values: readonly number[]): number {
  const sizes = values.map(Math.abs).sort((a, b) => a - b);
  let size = sizes[Math.floor(sizes.length / 2)] ?? 1;
  let decimals = 4;
  for (; size >= 10 && decimals > 0; size /= 10) decimals--;
  for (; size > 0 && size < 0.1 && decimals < 12; size *= 10) decimals++;
  return decimals;
}

function axesOf(data: SweepData): Axis[] {
  const titles = shortest(data.parameters.map(({ path }) => path));
  const params = data.parameters.map(({ path, type, log, domain }, i): Axis => {
    const found = data.trials.map(({ values }) => values[path]);
    const shared = { title: titles[i] ?? path, path, gaps: found.includes(undefined) };
    if (type === "choice") {
      const names = [...new Set([...domain, ...found.filter((v) => v !== undefined)].map(String))];
      return { ...shared, names, low: 0, high: names.length, log: false, ticks: [] };
    }
    // Trials of an earlier space may lie outside of this one.
    const all = [...domain, ...found].filter((v): v is number => typeof v === "number");
    return { ...shared, names: [], ...ends(Math.min(...all), Math.max(...all), log) };
  });
  return [...params, metricAxis(data)];
}

function ends(low: number, high: number, log: boolean) {
  return { low, high, log: log && low > 0, ticks: ticksOf(low, high, log && low > 0, 5) };
}

/**
 * The metric's axis ends on its bad side at the outer fence of its quartiles (Tukey): one training that ran
 * away would otherwise press all others into a line. What lies beyond stands at the end. The good side holds
 * all: who wins by far is seen to.
 */
function metricAxis({ metric, goal, trials }: SweepData): Axis {
  const values = trials.flatMap((trial) => metricOf(trial) ?? []).sort((a, b) => a - b);
  const at = (part: number) => values[Math.round(part * (values.length - 1))] ?? 0;
  const fence = 3 * (at(0.75) - at(0.25));
  const inside = fence > 0
    ? values.filter((v) => goal === "maximize" ? v >= at(0.25) - fence : v <= at(0.75) + fence)
    : values;
  return {
    title: lastOf(metric),
    path: metric,
    names: [],
    ...ends(inside[0] ?? 0, inside.at(-1) ?? 1, false),
    // A trial without it is in no chart.
    gaps: false,
  };
}

/** The last words of each path, as many as tell it from the others. */
function shortest(paths: readonly string[]): string[] {
  const tail = (path: string, words: number) => path.split(".").slice(-words).join(".");
  return paths.map((path) => {
    const words = path.split(".").length;
    for (let n = 1; n < words; n++) {
      if (paths.filter((other) => tail(other, n) === tail(path, n)).length === 1) {
        return tail(path, n);
      }
    }
    return path;
  });
}
