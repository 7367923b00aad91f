/** What `sbatch` is given: an array of tasks of one script. */
import type { Resources } from "../../config/config.ts";
import { call, SlurmError } from "./call.ts";

export interface Batch {
  readonly name: string;
  /** Absolute path of the script, and its arguments; a task's number is in its environment. */
  readonly script: string;
  readonly words: readonly string[];
  readonly tasks: number;
  /** So many at once at most; null: as many as Slurm gives. */
  readonly throttle: number | null;
  /** `aftercorr`: each task after the task of its number. */
  readonly after: readonly {
    readonly how: "afterok" | "aftercorr" | "afterany";
    readonly job: string;
  }[];
  /** Absolute path of the tasks' logs; `%a` stands for the number. */
  readonly log: string;
  /** The folder in which tasks start. */
  readonly folder: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** Milliseconds; null: what the partition gives. */
  readonly time: number | null;
  readonly resources: Resources;
}

/** The signal by which a task hears that its time is nearly over; SIGTERM would be anyone's. */
export const NEARLY_OVER: Deno.Signal = "SIGUSR1";
/** Seconds before the end at which it is sent; Slurm may be a minute early. */
const WARNING = 60;

const MINUTE = 60_000;
const MEBIBYTE = 1024 * 1024;

export function optionsOf(batch: Batch): string[] {
  const { resources, after, time } = batch;
  const minutes = time === null ? null : Math.ceil(time / MINUTE);
  const given = (name: string, value: string | number | null) =>
    value === null ? [] : [`--${name}=${value}`];
  const limit = batch.throttle === null ? "" : `%${batch.throttle}`;
  return [
    "--parsable",
    `--job-name=${batch.name}`,
    `--array=0-${batch.tasks - 1}${limit}`,
    ...after.length === 0
      ? []
      : [`--dependency=${after.map(({ how, job }) => `${how}:${job}`).join(",")}`],
    "--kill-on-invalid-dep=yes",
    `--output=${batch.log}`,
    "--open-mode=append",
    `--chdir=${batch.folder}`,
    "--requeue",
    // To the script alone: it tells its stages.
    ...minutes === null
      ? []
      : [`--signal=B:${NEARLY_OVER.slice(3)}@${Math.min(WARNING, minutes * 20)}`],
    `--cpus-per-task=${batch.cpus}`,
    ...memoryOf(batch),
    ...given("gpus", resources.gpus),
    ...given("time", minutes),
    ...given("partition", resources.partition),
    ...given("account", resources.account),
    ...resources.sbatch,
  ];
}

/** Some sites take memory by the CPU alone, and some by nothing. */
function memoryOf({ memory, cpus, resources }: Batch): string[] {
  switch (resources.memoryPer) {
    case "none":
      return [];
    case "cpu":
      return [`--mem-per-cpu=${Math.ceil(memory / cpus / MEBIBYTE)}M`];
    case "node":
    case null:
      return [`--mem=${Math.ceil(memory / MEBIBYTE)}M`];
    default:
      return resources.memoryPer satisfies never;
  }
}

/** All words of the command. */
export function commandOf(batch: Batch): string[] {
  return ["sbatch", ...optionsOf(batch), batch.script, ...batch.words];
}

/** Submits; answers the job's id. @throws {SlurmError} */
export async function sbatch(batch: Batch): Promise<string> {
  const [, ...args] = commandOf(batch);
  const said = await call("sbatch", args);
  // `--parsable` prints `id` or `id;cluster`.
  const id = /^(\d{1,12})(?:;|$)/m.exec(said)?.[1];
  if (id !== undefined) return id;
  throw new SlurmError(
    `sbatch answered no job's id: "${said.trim().slice(0, 200)}"`,
    "a wrapper of sbatch may print other words: try without it",
  );
}
