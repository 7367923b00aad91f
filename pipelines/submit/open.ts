/** Which submissions of a store are not over, so that what they use stays. */
import { isActive, taskStates } from "../executors/slurm/jobs.ts";
import { Folder, LAST, submissionIds } from "./submission.ts";

/** The id of one whose tasks may run yet; null: there is none. @throws {SlurmError} where nobody can say */
export async function openSubmission(store: string): Promise<string | null> {
  const jobs = new Map<string, string>();
  for (const id of submissionIds(store)) {
    const folder = Folder.of(store, id);
    if (folder.task(LAST, 0)?.state === "done") continue;
    for (const job of folder.jobs().values()) jobs.set(job, id);
  }
  const state = (await taskStates([...jobs.keys()])).find(isActive);
  return state === undefined ? null : jobs.get(state.job) ?? null;
}
