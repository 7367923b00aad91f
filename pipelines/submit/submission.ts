/**
 * What was submitted, and what its tasks say, as files that every node of a cluster sees:
 *
 *     <store>/submissions/<id>/submission.json   what, when, by whom: never changed
 *                              plan.json         the very plan
 *                              project/          the project's sources: an edit during the night changes nothing
 *                              jobs.json         array to the id that Slurm gave it
 *                              task.sh           what sbatch is given
 *                              tasks/            a record a task, written when it begins and when it ends
 *                              logs/             a log a task
 */
import type { Digest, NodeId, Plan } from "../plan/plan.ts";
import { sha256 } from "../store/canonical.ts";
import { namesIn, publishFile, readIfThere } from "../store/files.ts";
import type { RunRecord } from "../store/store.ts";

export type NodeResult = RunRecord["nodes"][number];

/** One array of a submission. */
export interface TaskArray {
  /** That of its first stage; of trials, see `trialsName`. */
  readonly name: string;
  /** Nodes of each task, those first that feed others; or numbers of a sweep's jobs. */
  readonly tasks: readonly (readonly (NodeId | number)[])[];
  /** Arrays before it; `aftercorr`: its task k needs their task k alone. */
  readonly after: readonly {
    readonly array: string;
    readonly how: "afterok" | "aftercorr" | "afterany";
  }[];
}

/** Of a sweep's `generation`-th array of trials, from 0. No stage is called so. */
export function trialsName(generation: number): string {
  return `@trials-${generation + 1}`;
}

export interface Submission {
  readonly version: 1;
  /** Also the id of the run that it becomes. */
  readonly id: string;
  /** Absolute path of the config, or of the sweep. */
  readonly config: string;
  /** In ISO 8601. */
  readonly when: string;
  readonly by: string | null;
  readonly command: readonly string[];
  readonly overrides: readonly string[];
  /** The folder of `deno.json`. */
  readonly root: string;
  readonly reports: string;
  readonly datasets: readonly string[];
  readonly lock: "keep" | "leave";
  readonly git: RunRecord["git"];
  readonly forced: readonly NodeId[];
  /** Null: no sweep. `file`: from the folder of deno.json. */
  readonly sweep: { readonly file: string; readonly trials: number | null } | null;
  /** SHA-256 of plan.json. */
  readonly plan: Digest;
  readonly arrays: readonly TaskArray[];
}

/** What a task says of itself. */
export interface TaskRecord {
  readonly version: 1;
  /** `stopped`: it was asked to end, and goes on when it begins again. */
  readonly state: "running" | "done" | "failed" | "stopped";
  /** The id of its job in Slurm; the one of the array is another. */
  readonly job: string | null;
  readonly host: string | null;
  readonly started: string;
  readonly milliseconds: number | null;
  readonly nodes: readonly NodeResult[];
  /** Why it failed, where no node says it. */
  readonly message?: string;
}

/** Name of the job that publishes what the others have made. No stage is called so. */
export const LAST = "@end";

export class SubmissionError extends Error {
  override readonly name = "SubmissionError";
  constructor(message: string, readonly help: string) {
    super(message);
  }
}

/** The files of one submission. */
export class Folder {
  /** `path`: absolute. */
  constructor(readonly path: string) {}

  static of(store: string, id: string): Folder {
    return new Folder(`${store}/submissions/${id}`);
  }

  /** The project as it was submitted. */
  get project(): string {
    return `${this.path}/project`;
  }
  get script(): string {
    return `${this.path}/task.sh`;
  }
  /** The logs of an array as sbatch takes them: `%a` stands for a task's number. */
  logs(array: string): string {
    return `${this.path.replaceAll("%", "%%")}/logs/${array}-%a.log`;
  }
  log(array: string, task: number): string {
    return `${this.path}/logs/${array}-${task}.log`;
  }

