/** `submit FILE [NODE...]`: hands a run to Slurm and returns. */
import { commandOf } from "../executors/slurm/batch.ts";
import { SlurmError } from "../executors/slurm/call.ts";
import type { NodeId } from "../plan/plan.ts";
import { gitState, runId } from "../run/record.ts";
import { findNodes } from "./address.ts";
import { type Call, CommandError, has, UsageError, value, values } from "./command.ts";
import { datasetFolders, openPlan } from "./engine.ts";
import { projectRoot, shortPath, userPath, variable } from "./place.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { visibleLine } from "./text.ts";
import { Folder, type Submission } from "../submit/submission.ts";
import { type Asked, prepare, type Prepared, preview, submit as send } from "../submit/submit.ts";

export async function submit(call: Call): Promise<number> {
  await handIn(call, processTerminal());
  return 0;
}

/** Submits what the call names, and says so; null where there is nothing to do, or `--dry-run` asked for no more. */
export async function handIn(call: Call, terminal: Terminal): Promise<Folder | null> {
  const throttle = throttleOf(value(call, "jobs"));
  const { plan, store, statuses } = await openPlan(call);
  const root = projectRoot();
  const isPart = call.arguments.length > 1 || values(call, "set").length > 0;
  const when = new Date();
  const asked: Asked = {
    id: runId(when),
    when,
    by: variable("USER") ?? variable("LOGNAME"),
    command: ["deno", "task", ...call.words],
    overrides: values(call, "set"),
    root,
    reports: userPath(value(call, "reports") ?? `${root}/reports`),
    datasets: datasetFolders(root),
    lock: isPart ? "leave" : "keep",
    git: await gitState(root),
    forced: values(call, "force").flatMap((word) =>
      findNodes(plan, word).map(({ id }): NodeId => id)
    ),
    throttle,
  };
  const prepared = await slurmly(prepare(plan, await statuses(values(call, "force")), store));
  if (prepared.arrays.length === 0) {
    terminal.write("All results are there: nothing is submitted\n");
    return null;
  }
  if (has(call, "dry-run")) {
    for (const batch of preview(plan, store, asked, prepared)) {
      terminal.write(`${visibleLine(commandOf(batch).join(" "))}\n`);
    }
    return null;
  }
  const submission = await slurmly(send(plan, store, asked, prepared));
  const folder = Folder.of(store.root, submission.id);
  for (const line of submittedLines(submission, prepared, folder)) terminal.write(`${line}\n`);
  return folder;
}

function submittedLines({ id, arrays }: Submission, { hits }: Prepared, folder: Folder): string[] {
  const tasks = arrays.reduce((sum, array) => sum + array.tasks.length, 0);
  const nodes = arrays.flatMap((array) => array.tasks).flat().length;
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
  return [
    `submitted ${id}: ${count(nodes, "node")} in ${count(tasks, "task")} of ${
      count(arrays.length, "array")
    }${hits === 0 ? "" : `; ${count(hits, "result")} there already`}`,
    `  \`deno task watch\` follows it, \`deno task cancel\` ends it; logs: ${
      shortPath(`${folder.path}/logs`)
    }`,
  ];
}

/** Slurm's refusals are the user's business. */
export async function slurmly<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof SlurmError) throw new CommandError(error.message, error.help);
    throw error;
  }
}

function throttleOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const tasks = Number(text);
  if (!/^\d+$/.test(text) || tasks < 1 || tasks > 100_000) {
    throw new UsageError(`--jobs "${text}" is no number of tasks`, "give a whole number from 1");
  }
  return tasks;
}
