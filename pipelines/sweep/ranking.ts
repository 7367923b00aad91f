/** Trials in the order of their metric. */
import type { JobEntry } from "./ledger.ts";
import type { Sweep } from "./sweep.ts";

/** Of each trial the job that went furthest, in the order of trials. */
export function furthest(entries: readonly JobEntry[]): JobEntry[] {
  const last = new Map<number, JobEntry>();
  for (const entry of entries) {
    const before = last.get(entry.job.trial);
    // A rung that was not reached says nothing of the one before it.
    if (
      before === undefined || before.result.type === "pending" || entry.result.type !== "pending"
    ) {
      last.set(entry.job.trial, entry);
    }
  }
  return [...last].sort(([a], [b]) => a - b).map(([, entry]) => entry);
}

/** Best first: who went further, then the metric, then the lower number; failed ones last. */
export function order(goal: Sweep["goal"]): (a: JobEntry, b: JobEntry) => number {
  const sign = goal === "maximize" ? -1 : 1;
  const metric = ({ result }: JobEntry) => result.type === "done" ? sign * result.metric : Infinity;
  const rung = ({ job, result }: JobEntry) => result.type === "done" ? job.rung ?? 0 : -1;
  return (a, b) => rung(b) - rung(a) || compare(metric(a), metric(b)) || a.job.trial - b.job.trial;
}

/** Trials in that order, pending ones left out. */
export function ranked(entries: readonly JobEntry[], goal: Sweep["goal"]): JobEntry[] {
  return furthest(entries).filter(({ result }) => result.type !== "pending").sort(order(goal));
}

/** Null where no trial has a metric. */
export function bestOf(entries: readonly JobEntry[], goal: Sweep["goal"]): JobEntry | null {
  const [best] = ranked(entries, goal);
  return best?.result.type === "done" ? best : null;
}

/** Two infinities are equal. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
