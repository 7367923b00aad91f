/** What the last job of a submission does: the run's record, its page and its lock, of what the others made. */
import { statuses } from "../plan/fingerprint.ts";
import type { NodeId, Plan } from "../plan/plan.ts";
import type { Listener } from "../run/event.ts";
import { hold, keepRun } from "../run/record.ts";
import { removeQuietly } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import type { RunRecord } from "../store/store.ts";
import {
  type Folder,
  LAST,
  type NodeResult,
  type Submission,
  type TaskRecord,
} from "./submission.ts";

/** `pages`: publishes those of a sweep; null: it is none. @throws {SubmissionError} */
export async function finish(
  folder: Folder,
  store: Store,
  { job, host }: Pick<TaskRecord, "job" | "host">,
  listen: Listener,
  pages: (() => Promise<readonly string[]>) | null,
): Promise<void> {
  const submission = folder.read();
  const started = new Date();
  const before = folder.task(LAST, 0);
  const facts = {
    version: 1,
    job,
    host,
    started: started.toISOString(),
    nodes: before?.nodes ?? [],
  } as const;
  folder.writeTask(LAST, 0, { ...facts, state: "running", milliseconds: null });
  const plan = await folder.plan(submission);
  const held = await hold(store, listen);
  try {
    const record: RunRecord = {
      version: 1,
      id: submission.id,
      config: submission.config,
      command: submission.command,
      started: submission.when,
      milliseconds: Date.now() - new Date(submission.when).getTime(),
      git: submission.git,
      deno: Deno.version.deno,
      overrides: submission.overrides,
      nodes: await resultsOf(folder, submission, plan, store),
    };
    if (pages === null) await keepRun(plan, store, record, submission, listen);
    else {
      store.writeRun(record);
      for (const path of await pages()) listen({ type: "report-published", path });
    }
    const milliseconds = Date.now() - started.getTime();
    folder.writeTask(LAST, 0, { ...facts, state: "done", milliseconds });
  } finally {
    held?.close();
  }
  if (!mayGoOn(folder, submission)) removeQuietly(folder.project);
}

/** Whether a task was broken off, and needs the project's copy when it begins again. */
function mayGoOn(folder: Folder, { arrays }: Submission): boolean {
  return arrays.some(({ name, tasks }) =>
    tasks.some((_, task) => {
      const state = folder.task(name, task)?.state;
      return state === "running" || state === "stopped";
    })
  );
}

/** Each node as its task says; else as the store has it; else nothing could run it. */
async function resultsOf(
  folder: Folder,
  submission: Submission,
  plan: Plan,
  store: Store,
): Promise<NodeResult[]> {
  const told = new Map<NodeId, NodeResult>();
  for (const { name, tasks } of [...submission.arrays, { name: LAST, tasks: [[]] }]) {
    tasks.forEach((_, task) => {
      for (const result of folder.task(name, task)?.nodes ?? []) told.set(result.node, result);
    });
  }
  // What `cache: false` says was for the tasks.
  const kept = { ...plan, nodes: plan.nodes.map((node) => ({ ...node, cache: true })) };
  const found = await statuses(kept, store, new Set());
  const planned = plan.nodes.map(({ id }): NodeResult => {
    const result = told.get(id);
    told.delete(id);
    if (result !== undefined) return result;
    const status = found.get(id);
    if (status?.type !== "hit") {
      const key = status?.type === "miss" ? status.key : null;
      return { node: id, key, outcome: "blocked", milliseconds: 0 };
    }
    const outputs = store.readRecord(status.key)?.outputs;
    return {
      node: id,
      key: status.key,
      outcome: "hit",
      milliseconds: 0,
      ...outputs === undefined ? {} : { outputs },
    };
  });
  // Trials are decided as it goes.
  return [...planned, ...told.values()];
}
