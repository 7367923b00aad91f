/** Hands a plan to Slurm: one call of sbatch an array, and nothing that has to stay alive here. */
import { type Batch, sbatch } from "../executors/slurm/batch.ts";
import { SlurmError } from "../executors/slurm/call.ts";
import { cancelJobs, mostTasks } from "../executors/slurm/jobs.ts";
import { configName } from "../plan/fingerprint.ts";
import type { Node, NodeId, NodeStatus, Plan } from "../plan/plan.ts";
import { removeQuietly } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import { emptyPlan, type OpenedSweep } from "../sweep/open.ts";
import { replay } from "../sweep/replay.ts";
import { baselineOf } from "../sweep/trials.ts";
import { arraysOf, chunks } from "./arrays.ts";
import { arrayNames, batchOf, scriptOf } from "./batches.ts";
import { contentOf } from "./content.ts";
import { generationsOf } from "./decide.ts";
import { copyProject } from "./snapshot.ts";
import { Folder, type Submission, type TaskArray, trialsName } from "./submission.ts";

/** A task of short stages is to take about so many milliseconds. */
const TASK = 10 * 60_000;
/** Of so many cells of a stage the time is looked up. */
const SAMPLE = 50;

export interface Asked
  extends Omit<Submission, "version" | "id" | "config" | "when" | "plan" | "arrays"> {
  readonly id: string;
  readonly when: Date;
  /** Tasks of one array at once; null: as many as Slurm gives. */
  readonly throttle: number | null;
  /** Folders of the project that hold configs and their stages, from `root`. */
  readonly folders: readonly string[];
}

export interface Prepared {
  readonly plan: Plan;
  readonly arrays: readonly TaskArray[];
  /** Nodes, or trials, whose results are there. */
  readonly hits: number;
  /** The same with so many tasks an array at most. */
  readonly pack: (most: number) => readonly TaskArray[];
  /** False: nothing is to be done, not even a page. */
  readonly isOpen: boolean;
}

/** What would be submitted. @throws {SlurmError} where the cluster cannot be asked */
export async function prepare(
  plan: Plan,
  statuses: ReadonlyMap<NodeId, NodeStatus>,
  store: Store,
): Promise<Prepared> {
  const todo = new Set(
    plan.nodes.flatMap(({ id }) => statuses.get(id)?.type === "hit" ? [] : [id]),
  );
  const hits = plan.nodes.length - todo.size;
  if (todo.size === 0) return { plan, arrays: [], hits, pack: () => [], isOpen: false };
  const limit = await mostTasks();
  const stages = new Map<string, (most: number) => number>();
  for (const [stage, cells] of Map.groupBy(plan.nodes, (node) => node.stage)) {
    const count = cells.filter(({ id }) => todo.has(id)).length;
    const usual = await usualTime(plan, cells.map(({ id }) => id), store);
    stages.set(stage, (most) => sizeOf(count, usual, Math.min(most, tasksOf(cells))));
  }
  const pack = (most: number) => arraysOf(plan, todo, (stage) => stages.get(stage)?.(most) ?? 1);
  return { plan, arrays: pack(limit), hits, pack, isOpen: true };
}

/**
 * A sweep: what all trials share and the baseline as nodes, then an array for each generation of trials.
 *
 * @throws {SlurmError}
 */
export async function prepareSweep(
  opened: OpenedSweep,
  statusesOf: (plan: Plan) => Promise<ReadonlyMap<NodeId, NodeStatus>>,
  store: Store,
): Promise<Prepared> {
  const { planner, read, strategy } = opened;
  const [base] = await planner.plan([baselineOf(read.sweep)]);
  // Opening has planned it already.
  if (base === undefined || "problem" in base) throw new Error("The baseline cannot be planned");
  const plan = { ...emptyPlan(read), nodes: base.nodes };
  const statuses = await statusesOf(plan);
  const todo = plan.nodes.filter(({ id }) => statuses.get(id)?.type !== "hit");
  const ids = (nodes: readonly Node[]) => new Set(nodes.map(({ id }) => id));
  const isShared = ({ cell }: Node) => cell["trial"] === undefined;
  const { ledger, tested, facts } = await replay(opened, store);
  const done = ledger.entries.filter(({ result }) => result.type === "done");
  const isDone = new Set(done.map(({ job }) => job.number));
  const isJob = new Set(ledger.entries.map(({ job }) => job.number));
  const times = done.map(({ planned }) =>
    planned === null || "problem" in planned ? 0 : planned.nodes
      .filter((node) => !isShared(node))
      .reduce((sum, { id }) => sum + (facts.get(id)?.took ?? 0), 0)
  );
  const usual = times.length === 0 ? null : times.reduce((sum, one) => sum + one, 0) / times.length;
  const generations = generationsOf(strategy).flatMap(({ from, to }, generation) => {
    const numbers = Array.from({ length: to - from }, (_, index) => from + index)
      .filter((number) => !isDone.has(number) && (!ledger.isOver || isJob.has(number)));
    return numbers.length === 0 ? [] : [{ name: trialsName(generation), numbers }];
  });
  const limit = todo.length + generations.length === 0 ? 1 : await mostTasks();
  const trials = plan.nodes.filter((node) => !isShared(node));
  const arraysFor = (nodes: readonly Node[], most: number) =>
    arraysOf(plan, ids(nodes), (stage) => {
      const cells = nodes.filter((node) => node.stage === stage);
      return sizeOf(cells.length, null, Math.min(most, tasksOf(cells)));
    });
  const pack = (most: number) => {
    // Apart, so that no trial waits for the baseline.
    const shared = arraysFor(todo.filter(isShared), most);
    const before: TaskArray["after"] = shared.map(({ name }) => ({ array: name, how: "afterok" }));
    const baseline = arraysFor(todo.filter((node) => !isShared(node)), most)
      .map((array) => ({ ...array, after: [...before, ...array.after] }));
    const arrays: TaskArray[] = [...shared, ...baseline];
    let previous: TaskArray["after"] = [];
    for (const { name, numbers } of generations) {
      const size = sizeOf(numbers.length, usual, Math.min(most, tasksOf(trials)));
      arrays.push({ name, tasks: chunks(numbers, size), after: [...before, ...previous] });
      previous = [{ array: name, how: "afterany" }];
    }
    return arrays;
  };
  const arrays = pack(limit);
  const isOpen = arrays.length > 0 || tested?.result.type === "pending";
  return { plan, arrays, hits: done.length, pack, isOpen };
}

