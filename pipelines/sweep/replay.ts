/** A sweep as far as the store knows it: decided again from what is there. Nothing is run. */
import type { SweepData } from "../report/sweep_data.ts";
import type { Digest, NodeId } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import { sweepData } from "./data.ts";
import { entriesBefore, pointsBefore } from "./earlier.ts";
import { Figures } from "./figures.ts";
import { type Entry, type JobEntry, Ledger, pending } from "./ledger.ts";
import { emptyPlan, type OpenedSweep } from "./open.ts";
import { type Fact, judge, lookUpAll } from "./outcome.ts";
import { bestOf } from "./ranking.ts";
import type { Job } from "./strategy.ts";
import { baselineOf, pointOf } from "./trials.ts";

/** Points that are planned at once. */
const AT_ONCE = 1024;

export interface Replayed {
  readonly ledger: Ledger;
  readonly baseline: Entry;
  /** The winner's test; null where the sweep is not over, or no test set is read. */
  readonly tested: Entry | null;
  readonly facts: ReadonlyMap<NodeId, Fact>;
  data(reports: string, shorten: (path: string) => string): Promise<SweepData>;
}

/** `until`: only what decides the jobs before this number, and those jobs themselves. */
export async function replay(
  opened: OpenedSweep,
  store: Store,
  until = Infinity,
): Promise<Replayed> {
  const { read, strategy, planner, folder } = opened;
  const { sweep } = read;
  const ledger = new Ledger(strategy, sweep.asynchronous);
  const facts = new Map<NodeId, Fact>();
  const done = new Map<NodeId, Readonly<Record<string, Digest>>>();
  const { hasLosses } = folder;
  const figures = await Figures.open(store, planner.figure);

  async function look(entries: readonly Entry[], on = sweep.metric.on): Promise<void> {
    const planned = await planner.plan(entries.map(({ point }) => point), on);
    for (const [index, entry] of entries.entries()) {
      const found = planned[index];
      if (found === undefined) throw new Error("A point was not planned");
      entry.planned = found;
      if ("problem" in found) {
        entry.loss = { node: "", message: found.problem, log: null };
        settle(entry, { type: "failed" });
        continue;
      }
      await lookUpAll(found, emptyPlan(read), store, done, facts);
      const judged = await judge(found, figures, facts);
      if (judged !== null) {
        entry.replicates = judged.replicates;
        entry.loss = judged.loss;
        settle(entry, judged.result);
      } else if (hasLosses) {
        entry.loss = await folder.readLoss(entry.point);
        if (entry.loss !== null) settle(entry, { type: "failed" });
      }
    }
  }
  function settle(entry: Entry, result: Entry["result"]): void {
    if ("job" in entry) ledger.settle(entry as JobEntry, result); // jobs alone have one
    else entry.result = result;
  }

  const decided = ledger.asynchronous ? await folder.readDecisions() : [];
  for (;;) {
    const entries: JobEntry[] = [];
    while (entries.length < AT_ONCE && (ledger.entries.at(-1)?.job.number ?? -1) + 1 < until) {
      // What an asynchronous sweep would decide next depends on who is ready first.
      const job: Job | null = ledger.asynchronous
        ? decided[ledger.entries.length] ?? null
        : ledger.next();
      if (job === null || job.number >= until) break;
      entries.push(ledger.add(job, pointOf(sweep, job)));
    }
    if (entries.length === 0) break;
    await look(entries);
  }
  const baseline = pending(baselineOf(sweep));
  await look([baseline]);
  const before = pointsBefore(folder.readState(), sweep);
  const tried = new Set(
    ledger.entries.map(({ point }) => JSON.stringify([point.values, point.reach])),
  );
  const earlier = await entriesBefore(
    opened,
    store,
    before.filter(({ values, reach }) => !tried.has(JSON.stringify([values, reach]))),
    figures,
    facts,
  );
  const isOver = ledger.isOver && ledger.open === 0;
  const best = isOver ? bestOf([...ledger.entries, ...earlier], sweep.goal) : null;
  const tested = best === null || !planner.readsTest
    ? null
    : pending({ ...best.point, label: "winner" });
  if (tested !== null) await look([tested], "test");
  await figures.close();
  return {
    ledger,
    baseline,
    tested,
    facts,
    data: async (reports, shorten) =>
      await sweepData(
        {
          sweep,
          entries: ledger.entries,
          earlier,
          baseline,
          tested,
          facts,
          on: planner.measuredOn,
          unit: planner.unit,
          isOver,
          wall: 0,
        },
        store,
        { file: shorten(sweep.path), base: shorten(sweep.base) },
        read,
        reports,
        true,
      ),
  };
}
