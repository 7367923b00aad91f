/** A sweep on this machine, from its first trial to its page; or as far as it gets. */
import type { NodeId } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import type { SweepData } from "../report/sweep_data.ts";
import type { Listener } from "../run/event.ts";
import { fieldsOf } from "../store/valid.ts";
import { type Recorded, runAndRecord } from "../run/record.ts";
import { type Known, sweepData } from "./data.ts";
import { Driver } from "./driver.ts";
import { entriesBefore, pointsBefore } from "./earlier.ts";
import { Figures } from "./figures.ts";
import type { Entry } from "./ledger.ts";
import { limitsOf, pointsOf } from "./limits.ts";
import { emptyPlan, type OpenedSweep } from "./open.ts";
import type { Fact } from "./outcome.ts";
import { isPublished, pagesOf } from "./pages.ts";
import { publishSweep, sweepClient } from "./publish.ts";

export interface SweepAsked extends
  Pick<
    Recorded,
    "jobs" | "signal" | "datasets" | "rebuild" | "command" | "overrides" | "root" | "reports"
  > {
  /** A path as the user would write it. */
  readonly shorten: (path: string) => string;
  /** Milliseconds from any fixed start. */
  readonly now: () => number;
}

export interface SweepEnded {
  readonly data: SweepData;
  /** All that the budget has was tried. */
  readonly isOver: boolean;
  readonly interrupted: boolean;
}

/** The state for those who watch is written this often at most, and takes this part of the time at most. */
const EVERY = 3000;
const PART = 0.005;

export async function runSweep(
  opened: OpenedSweep,
  store: Store,
  asked: SweepAsked,
  listen: Listener,
): Promise<SweepEnded> {
  const { read, planner, folder, strategy } = opened;
  const { sweep } = read;
  const started = asked.now();
  const client = await sweepClient(store);
  const figures = await Figures.open(store, planner.figure);
  const facts = new Map<NodeId, Fact>();
  const before = folder.readState();
  const points = pointsBefore(before, sweep);
  const earlier = await entriesBefore(opened, store, points, figures, facts);
  const driver = new Driver(planner, folder, strategy, earlier, facts, {
    jobs: asked.jobs,
    now: asked.now,
    figures,
    onEnd: (entry) => {
      // The winner is no further trial.
      if (entry !== driver.tested) listen(eventOf(driver, entry));
      keepState();
    },
  });
  const known = (): Known => ({
    sweep,
    entries: driver.ledger.entries,
    earlier: driver.others,
    baseline: driver.baseline,
    tested: driver.tested,
    facts: driver.facts,
    on: planner.measuredOn,
    unit: planner.unit,
    isOver: driver.isOver,
    wall: asked.now() - started,
  });
  const shown = { file: asked.shorten(sweep.path), base: asked.shorten(sweep.base) };
  const data = (withCurves: boolean) =>
    sweepData(known(), store, shown, read, asked.reports, withCurves);

  for (const message of limitsOf(sweep)) listen({ type: "note", message });
  let next = -Infinity;
  let writing: Promise<void> | null = null;
  const keepState = () => {
    if (writing !== null || asked.now() < next) return;
    const begun = asked.now();
    writing = data(false).then((state) => folder.writeState(state)).catch(() => {
      // Those who watch see it later; the end tells what cannot be written.
    }).finally(() => {
      writing = null;
      next = asked.now() + Math.max(EVERY, (asked.now() - begun) / PART);
    });
  };
  let last: SweepData | null = null;
  const { interrupted } = await runAndRecord(emptyPlan(read), store, {
    jobs: asked.jobs,
    signal: asked.signal,
    datasets: asked.datasets,
    rebuild: asked.rebuild,
    command: asked.command,
    overrides: asked.overrides,
    root: asked.root,
    reports: asked.reports,
    lock: "leave",
    forced: new Set(),
    keepGoing: true,
    retries: sweep.retries,
    more: driver.more,
    sweep: sweep.page,
    async conclude(listen) {
      await writing;
      await figures.close();
      last = await data(false);
      const isSame = resultsOf(last) === resultsOf(before) &&
        isPublished(sweep, last, asked.reports);
      if (!isSame) last = await data(true);
      // With what it has cost the run that made it.
      folder.writeState(isSame ? before : last);
      const paths = isSame
        ? pagesOf(sweep, last, asked.reports)
        : await publishSweep(sweep, last, client, asked.reports);
      for (const path of paths) listen({ type: "report-published", path });
    },
  }, listen);
  return { data: last ?? await data(false), isOver: driver.isOver, interrupted };
}

/** All of a state that a page shows, but for times and curves. */
function resultsOf(state: unknown): string {
  const { trials, baseline, winner, left, metric, goal, strategy, asynchronous, limits } = fieldsOf(
    state,
  );
  const timeless = (trial: unknown) => ({ ...fieldsOf(trial), seconds: 0, curves: null });
  return JSON.stringify([
    Array.isArray(trials) ? trials.map(timeless) : null,
    timeless(baseline),
    winner,
    left,
    metric,
    goal,
    strategy,
    asynchronous,
    limits,
  ]);
}

function eventOf(driver: Driver, entry: Entry): Parameters<Listener>[0] {
  const { metric } = driver.planner.read.sweep;
  const best = driver.leader;
  return {
    type: "trial-ended",
    trial: entry.point.label,
    metric: `${metric.stage}.${metric.tensor}`,
    value: entry.result.type === "done" ? entry.result.metric : null,
    best: best?.result.type === "done"
      ? { trial: best.point.label, value: best.result.metric }
      : null,
    ended: driver.ledger.entries.length - driver.ledger.open,
    jobs: expectedJobs(driver),
    unit: driver.planner.read.sweep.rungs === null ? "trial" : "rung",
    isHit: entry.replicates.every(({ node }) => driver.facts.get(node)?.outcome === "hit"),
  };
}

/** Of strategies with rungs at least those that the first results let expect: ASHA may promote more. */
function expectedJobs({ ledger, planner }: Driver): number {
  const { strategy } = planner.read.sweep;
  let sum = 0, trials = pointsOf(planner.read.sweep);
  if (!("rungs" in strategy)) return trials;
  for (const _ of strategy.rungs) {
    sum += trials;
    trials = Math.floor(trials / strategy.eta);
  }
  return Math.max(sum, ledger.entries.length);
}
