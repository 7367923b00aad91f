/** `task FOLDER ARRAY`: one task of a submission, which Slurm calls. Idempotent: it does what is missing. */
import { NEARLY_OVER } from "../executors/slurm/batch.ts";
import { SlurmError } from "../executors/slurm/call.ts";
import { requeue } from "../executors/slurm/jobs.ts";
import { describeReason } from "../plan/compare.ts";
import { finish } from "../submit/finish.ts";
import { Folder, LAST } from "../submit/submission.ts";
import { type Around, failTask, nodesWork, runTask, type TaskEnd } from "../submit/task.ts";
import { argument, type Call, UsageError } from "./command.ts";
import { projectOf } from "./engine.ts";
import { shortPath, userPath, variable } from "./place.ts";
import { choosePrinter } from "./printers.ts";
import { holdStore, openStoreAt } from "./store.ts";
import { processTerminal } from "./terminal.ts";

/** Exit code of a task that was asked to end; Slurm knows by itself what follows. */
const STOPPED = 75;

export async function task(call: Call): Promise<number> {
  const folder = new Folder(userPath(argument(call, 0)));
  const array = argument(call, 1);
  const number = Number(variable("SLURM_ARRAY_TASK_ID") ?? "none");
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new UsageError("SLURM_ARRAY_TASK_ID is no number", "this is a command for Slurm's tasks");
  }
  const terminal = processTerminal();
  const printer = choosePrinter({
    terminal,
    describe: describeReason,
    shorten: shortPath,
    debug: true,
    now: () => performance.now(),
  }, { json: false, quiet: false });
  const stop = new AbortController();
  let isTimeOver = false;
  const end = () => stop.abort();
  const timeOver = () => {
    isTimeOver = true;
    end();
  };
  Deno.addSignalListener("SIGTERM", end);
  Deno.addSignalListener("SIGINT", end);
  Deno.addSignalListener(NEARLY_OVER, timeOver);
  const around = {
    job: variable("SLURM_JOB_ID"),
    host: variable("SLURMD_NODENAME"),
    jobs: numberOf("SLURM_CPUS_PER_TASK") ?? 1,
    memory: (numberOf("SLURM_MEM_PER_NODE") ?? Infinity) * 1024 * 1024,
    signal: stop.signal,
  };
  try {
    const { state, moved } = await doTask(folder, array, number, around, printer.on);
    if (state === "done") return 0;
    if (state === "failed") return 1;
    if (!isTimeOver || around.job === null) return STOPPED;
    if (!moved) {
      failTask(folder, array, number, "Its time was over before it had come further");
      return 1;
    }
    terminal.write("Its time is nearly over: it goes on in a new job\n");
    try {
      await requeue(around.job);
    } catch (error) {
      if (!(error instanceof SlurmError)) throw error;
      failTask(folder, array, number, `It could not be begun again: ${error.message}`);
      return 1;
    }
    return STOPPED;
  } finally {
    printer.close();
  }
}

async function doTask(
  folder: Folder,
  array: string,
  number: number,
  around: Around,
  listen: Parameters<typeof runTask>[5],
): Promise<TaskEnd> {
  const store = openStoreAt(folder.path.replace(/\/submissions\/[^/]+$/, ""));
  await holdStore(store, ["task", array, `${number}`]);
  const submission = folder.read();
  const own = submission.arrays.find(({ name }) => name === array)?.tasks[number] ?? [];
  const run = (work: Parameters<typeof runTask>[6]) =>
    runTask(folder, store, array, number, around, listen, work);
  if (submission.sweep === null || own.some((one) => typeof one === "string")) {
    if (array !== LAST) return await run(() => nodesWork(folder, submission, store, own));
    await finish(folder, store, around, listen, null);
    return { state: "done", moved: true };
  }
  const [{ openSweep }, { publishTrials, trialsWork, winnerWork }] = await Promise.all([
    import("../sweep/open.ts"),
    import("../submit/trials.ts"),
  ]);
  const { sweep: { file, trials }, overrides } = submission;
  const asked = { path: `${folder.project}/${file}`, overrides, trials };
  const opened = await openSweep(asked, projectOf(folder.project), store);
  try {
    if (array !== LAST) return await run(() => trialsWork(opened, store, own));
    const end = await run(() => winnerWork(opened, store));
    if (end.state === "stopped") return end;
    await finish(
      folder,
      store,
      around,
      listen,
      () => publishTrials(opened, store, folder, submission),
    );
    return { state: "done", moved: true };
  } finally {
    await opened.close();
  }
}

function numberOf(name: string): number | null {
  const value = Number(variable(name) ?? "");
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}
