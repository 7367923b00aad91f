/** What one task of a submission does: its nodes, by the ordinary machinery, and a record of how they ended. */
import {
  configName,
  type Done,
  fingerprintOf,
  statuses,
  trajectoryOf,
} from "../plan/fingerprint.ts";
import { partOf } from "../plan/part.ts";
import { withLess } from "../plan/partial.ts";
import type { NodeId, Plan } from "../plan/plan.ts";
import type { Listener } from "../run/event.ts";
import { hold } from "../run/record.ts";
import { runPlan } from "../run/run.ts";
import { namesIn } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import {
  type Folder,
  LAST,
  type NodeResult,
  type Submission,
  SubmissionError,
  type TaskRecord,
} from "./submission.ts";

/** Where a task runs, by what Slurm says. */
export interface Around extends Pick<TaskRecord, "job" | "host"> {
  readonly jobs: number;
  /** Bytes. */
  readonly memory: number;
  /** Asks the task to end, so that it can go on later. */
  readonly signal: AbortSignal;
}

export interface TaskEnd {
  readonly state: TaskRecord["state"];
  /** It came further than it was when it began: another go is worth it. */
  readonly moved: boolean;
}

/** The nodes of one task, and what they need. */
export interface Work {
  readonly plan: Plan;
  /** Those that it does itself; what else is needed should be there. */
  readonly own: ReadonlySet<NodeId>;
  readonly retries: number;
  /** Nodes that failed in other tasks, which its own can do without. */
  readonly lost?: ReadonlySet<NodeId>;
  /** Called with how all of them ended, before the task's record says it. */
  ended(results: readonly NodeResult[]): Promise<void>;
}

/**
 * `work`: what the task of this number in this array is, found out once its record says that it runs.
 *
 * @throws {SubmissionError} where there is no such task
 */
export async function runTask(
  folder: Folder,
  store: Store,
  array: string,
  task: number,
  around: Around,
  listen: Listener,
  work: () => Promise<Work>,
): Promise<TaskEnd> {
  const submission = folder.read();
  const asked = array === LAST
    ? []
    : submission.arrays.find(({ name }) => name === array)?.tasks[task];
  if (asked === undefined) {
    throw new SubmissionError(
      `The submission ${submission.id} has no task ${task} of "${array}"`,
      "`deno task status` shows those it has",
    );
  }
  const before = folder.task(array, task);
  const started = new Date();
  const facts = {
    version: 1,
    job: around.job,
    host: around.host,
    started: started.toISOString(),
  } as const;
  folder.writeTask(array, task, { ...facts, state: "running", milliseconds: null, nodes: [] });
  const begun = mtimeOf(folder.taskPath(array, task)) ?? 0;
  const held = await hold(store, listen);
  try {
    const { plan, own, retries, lost, ended } = await work();
    const mine = await madeBy(submission.id, plan, own, store);
    const { nodes } = await runPlan(settle(plan, (id) => own.has(id) && !mine.has(id)), store, {
      id: submission.id,
      jobs: around.jobs,
      memory: () => Promise.resolve(around.memory),
      forced: new Set(submission.forced.filter((id) => own.has(id) && !mine.has(id))),
      goesOn: before !== null,
      keepGoing: true,
      ...lost === undefined ? {} : { partial: true, lost },
      retries,
      signal: around.signal,
      datasets: submission.datasets,
      rebuild: () =>
        Promise.reject(
          new SubmissionError("The code that was submitted is damaged", "submit once more"),
        ),
    }, listen);
    await ended(nodes);
    const results = nodes.filter(({ node }) => own.has(node));
    const isDone = results.every(({ outputs }) => outputs !== undefined);
    const state = isDone ? "done" : around.signal.aborted ? "stopped" : "failed";
    const milliseconds = Date.now() - started.getTime();
    folder.writeTask(array, task, { ...facts, state, milliseconds, nodes: results });
    return { state, moved: await hasMoved(plan, nodes, store, begun) };
  } finally {
    held?.close();
  }
}

/** The work of a task of nodes. @throws {SubmissionError} where the plan is not what was submitted */
export async function nodesWork(
  folder: Folder,
  submission: Submission,
  store: Store,
  work: readonly (NodeId | number)[],
): Promise<Work> {
  const ids = work.flatMap((one) => typeof one === "string" ? [one] : []);
  const plan = partOf(await folder.plan(submission), ids);
  const own = new Set(ids);
  const lost = await lostTo(plan, own, store);
  return { plan, own, retries: 0, lost, ended: () => Promise.resolve() };
}

/**
 * What other tasks should have made and have not, where this one's nodes can do without; none where they cannot: then
 * it is made here.
 */
async function lostTo(
  plan: Plan,
  own: ReadonlySet<NodeId>,
  store: Store,
): Promise<ReadonlySet<NodeId>> {
  const found = await statuses(settle(plan, () => false), store, new Set());
  const lost = new Set([...found].flatMap(([id, status]) => {
    const isDamaged = status.type === "miss" && status.reason.type === "output-missing";
    return own.has(id) || status.type === "hit" || isDamaged ? [] : [id];
  }));
  const canDo = plan.nodes.every((node) => !own.has(node.id) || withLess(node, lost) !== null);
  return canDo ? lost : new Set();
}

/** Says that a task that has ended failed as a whole. */
export function failTask(folder: Folder, array: string, task: number, message: string): void {
  const record = folder.task(array, task);
  if (record !== null) folder.writeTask(array, task, { ...record, state: "failed", message });
}

/** Nodes that a task of this submission has done before it had to begin again. */
async function madeBy(
  submission: string,
  plan: Plan,
  own: ReadonlySet<NodeId>,
  store: Store,
): Promise<ReadonlySet<NodeId>> {
  const found = new Set<NodeId>();
  for (const id of own) {
    const key = await store.lastKey(configName(plan), id);
    if (key !== null && store.readRecord(key)?.made.run === submission) found.add(id);
  }
  return found;
}

/**
 * The plan as one task does it. What `cache: false` says is for those that it does itself, once. How long a
 * node may take is what Slurm gives the task.
 */
function settle(plan: Plan, isToDo: (id: NodeId) => boolean): Plan {
  return {
    ...plan,
    nodes: plan.nodes.map((node) => ({
      ...node,
      cache: node.cache || !isToDo(node.id),
      resources: { ...node.resources, time: null },
    })),
  };
}

/** Whether a node was done, or a checkpoint written, since a file was written at `begun` on the same disk. */
async function hasMoved(
  plan: Plan,
  results: readonly NodeResult[],
  store: Store,
  begun: number,
): Promise<boolean> {
  if (results.some(({ outcome }) => outcome === "ran")) return true;
  const done: Done = new Map(
    results.flatMap(({ node, outputs }) => outputs === undefined ? [] : [[node, outputs]]),
  );
  for (const node of plan.nodes) {
    const feeds = Object.values(node.feeds).flat();
    if (done.has(node.id) || !feeds.every((feed) => done.has(feed.node))) continue;
    const { folder } = store.progress(await trajectoryOf(fingerprintOf(node, done), node));
    for (const name of namesIn(folder)) {
      if ((mtimeOf(`${folder}/${name}`) ?? 0) >= begun) return true;
    }
  }
  return false;
}

function mtimeOf(path: string): number | null {
  try {
    return Deno.statSync(path).mtime?.getTime() ?? null;
  } catch {
    return null; // another checkpoint has taken its place
  }
}
