/**
 * Trials of an earlier form of a sweep's file: those that lie in the space as it is now, and whose results are there,
 * are ranked with the rest. So nothing is lost where a space is widened, although other points are drawn.
 */
import type { Json } from "../json.ts";
import type { Digest, NodeId } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import { fieldsOf } from "../store/valid.ts";
import type { Figures } from "./figures.ts";
import { type JobEntry, pending } from "./ledger.ts";
import { emptyPlan, type OpenedSweep } from "./open.ts";
import { type Fact, judge, lookUpAll } from "./outcome.ts";
import { isIn, textOf } from "./space.ts";
import type { Sweep, Values } from "./sweep.ts";
import type { Point } from "./trials.ts";

/** A state that holds more was not written by us. */
const MOST = 100_000;

/** What the last state names; what is no trial is left out. */
export function pointsBefore(state: unknown, sweep: Sweep): Point[] {
  const { trials } = fieldsOf(state);
  if (!Array.isArray(trials)) return [];
  const seen = new Set<string>();
  return trials.slice(0, MOST).flatMap((trial): Point[] => {
    const { settings, reached, state } = fieldsOf(trial);
    const isCount = reached === null || Number.isSafeInteger(reached);
    if (typeof settings !== "object" || settings === null || !isCount || state === "failed") {
      return [];
    }
    // It was JSON, and is held against the space next.
    const values = withoutCells(settings as Readonly<Record<string, Json>>);
    const text = `${textOf(values)} ${reached}`;
    if (seen.has(text) || !isIn(sweep.space, values)) return [];
    seen.add(text);
    return [{ label: `earlier-${seen.size}`, values, reach: reached as number | null }];
  });
}

/**
 * The results of those points that are in the store; nothing is run. Their trials count from the number of jobs on;
 * `facts` gets what is known of their nodes.
 */
export async function entriesBefore(
  { planner, read, strategy }: OpenedSweep,
  store: Store,
  points: readonly Point[],
  figures: Figures,
  facts: Map<NodeId, Fact>,
): Promise<JobEntry[]> {
  const { sweep } = read;
  const planned = await planner.plan(points);
  const done = new Map<NodeId, Readonly<Record<string, Digest>>>();
  const found: JobEntry[] = [];
  for (const [index, point] of points.entries()) {
    const one = planned[index];
    if (one === undefined || "problem" in one) continue;
    await lookUpAll(one, emptyPlan(read), store, done, facts);
    const judged = await judge(one, figures, facts);
    if (judged?.result.type !== "done") continue;
    const number = strategy.jobs + found.length;
    const rung = "rungs" in sweep.strategy && point.reach !== null
      ? sweep.strategy.rungs.indexOf(point.reach)
      : null;
    // At a rung that the file has no more it cannot be compared.
    if (rung === -1) continue;
    const job = { number, trial: number, values: point.values, rung };
    found.push({ job, ...pending(point), planned: one, ...judged });
  }
  return found;
}

function withoutCells(settings: Readonly<Record<string, Json>>): Values {
  return Object.fromEntries(
    Object.entries(settings).map(([path, value]) => [path.replace(/^([^.@]*)@[^.]*/, "$1"), value]),
  );
}
