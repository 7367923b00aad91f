/** What the last job of a submission does: the run's record, its page and its lock, of what the others made. */
import { statuses } from "../plan/fingerprint.ts";
import type { NodeId, Plan } from "../plan/plan.ts";
import type { Listener } from "../run/event.ts";
import { hold, keepRun } from "../run/record.ts";
import type { Store } from "../store/local.ts";
import {
  type Folder,
  LAST,
  type NodeResult,
  type Submission,
  type TaskRecord,
} from "./submission.ts";

/** @throws {SubmissionError} */
export async function finish(
  folder: Folder,
  store: Store,
  { job, host }: Pick<TaskRecord, "job" | "host">,
  listen: Listener,
): Promise<void> {
  const submission = folder.read();
  const plan = await folder.plan(submission);
  const started = new Date();
  const facts = { version: 1, job, host, started: started.toISOString(), nodes: [] } as const;
  folder.writeTask(LAST, 0, { ...facts, state: "running", milliseconds: null });
  const held = await hold(store, listen);
  try {
    const record = {
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
    } as const;
    await keepRun(plan, store, record, submission, listen);
    const milliseconds = Date.now() - started.getTime();
    folder.writeTask(LAST, 0, { ...facts, state: "done", milliseconds });
  } finally {
    held?.close();
  }
}

/** Each node as its task says; else as the store has it; else nothing could run it. */
async function resultsOf(
  folder: Folder,
  submission: Submission,
  plan: Plan,
  store: Store,
): Promise<NodeResult[]> {
  const told = new Map<NodeId, NodeResult>();
  for (const { name, tasks } of submission.arrays) {
    tasks.forEach((_, task) => {
      for (const result of folder.task(name, task)?.nodes ?? []) told.set(result.node, result);
    });
  }
  // What `cache: false` says was for the tasks.
  const kept = { ...plan, nodes: plan.nodes.map((node) => ({ ...node, cache: true })) };
  const found = await statuses(kept, store, new Set());
  return plan.nodes.map(({ id }) => {
    const result = told.get(id);
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
}
