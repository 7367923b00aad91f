/** The ranking's rows and columns as text; the page is made with them, and its script goes on with them. */
import { duration } from "./lineage.ts";
import type { Axis, Value } from "./sweep_axes.ts";
import type { TrialState } from "./sweep_data.ts";

/** A trial as the ranking and the linked charts need it. */
export interface Ranked {
  /** From 1; null: it has no place, since it was pruned, failed or is not over. */
  readonly rank: number | null;
  readonly trial: number;
  readonly state: TrialState;
  /** By axis; the last is the metric's mean over replicates. */
  readonly values: readonly Value[];
  /** Half the width of the mean's 95 % interval. */
  readonly half: number | null;
  /** Of each replicate the epoch that the metric is of, where its stage keeps one of several. */
  readonly kept: readonly number[];
  readonly difference: {
    readonly mean: number;
    readonly half: number | null;
    readonly p: number | null;
    /** p after Holm. */
    readonly adjusted: number | null;
  } | null;
  readonly reached: number | null;
  readonly seconds: number;
  readonly earlier: boolean;
}

/** What the page hands its script. */
export interface Linked {
  /** Params in their order, then the metric. */
  readonly axes: readonly Axis[];
  /** Best first. */
  readonly rows: readonly Ranked[];
  /** Decimals of the metric. */
  readonly decimals: number;
  readonly replicates: number;
  /** What the metric's stage keeps one of, e.g. "epoch"; null: nothing. */
  readonly unit: string | null;
  readonly baseline: boolean;
  /** What the rungs of halving count; null without. */
  readonly rungs: string | null;
}

export interface Column {
  readonly title: string;
  /** What the title stands for, where it is short for something. */
  readonly says: string;
  readonly isText: boolean;
  readonly cell: (row: Ranked) => string;
  /** What rows are sorted by; null goes last both ways. */
  readonly key: (row: Ranked) => Value;
}

/** Rows that are shown at once. */
export const PAGE = 50;

/** What stands where there is no value. */
export const NONE = "–";
export const count = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
const minus = (text: string) => text.replace("-", "−");

/** A param's number in few characters: 64, 0.25, 3.2e−5. */
export function compact(x: number): string {
  if (Number.isInteger(x) && Math.abs(x) < 1e7) return minus(String(x));
  const size = Math.abs(x);
  const text = size >= 1e-4 && size < 1e7 ? String(Number(x.toPrecision(3))) : shortPower(x);
  return minus(text);
}

const shortPower = (x: number) => {
  const [digits = "", power = ""] = x.toExponential(2).split("e");
  return `${Number(digits)}e${power.replace("+", "").replace("-", "−")}`;
};

export const shown = (value: Value) =>
  value === null ? NONE : typeof value === "number" ? compact(value) : value;

export function fixed(x: number, decimals: number): string {
  return Number.isFinite(x) ? minus(x.toFixed(decimals)) : minus(String(x));
}

export const signed = (x: number, decimals: number) => `${x < 0 ? "" : "+"}${fixed(x, decimals)}`;

const within = (half: number | null, decimals: number) =>
  half === null ? "" : ` ± ${fixed(half, decimals)}`;

export const probability = (p: number | null) =>
  p === null ? NONE : p < 0.0001 ? "< 0.0001" : p.toFixed(4);

/** Columns that would be empty for every trial are left out. */
export function columnsOf(head: Omit<Linked, "rows">): Column[] {
  const { axes, decimals, replicates, rungs, unit } = head;
  const metric = axes.length - 1;
  const number = (title: string, says: string, rest: Pick<Column, "cell" | "key">): Column => ({
    title,
    says,
    isText: false,
    ...rest,
  });
  const mean = ({ values }: Ranked) => {
    const value = values[metric];
    return typeof value === "number" ? value : null;
  };
  return [
    number("Rank", "", {
      cell: ({ rank }) => rank === null ? NONE : String(rank),
      key: ({ rank }) => rank,
    }),
    number("Trial", "", { cell: ({ trial }) => String(trial), key: ({ trial }) => trial }),
    number(axes[metric]?.title ?? "", axes[metric]?.path ?? "", {
      cell: (row) => {
        const value = mean(row);
        return value === null ? NONE : `${fixed(value, decimals)}${within(row.half, decimals)}`;
      },
      key: mean,
    }),
    ...(unit === null ? [] : [number(`Of ${unit}`, `The ${unit} that was kept, of each replicate`, {
      cell: ({ kept }) => kept.length === 0 ? NONE : kept.join(", "),
      key: ({ kept }) => kept[0] ?? null,
    })]),
    ...(!head.baseline ? [] : [number("To baseline", "Difference to the baseline", {
      cell: ({ difference }) =>
        difference === null
          ? NONE
          : `${signed(difference.mean, decimals)}${within(difference.half, decimals)}`,
      key: ({ difference }) => difference?.mean ?? null,
    })]),
    ...(!head.baseline || replicates < 2 ? [] : [
      number("p", "Paired t-test against the baseline", {
        cell: ({ difference }) => probability(difference?.p ?? null),
        key: ({ difference }) => difference?.p ?? null,
      }),
      number("p, Holm", "The same, corrected for the number of trials", {
        cell: ({ difference }) => probability(difference?.adjusted ?? null),
        key: ({ difference }) => difference?.adjusted ?? null,
      }),
    ]),
    ...axes.slice(0, metric).map((axis, i): Column => ({
      title: axis.title,
      says: axis.path,
      isText: axis.names.some((name) => Number.isNaN(Number(name))),
      cell: ({ values }) => shown(values[i] ?? null),
      key: ({ values }) => values[i] ?? null,
    })),
    ...(rungs === null ? [] : [number(rungs, "How far it was trained", {
      cell: ({ reached }) => shown(reached),
      key: ({ reached }) => reached,
    })]),
    number("Time", "Of all its stage runs, as they were made", {
      cell: ({ seconds }) => seconds > 0 ? duration(1000 * seconds) : NONE,
      key: ({ seconds }) => seconds,
    }),
    {
      title: "State",
      says: "",
      isText: true,
      cell: stateOf,
      key: stateOf,
    },
  ];
}

function stateOf({ state, earlier }: Ranked): string {
  const says = state === "running" ? "not over" : state;
  return earlier ? `${says}, of an earlier space` : says;
}