  async write(submission: Omit<Submission, "plan">, plan: Plan): Promise<Submission> {
    const text = JSON.stringify(plan);
    const whole = { ...submission, plan: await sha256(new TextEncoder().encode(text)) };
    publishFile(`${this.path}/plan.json`, text);
    publishFile(`${this.path}/submission.json`, `${JSON.stringify(whole, null, 1)}\n`);
    Deno.mkdirSync(`${this.path}/logs`, { recursive: true });
    Deno.mkdirSync(`${this.path}/tasks`, { recursive: true });
    return whole;
  }

  /** @throws {SubmissionError} where there is none, or none that can be read */
  read(): Submission {
    const found = parse(readIfThere(`${this.path}/submission.json`));
    if (isSubmission(found)) return found;
    throw new SubmissionError(
      `There is no submission in "${this.path}"`,
      "the folder must be seen by every node of the cluster; `deno task status` names those there are",
    );
  }

  /** The plan, as it was submitted. @throws {SubmissionError} where it is not what was written */
  async plan({ plan }: Submission): Promise<Plan> {
    const text = readIfThere(`${this.path}/plan.json`) ?? "";
    if (await sha256(new TextEncoder().encode(text)) === plan) return JSON.parse(text) as Plan; // what `write` wrote
    throw new SubmissionError(
      `The plan in "${this.path}" is not what was submitted`,
      "submit once more: what is done stays",
    );
  }

  writeJobs(jobs: Readonly<Record<string, string>>): void {
    publishFile(`${this.path}/jobs.json`, `${JSON.stringify(jobs)}\n`);
  }
  /** Array to Slurm's id, as far as they were submitted. */
  jobs(): ReadonlyMap<string, string> {
    const found = parse(readIfThere(`${this.path}/jobs.json`));
    return new Map(
      Object.entries(isMap(found) ? found : {}).flatMap(([array, id]) =>
        typeof id === "string" && /^\d{1,12}$/.test(id) ? [[array, id]] : []
      ),
    );
  }

  /** Where a task says how it stands. */
  taskPath(array: string, task: number): string {
    return `${this.path}/tasks/${array}-${task}.json`;
  }
  writeTask(array: string, task: number, record: TaskRecord): void {
    publishFile(this.taskPath(array, task), `${JSON.stringify(record)}\n`);
  }
  /** Null: it never began, or its record cannot be read. */
  task(array: string, task: number): TaskRecord | null {
    const found = parse(readIfThere(this.taskPath(array, task)));
    return isTask(found) ? found : null;
  }
}

/** Ids of all submissions of a store, newest first. */
export function submissionIds(store: string): string[] {
  return namesIn(`${store}/submissions`).filter((name) => /^[\w-]+$/.test(name)).reverse();
}

function parse(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // as good as none
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

const TEXTS = ["id", "config", "when", "root", "reports", "plan"];
const LISTS = ["command", "overrides", "datasets", "forced"];

function isSubmission(value: unknown): value is Submission {
  return isMap(value) && value["version"] === 1 &&
    TEXTS.every((key) => typeof value[key] === "string") &&
    LISTS.every((key) => isTexts(value[key])) &&
    (value["sweep"] === null ||
      (isMap(value["sweep"]) && typeof value["sweep"]["file"] === "string")) &&
    Array.isArray(value["arrays"]) &&
    value["arrays"].every((array: unknown) =>
      isMap(array) && typeof array["name"] === "string" && Array.isArray(array["after"]) &&
      Array.isArray(array["tasks"]) && array["tasks"].every(isWork)
    );
}

function isWork(task: unknown): boolean {
  return Array.isArray(task) &&
    task.every((one) => typeof one === "string" || Number.isSafeInteger(one));
}

const STATES = ["running", "done", "failed", "stopped"];

function isTask(value: unknown): value is TaskRecord {
  return isMap(value) && value["version"] === 1 && STATES.includes(String(value["state"])) &&
    Array.isArray(value["nodes"]) &&
    value["nodes"].every((node: unknown) =>
      isMap(node) && typeof node["node"] === "string" && typeof node["outcome"] === "string"
    );
}
