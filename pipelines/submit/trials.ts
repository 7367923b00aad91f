/** What a task of a sweep's trials does, and what becomes of the sweep when all of them have ended. */
import type { Node, NodeId } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import { Figures } from "../sweep/figures.ts";
import type { JobEntry } from "../sweep/ledger.ts";
import { emptyPlan, type OpenedSweep } from "../sweep/open.ts";
import { factOf, judge } from "../sweep/outcome.ts";
import { publishSweep, sweepClient } from "../sweep/publish.ts";
import { replay } from "../sweep/replay.ts";
import { decide } from "./decide.ts";
import type { Folder, NodeResult, Submission } from "./submission.ts";
import type { Work } from "./task.ts";

/** The work of a task of these jobs; of those that the strategy has left out there is none. */
export async function trialsWork(
  opened: OpenedSweep,
  store: Store,
  own: readonly (NodeId | number)[],
): Promise<Work> {
  const { planner, read, folder } = opened;
  const numbers = new Set(own.flatMap((one) => typeof one === "number" ? [one] : []));
  const decided = await decide(opened, store, Math.max(...numbers) + 1);
  const entries = decided.filter(({ job }) => numbers.has(job.number));
  const planned = await planner.plan(entries.map(({ point }) => point));
  const nodes = new Map<NodeId, Node>();
  for (const [index, entry] of entries.entries()) {
    const found = planned[index] ?? null;
    entry.planned = found;
    if (found === null) continue;
    if ("problem" in found) {
      await folder.writeLoss(entry.point, { node: "", message: found.problem, log: null });
    } else for (const node of found.nodes) nodes.set(node.id, node);
  }
  const all = [...nodes.values()];
  return {
    plan: { ...emptyPlan(read), nodes: all },
    own: new Set(all.filter(({ cell }) => cell["trial"] !== undefined).map(({ id }) => id)),
    retries: read.sweep.retries,
    ended: (results) => keepLosses(opened, store, entries, results),
  };
}

async function keepLosses(
  { planner, folder }: OpenedSweep,
  store: Store,
  entries: readonly JobEntry[],
  results: readonly NodeResult[],
): Promise<void> {
  const figures = await Figures.open(store, planner.figure);
  const facts = new Map(results.flatMap((result) => {
    const fact = factOf(result);
    return fact === null ? [] : [[result.node, fact]];
  }));
  for (const { planned, point } of entries) {
    if (planned === null || "problem" in planned) continue;
    const judged = await judge(planned, figures, facts);
    if (judged !== null) await folder.writeLoss(point, judged.loss);
  }
}

/** The winner's test, where a test set is kept for it; no nodes: there is nothing to do. */
export async function winnerWork(opened: OpenedSweep, store: Store): Promise<Work> {
  await decide(opened, store, opened.strategy.jobs);
  const { tested } = await replay(opened, store);
  const planned = tested?.planned ?? null;
  const nodes = planned === null || "problem" in planned ? [] : planned.nodes;
  return {
    plan: { ...emptyPlan(opened.read), nodes },
    own: new Set(nodes.map(({ id }) => id)),
    retries: opened.read.sweep.retries,
    ended: () => Promise.resolve(),
  };
}

/** Publishes the page of a sweep; answers the paths. */
export async function publishTrials(
  opened: OpenedSweep,
  store: Store,
  folder: Folder,
  { reports, root }: Submission,
): Promise<string[]> {
  const client = await sweepClient(store);
  const shorten = (path: string) =>
    path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  const read = moved(opened.read, folder.project, root);
  const data = await (await replay({ ...opened, read }, store)).data(reports, shorten);
  opened.folder.writeState(data);
  return await publishSweep(opened.read.sweep, data, client, reports);
}

/** With the paths of the project itself in the place of those of its copy: the page names them. */
function moved(read: OpenedSweep["read"], from: string, to: string): OpenedSweep["read"] {
  const there = (path: string) => path.startsWith(`${from}/`) ? to + path.slice(from.length) : path;
  const { sweep, base } = read;
  return {
    ...read,
    sweep: { ...sweep, path: there(sweep.path), base: there(sweep.base) },
    base: {
      ...base,
      path: there(base.path),
      stages: base.stages.map((stage) => ({ ...stage, module: there(stage.module) })),
    },
  };
}
