/** Hands a plan to Slurm: one call of sbatch an array, and nothing that has to stay alive here. */
import { type Batch, sbatch } from "../executors/slurm/batch.ts";
import { cancelJobs, mostTasks } from "../executors/slurm/jobs.ts";
import { configName } from "../plan/fingerprint.ts";
import type { NodeId, NodeStatus, Plan } from "../plan/plan.ts";
import { removeQuietly } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import { arraysOf } from "./arrays.ts";
import { arrayNames, batchOf, scriptOf } from "./batches.ts";
import { Folder, type Submission } from "./submission.ts";

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
}

export interface Prepared {
  readonly arrays: Submission["arrays"];
  /** Nodes whose results are there. */
  readonly hits: number;
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
  if (todo.size === 0) return { arrays: [], hits: plan.nodes.length };
  const most = await mostTasks();
  const sizes = new Map<string, number>();
  for (const [stage, cells] of Map.groupBy(plan.nodes, (node) => node.stage)) {
    const ids = cells.flatMap(({ id }) => todo.has(id) ? [id] : []);
    const usual = await usualTime(plan, cells.map(({ id }) => id), store);
    const least = Math.ceil(ids.length / most);
    sizes.set(stage, Math.max(1, least, usual === null ? 1 : Math.floor(TASK / usual)));
  }
  const arrays = arraysOf(plan, todo, (stage) => sizes.get(stage) ?? 1);
  return { arrays, hits: plan.nodes.length - todo.size };
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
  return Math.max(1, times.reduce((sum, one) => sum + one, 0) / times.length);
}

/** What sbatch would be given, with names in the place of ids. */
export function preview(plan: Plan, store: Store, asked: Asked, prepared: Prepared): Batch[] {
  const submission = submissionOf(plan, asked, prepared);
  const folder = Folder.of(store.root, asked.id);
  const submitting = { submission, plan, folder, throttle: asked.throttle };
  return arrayNames(submission).map((name) => batchOf(submitting, name, (array) => `<${array}>`));
}

/**
 * Submits all of it. Where one array is refused those before it are cancelled, and nothing is left.
 *
 * @throws {SlurmError}
 */
export async function submit(
  plan: Plan,
  store: Store,
  asked: Asked,
  prepared: Prepared,
): Promise<Submission> {
  const folder = Folder.of(store.root, asked.id);
  const submission = await folder.write(submissionOf(plan, asked, prepared), plan);
  Deno.writeTextFileSync(folder.script, scriptOf(folder, asked.root, Deno.execPath()));
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
  plan: Plan,
  { throttle: _, when, ...asked }: Asked,
  { arrays }: Prepared,
): Omit<Submission, "plan"> {
  return {
    version: 1,
    ...asked,
    config: plan.config.path,
    when: when.toISOString(),
    arrays,
  };
}
