/** How jobs stand: one question to Slurm for all of them. */
import { call, SlurmError } from "./call.ts";

/** One task of an array. */
export interface TaskState {
  /** Id of the array. */
  readonly job: string;
  readonly task: number;
  /** Slurm's word: PENDING, RUNNING, COMPLETED, FAILED, OUT_OF_MEMORY ... */
  readonly state: string;
  /** Why it waits, or why it failed, in Slurm's word; "None" where it has none. */
  readonly reason: string;
  readonly exit: { readonly code: number; readonly signal: number };
  /** Nodes of the cluster that it has or had; empty: none yet. */
  readonly nodes: string;
}

/** States in which a task will do something yet. */
const ACTIVE = new Set([
  "PENDING",
  "RUNNING",
  "SUSPENDED",
  "COMPLETING",
  "CONFIGURING",
  "RESIZING",
  "REQUEUED",
  "REQUEUE_FED",
  "REQUEUE_HOLD",
  "SIGNALING",
  "SPECIAL_EXIT",
  "STAGE_OUT",
  "STOPPED",
  "RESV_DEL_HOLD",
]);

export function isActive({ state }: Pick<TaskState, "state">): boolean {
  return ACTIVE.has(state);
}

const ID = /^\d{1,12}$/;

/**
 * All tasks of these arrays that Slurm still knows; those that ended long ago come from its accounting, where
 * a cluster has one. @throws {SlurmError}
 */
export async function taskStates(jobs: readonly string[]): Promise<TaskState[]> {
  const ids = jobs.filter((job) => ID.test(job));
  if (ids.length === 0) return [];
  const found = await ask(ids);
  const known = new Set(found.map(({ job }) => job));
  const gone = ids.filter((id) => !known.has(id));
  return gone.length === 0 ? found : [...found, ...await remembered(gone)];
}

async function ask(ids: readonly string[]): Promise<TaskState[]> {
  const fields = ["ArrayJobID", "ArrayTaskID", "State", "Reason", "exit_code", "NodeList"];
  try {
    return parseQueue(
      await call("squeue", [
        "--noheader",
        "--array",
        "--states=all",
        `--jobs=${ids.join(",")}`,
        `--Format=${fields.map((field) => `${field}:|`).join(",")}`,
      ]),
    );
  } catch (error) {
    // So it is where the only id that was asked for is forgotten.
    if (error instanceof SlurmError && /nvalid job id/.test(error.message)) return [];
    throw error;
  }
}

/** Lines of `squeue` that are none of a task are left out. */
export function parseQueue(text: string): TaskState[] {
  return text.split("\n").flatMap((line) => {
    const [job = "", task = "", state = "", reason = "", exit = "", nodes = ""] = line.split("|")
      .map((part) => part.trim());
    if (!ID.test(job) || !ID.test(task)) return [];
    const status = Number(exit) || 0; // as wait() gives it
    return [{
      job,
      task: Number(task),
      state,
      reason,
      exit: { code: (status >> 8) & 0xff, signal: status & 0x7f },
      nodes,
    }];
  });
}

async function remembered(ids: readonly string[]): Promise<TaskState[]> {
  try {
    return parseAccounting(
      await call("sacct", [
        "--noheader",
        "--parsable2",
        "--allocations",
        "--array",
        `--jobs=${ids.join(",")}`,
        "--format=JobID,State,ExitCode,NodeList",
      ]),
    );
  } catch (error) {
    if (error instanceof SlurmError) return []; // most small clusters have no accounting
    throw error;
  }
}

/** Lines of `sacct`, e.g. "12_3|CANCELLED by 1000|0:15|n1". */
export function parseAccounting(text: string): TaskState[] {
  return text.split("\n").flatMap((line) => {
    const [id = "", state = "", exit = "", nodes = ""] = line.split("|");
    const [, job, task] = /^(\d{1,12})_(\d{1,12})$/.exec(id) ?? [];
    if (job === undefined || task === undefined) return [];
    const [code = 0, signal = 0] = exit.split(":").map(Number);
    return [{
      job,
      task: Number(task),
      state: state.split(" ")[0] ?? "",
      reason: "None",
      exit: { code, signal },
      nodes: nodes === "None assigned" ? "" : nodes,
    }];
  });
}

/** States in which a job has no process, though it may have one again. */
const WAITS = new Set(["PENDING", "REQUEUED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"]);

/** Whether a job may have processes now; null: Slurm cannot be asked. `job`: its own id, or `array_task`. */
export async function isRunning(job: string): Promise<boolean | null> {
  if (!/^\d{1,12}(?:_\d{1,12})?$/.test(job)) return false;
  try {
    const said = await call("squeue", [
      "--noheader",
      "--states=all",
      `--jobs=${job}`,
      "--format=%T",
    ]);
    return said.split("\n").map((line) => line.trim())
      .some((state) => isActive({ state }) && !WAITS.has(state));
  } catch (error) {
    if (!(error instanceof SlurmError)) throw error;
    return /nvalid job id/.test(error.message) ? false : null;
  }
}

/** Ends them, whatever they do. Those that have ended already are left alone. */
export async function cancelJobs(jobs: readonly string[]): Promise<void> {
  const ids = jobs.filter((job) => ID.test(job));
  if (ids.length > 0) await call("scancel", ["--quiet", ...ids]);
}

/** Ends a job and lets it begin again from the queue. */
export async function requeue(job: string): Promise<void> {
  await call("scontrol", ["requeue", job]);
}

/** The most tasks of one array, by the cluster's settings. */
export async function mostTasks(): Promise<number> {
  const said = await call("scontrol", ["show", "config"]);
  const size = Number(/^MaxArraySize\s*=\s*(\d{1,9})\s*$/m.exec(said)?.[1] ?? 1001);
  // The size is one more than the greatest number that a task may have.
  return Math.max(1, size - 1);
}
