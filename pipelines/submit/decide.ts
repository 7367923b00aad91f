/** Which jobs of a sweep a task has, decided anew from the results of those before them. */
import type { Digest, NodeId } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import { Figures } from "../sweep/figures.ts";
import { type JobEntry, Ledger, type Loss } from "../sweep/ledger.ts";
import { emptyPlan, type OpenedSweep } from "../sweep/open.ts";
import { type Fact, judge, lookUpAll } from "../sweep/outcome.ts";
import type { Strategy } from "../sweep/strategy.ts";
import { pointOf } from "../sweep/trials.ts";

/** Points that are planned at once. */
const AT_ONCE = 1024;

const GONE: Loss = { node: "", message: "Its task ended without a result", log: null };

/**
 * Jobs in arrays of which each can begin when those before it have ended: a new one begins where a job needs the
 * result of one that is in the same array. Each is a range, its end excluded.
 */
export function generationsOf(
  { jobs, needs }: Pick<Strategy, "jobs" | "needs">,
): { readonly from: number; readonly to: number }[] {
  const found: { from: number; to: number }[] = [];
  let from = 0;
  for (let k = 0; k < jobs; k++) {
    if (needs(k) <= from) continue;
    found.push({ from, to: k });
    from = k;
  }
  if (from < jobs) found.push({ from, to: jobs });
  return found;
}

/**
 * All jobs before number `to`. Those that decide about them have ended: one that left no result has failed, and
 * is written down as such.
 */
export async function decide(
  { read, strategy, planner, folder }: OpenedSweep,
  store: Store,
  to: number,
): Promise<readonly JobEntry[]> {
  const ledger = new Ledger(strategy, false);
  const known = to >= strategy.jobs ? to : strategy.needs(to - 1);
  const figures = await Figures.open(store, planner.figure);
  const done = new Map<NodeId, Readonly<Record<string, Digest>>>();
  const facts = new Map<NodeId, Fact>();

  async function look(entries: readonly JobEntry[]): Promise<void> {
    const planned = await planner.plan(entries.map(({ point }) => point));
    for (const [index, entry] of entries.entries()) {
      const found = planned[index];
      if (found === undefined) throw new Error("A point was not planned");
      entry.planned = found;
      if (!("problem" in found)) await lookUpAll(found, emptyPlan(read), store, done, facts);
      const judged = "problem" in found ? null : await judge(found, figures, facts);
      if (judged === null && await folder.readLoss(entry.point) === null) {
        const loss = "problem" in found ? { ...GONE, message: found.problem } : GONE;
        await folder.writeLoss(entry.point, loss);
      }
      ledger.settle(entry, judged?.result ?? { type: "failed" });
    }
  }

  for (;;) {
    const entries: JobEntry[] = [];
    while (entries.length < AT_ONCE) {
      const job = ledger.next();
      if (job === null || job.number >= to) break;
      entries.push(ledger.add(job, pointOf(read.sweep, job)));
    }
    if (entries.length === 0) break;
    await look(entries.filter(({ job }) => job.number < known));
  }
  await figures.close();
  return ledger.entries;
}
