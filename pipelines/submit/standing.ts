/** How a submission stands: what Slurm says of its jobs, held beside what its tasks say of themselves. */
import { isActive, type TaskState, taskStates } from "../executors/slurm/jobs.ts";
import { LOG_TAIL, reasonOf, type Why } from "./reason.ts";
import { type Folder, LAST, type Submission } from "./submission.ts";

export type Standing = "pending" | "running" | "done" | "failed" | "blocked" | "cancelled";

export interface TaskStanding {
  readonly task: number;
  readonly standing: Standing;
  /** Why it waits, in Slurm's word, where it is more than its turn. */
  readonly waits: string | null;
  /** Of one that failed. */
  readonly why: Why | null;
  readonly log: string;
}

export interface ArrayStanding {
  readonly name: string;
  /** Slurm's id; null: it was not submitted. */
  readonly job: string | null;
  readonly tasks: readonly TaskStanding[];
}

export interface SubmissionStanding {
  readonly submission: Submission;
  readonly arrays: readonly ArrayStanding[];
  /** Nothing of it will run any more. */
  readonly isOver: boolean;
}

/** Asks Slurm once for all arrays. @throws {SubmissionError | SlurmError} */
export async function standingOf(folder: Folder): Promise<SubmissionStanding> {
  const submission = folder.read();
  const jobs = folder.jobs();
  const states = new Map(
    (await taskStates([...jobs.values()])).map((state) => [`${state.job}_${state.task}`, state]),
  );
  const arrays: ArrayStanding[] = [];
  for (const { name, tasks } of [...submission.arrays, { name: LAST, tasks: [[]] }]) {
    const job = jobs.get(name) ?? null;
    const standings: TaskStanding[] = [];
    for (const task of tasks.keys()) {
      const state = job === null ? null : states.get(`${job}_${task}`) ?? null;
      standings.push(await taskStanding(folder, name, task, state));
    }
    arrays.push({ name, job, tasks: standings });
  }
  const isOver = arrays.every(({ tasks }) =>
    tasks.every(({ standing }) => standing !== "pending" && standing !== "running")
  );
  return { submission, arrays, isOver };
}

async function taskStanding(
  folder: Folder,
  array: string,
  task: number,
  state: TaskState | null,
): Promise<TaskStanding> {
  const log = folder.log(array, task);
  const record = folder.task(array, task);
  const as = (standing: Standing, more: Partial<TaskStanding> = {}): TaskStanding => ({
    task,
    standing,
    waits: null,
    why: null,
    log,
    ...more,
  });
  if (state !== null && isActive(state) && record?.state !== "done") {
    if (state.state !== "PENDING") return as("running");
    const isTurn = ["None", "Priority", "Resources", "Dependency", "BeginTime", "JobArrayTaskLimit"]
      .includes(state.reason);
    return as("pending", { waits: isTurn ? null : state.reason });
  }
  if (record?.state === "done") return as("done");
  if (state?.reason === "DependencyNeverSatisfied") return as("blocked");
  if (state?.state.startsWith("CANCELLED") === true && !isCut(state)) return as("cancelled");
  // Slurm has forgotten it, and it never began.
  if (state === null && record === null) return as("blocked");
  return as("failed", { why: reasonOf(state, record, await tail(log)) });
}

/** Slurm says so, too, of what it ends itself. */
function isCut({ reason }: TaskState): boolean {
  return /Time|Memory|Node|Launch/.test(reason);
}

/** The end of a log; empty where there is none. */
async function tail(path: string): Promise<string> {
  try {
    using file = await Deno.open(path, { read: true });
    const { size } = await file.stat();
    await file.seek(Math.max(0, size - LOG_TAIL), Deno.SeekMode.Start);
    const bytes = new Uint8Array(LOG_TAIL);
    return new TextDecoder().decode(bytes.subarray(0, await file.read(bytes) ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