/** The most tasks of one array, by the config. */
function tasksOf(nodes: readonly Node[]): number {
  return Math.min(...nodes.map(({ resources }) => resources.tasks ?? Infinity));
}

/** Cells of a task, by what each takes in milliseconds; null: nothing is known. */
function sizeOf(count: number, usual: number | null, most: number): number {
  const least = Math.ceil(count / most);
  return Math.max(1, least, usual === null ? 1 : Math.floor(TASK / Math.max(1, usual)));
}

/** What cells of a stage took on average when they were last done, in milliseconds; null: nothing is known. */
async function usualTime(
  plan: Plan,
  cells: readonly NodeId[],
  store: Store,
): Promise<number | null> {
  const times: number[] = [];
  for (const id of cells.slice(0, SAMPLE)) {
    const key = await store.lastKey(configName(plan), id);
    const record = key === null ? null : store.readRecord(key);
    if (record !== null) times.push(record.made.milliseconds);
  }
  if (times.length === 0) return null;
  return times.reduce((sum, one) => sum + one, 0) / times.length;
}

/** What sbatch would be given, with names in the place of ids. */
export function preview(store: Store, asked: Asked, prepared: Prepared): Batch[] {
  const { plan } = prepared;
  const submission = submissionOf(asked, prepared);
  const folder = Folder.of(store.root, asked.id);
  const submitting = { submission, plan, folder, throttle: asked.throttle };
  return arrayNames(submission).map((name) => batchOf(submitting, name, (array) => `<${array}>`));
}

/**
 * Submits all of it. A cluster may take fewer tasks than it says, of all arrays or of this user: then a task does more
 * cells, until it fits.
 *
 * @throws {SlurmError}
 */
export async function submit(
  store: Store,
  asked: Asked,
  prepared: Prepared,
): Promise<Submission> {
  let arrays = prepared.arrays;
  for (let most = Math.max(1, ...arrays.map(({ tasks }) => tasks.length));;) {
    try {
      return await submitOnce(store, asked, { ...prepared, arrays });
    } catch (error) {
      if (!(error instanceof SlurmError) || !error.isTooMany || most === 1) throw error;
      most = Math.ceil(most / 2);
      arrays = prepared.pack(most);
    }
  }
}

/** Where one array is refused those before it are cancelled, and nothing is left. */
async function submitOnce(
  store: Store,
  asked: Asked,
  prepared: Prepared,
): Promise<Submission> {
  const folder = Folder.of(store.root, asked.id);
  copyProject(asked.root, folder.project, asked.folders);
  const { plan } = prepared;
  const submission = await folder.write(submissionOf(asked, prepared), plan);
  const script = scriptOf(folder, await contentOf(folder.path), Deno.execPath());
  Deno.writeTextFileSync(folder.script, script);
  const submitting = { submission, plan, folder, throttle: asked.throttle };
  const jobs: Record<string, string> = {};
  try {
    for (const name of arrayNames(submission)) {
      // Each is one of those before it.
      jobs[name] = await sbatch(batchOf(submitting, name, (array) => jobs[array] ?? ""));
      folder.writeJobs(jobs);
    }
  } catch (error) {
    await cancelJobs(Object.values(jobs)).catch(() => {}); // what was wrong is said
    removeQuietly(folder.path);
    throw error;
  }
  return submission;
}

function submissionOf(
  { throttle: _, folders: __, when, ...asked }: Asked,
  { plan, arrays }: Prepared,
): Omit<Submission, "plan"> {
  return {
    version: 1,
    ...asked,
    config: plan.config.path,
    when: when.toISOString(),
    arrays,
  };
}
