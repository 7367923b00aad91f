/** What sbatch is given for each array of a submission. */
import type { Batch } from "../executors/slurm/batch.ts";
import { NO_RESOURCES, type Resources } from "../config/config.ts";
import type { Digest, Node, Plan } from "../plan/plan.ts";
import { CONTENT } from "./content.ts";
import { type Folder, LAST, type Submission } from "./submission.ts";

/** Bytes that a task takes beside what its stage says that it needs: the engine, and Deno in the stage process. */
const ENGINE = 512 * 1024 * 1024;

/** Permissions of a task's command: those of `deno task run`. */
const RIGHTS = [
  "--allow-read",
  "--allow-write",
  "--allow-run",
  "--allow-env",
  "--allow-sys=systemMemoryInfo,statfs,hostname",
];

export interface Submitting {
  readonly submission: Pick<Submission, "arrays">;
  readonly plan: Plan;
  readonly folder: Folder;
  /** Tasks of one array at once; null: as many as Slurm gives. */
  readonly throttle: number | null;
}

/** Arrays in the order in which they are submitted, the publishing job last. `job`: the id of an array before it. */
export function batchOf(
  { submission, plan, folder, throttle }: Submitting,
  name: string,
  job: (array: string) => string,
): Batch {
  const array = submission.arrays.find((one) => one.name === name);
  const common = {
    name: `crisol-${plan.config.name}-${name.replace("@", "")}`,
    script: folder.script,
    words: [name],
    log: folder.logs(name),
    folder: folder.path,
  };
  // A job of a sweep is about as the baseline, which is in the plan.
  const likely = plan.nodes.filter(({ cell }) => cell["trial"] !== undefined);
  if (array === undefined) {
    return {
      ...common,
      tasks: 1,
      throttle: null,
      // Whatever became of them: what is done is published.
      after: submission.arrays.map((one) => ({ how: "afterany", job: job(one.name) })),
      cpus: 1,
      // The winner of a sweep is tested by it.
      memory: Math.max(0, ...likely.map(({ memory }) => memory)) + ENGINE,
      time: null,
      resources: placeOf(plan),
    };
  }
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  const tasks = array.tasks.map((task) =>
    task.flatMap((one) => typeof one === "number" ? likely : nodes.get(one) ?? [])
  );
  const all = tasks.flat();
  return {
    ...common,
    tasks: tasks.length,
    throttle: throttle !== null && throttle < tasks.length ? throttle : null,
    after: array.after.map((one) => ({ how: one.how, job: job(one.array) })),
    cpus: Math.max(...all.map(cpusOf)),
    memory: Math.max(...all.map(({ memory }) => memory)) + ENGINE,
    time: timeOf(tasks),
    resources: all[0]?.resources ?? NO_RESOURCES,
  };
}

export function arrayNames({ arrays }: Pick<Submission, "arrays">): string[] {
  return [...arrays.map(({ name }) => name), LAST];
}

/** What a stage can use where the config does not say; one, where it could use all. */
function cpusOf({ resources, threads }: Node): number {
  return resources.cpus ?? (threads === "all" ? 1 : threads);
}

/** The sum of a task's nodes, the most of all tasks; null where one of them has no end. */
function timeOf(tasks: readonly (readonly Node[])[]): number | null {
  const times = tasks.map((task) =>
    task.reduce((sum, { resources }) => sum + (resources.time ?? Infinity), 0)
  );
  const most = Math.max(...times);
  return Number.isFinite(most) ? most : null;
}

/** Where the publishing job runs: where the last stage does, without its GPUs. */
function placeOf(plan: Plan): Resources {
  return { ...plan.config.stages.at(-1)?.resources ?? NO_RESOURCES, gpus: null };
}

/**
 * What each task runs. Slurm copies it when it is submitted, so that it says what is wrong where a node does
 * not see the store, and where the submission in it was changed. `content`: what it was when it was submitted.
 */
export function scriptOf(folder: Folder, content: Digest, deno: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  return `#!/bin/sh
# Made by \`deno task submit\`: one task, by its array's name and SLURM_ARRAY_TASK_ID.
folder=${quoted(folder.path)}
deno=${quoted(deno)}
lacks() {
  echo "crisol: the node \${SLURMD_NODENAME:-$(hostname)} does not see $1 \\"$2\\": $3" >&2
  exit ${NOT_SHARED}
}
[ -r "$folder/submission.json" ] ||
  lacks "the submission" "$folder" "the store must lie in a folder that all nodes share"
[ -x "$deno" ] ||
  lacks "Deno" "$deno" "install it where all nodes see it"
content=$(cd "$folder" && ${CONTENT}) || content=none
if [ "\${content%% *}" != ${content} ]; then
  echo "crisol: error: what was submitted in \"$folder\" was changed since: submit it once more" >&2
  exit ${CHANGED}
fi
exec "$deno" run --quiet --no-prompt ${RIGHTS.join(" ")} \\
  "$folder/project/pipelines/main.ts" task "$folder" "$1"
`;
}

/** Exit code of a task on a node that does not see what it needs. */
export const NOT_SHARED = 66;
/** Exit code of a task whose submission is not what it was. */
const CHANGED = 65;
