/** `submit FILE [NODE...]`: hands a run to Slurm and returns. */
import { commandOf } from "../executors/slurm/batch.ts";
import { SlurmError } from "../executors/slurm/call.ts";
import { statuses } from "../plan/fingerprint.ts";
import type { NodeId, Plan } from "../plan/plan.ts";
import { gitState, runId } from "../run/record.ts";
import { findNodes } from "./address.ts";
import { argument, type Call, CommandError, has, UsageError, value, values } from "./command.ts";
import {
  datasetFolders,
  openPlan,
  openSweepOf,
  reportsOf,
  type Store,
  trialsOf,
} from "./engine.ts";
import { projectRoot, shortPath, userPath, variable } from "./place.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { visibleLine } from "./text.ts";
import { limitsOf } from "../sweep/limits.ts";
import { Folder, type Submission } from "../submit/submission.ts";
import {
  type Asked,
  prepare,
  type Prepared,
  prepareSweep,
  preview,
  submit as send,
} from "../submit/submit.ts";

export async function submit(call: Call): Promise<number> {
  await handIn(call, processTerminal());
  return 0;
}

/** Submits what the call names, and says so; null where there is nothing to do, or `--dry-run` asked for no more. */
export async function handIn(call: Call, terminal: Terminal): Promise<Folder | null> {
  const { store, prepared, sweep, folders } = await slurmly(prepareCall(call));
  if (!prepared.isOpen) {
    terminal.write("All results are there: nothing is submitted\n");
    return null;
  }
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
    reports: reportsOf(call),
    datasets: datasetFolders(root),
    lock: isPart ? "leave" : "keep",
    git: await gitState(root),
    forced: sweep === null ? forcedOf(call, prepared.plan) : [],
    throttle: throttleOf(value(call, "jobs")),
    sweep,
    folders,
  };
  if (has(call, "dry-run")) {
    for (const batch of preview(store, asked, prepared)) {
      terminal.write(`${visibleLine(commandOf(batch).join(" "))}\n`);
    }
    return null;
  }
  const submission = await slurmly(send(store, asked, prepared));
  const folder = Folder.of(store.root, submission.id);
  for (const line of submittedLines(submission, prepared, folder)) terminal.write(`${line}\n`);
  return folder;
}

/** What is submitted, and of which sweep and folders. */
interface Ready {
  readonly store: Store;
  readonly prepared: Prepared;
  readonly sweep: Asked["sweep"];
  readonly folders: Asked["folders"];
}

/** What the call's file comes to: of a config its nodes, of a sweep what trials share and the trials. */
async function prepareCall(call: Call): Promise<Ready> {
  throttleOf(value(call, "jobs"));
  if (await isSweep(userPath(argument(call, 0)))) return await prepareTrials(call);
  const { plan, store, statuses } = await openPlan(call, true);
  const prepared = await prepare(plan, await statuses(values(call, "force")), store);
  return { store, prepared, sweep: null, folders: [] };
}

async function prepareTrials(call: Call): Promise<Ready> {
  if (values(call, "force").length > 0 || call.arguments.length > 1) {
    throw new UsageError(
      "A sweep takes no nodes, and no --force",
      "it does what is missing, and no more",
    );
  }
  const opened = await openSweepOf(call, true);
  try {
    const { read: { sweep, base }, store } = opened;
    if (sweep.asynchronous) {
      throw new UsageError(
        "A sweep with `asynchronous: true` cannot be submitted",
        "its trials depend on who decides while it runs; without it all tasks decide alike",
      );
    }
    for (const text of limitsOf(sweep)) processTerminal().complain(`note: ${visibleLine(text)}\n`);
    const files = [sweep.path, sweep.base, ...base.stages.map(({ module }) => module)].map(inside);
    const folders = new Set(files.map((path) => path.slice(0, path.lastIndexOf("/"))));
    const prepared = await prepareSweep(
      opened,
      (plan) => statuses(plan, store, new Set()),
      store,
    );
    return {
      store,
      prepared,
      sweep: { file: inside(sweep.path), trials: trialsOf(value(call, "trials")) },
      folders: [...folders],
    };
  } finally {
    await opened.close();
  }
}

/** From the project's folder. @throws {UsageError} where it lies elsewhere */
function inside(path: string): string {
  const root = projectRoot();
  if (path.startsWith(`${root}/`)) return path.slice(root.length + 1);
  throw new UsageError(
    `"${shortPath(path)}" lies outside of the project, of which a copy is submitted`,
    `move it into "${shortPath(root)}"`,
  );
}

/** What a sweep's file has, and no config. A file that cannot be read is told by who reads it next. */
async function isSweep(path: string): Promise<boolean> {
  try {
    return /^base *:/m.test(await Deno.readTextFile(path));
  } catch {
    return false;
  }
}

function forcedOf(call: Call, plan: Plan): NodeId[] {
  return values(call, "force").flatMap((word) => findNodes(plan, word).map(({ id }) => id));
}

function submittedLines({ id, arrays }: Submission, prepared: Prepared, folder: Folder): string[] {
  const { hits } = prepared;
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
  const work = arrays.flatMap(({ tasks }) => tasks).flat();
  const trials = work.filter((one) => typeof one === "number").length;
  const what = [
    ...work.length > trials ? [count(work.length - trials, "node")] : [],
    ...trials > 0 ? [count(trials, "trial")] : [],
  ].join(" and ");
  const tasksOf = (some: Submission["arrays"]) =>
    some.reduce((sum, array) => sum + array.tasks.length, 0);
  const tasks = tasksOf(arrays), meant = tasksOf(prepared.arrays);
  return [
    `submitted ${id}: ${what} in ${count(tasks, "task")} of ${count(arrays.length, "array")}${
      hits === 0 ? "" : `; ${count(hits, "result")} there already`
    }`,
    ...tasks === meant
      ? []
      : [`  the cluster does not take ${meant} tasks from you now: some do several cells`],
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
