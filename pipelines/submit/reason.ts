/** Why a task failed: from its own record, Slurm's word, or the last lines of its log. */
import type { TaskState } from "../executors/slurm/jobs.ts";
import { NOT_SHARED } from "./batches.ts";
import type { TaskRecord } from "./submission.ts";

export interface Why {
  readonly message: string;
  readonly help: string;
}

/** Bytes of a log's end that are looked at. */
export const LOG_TAIL = 16 * 1024;

/** The signal by which Slurm says that a task's log could not be opened. */
const NO_LOG = 53;

const MEMORY: Why = {
  message: "It needed more memory than it was given, and the cluster ended it",
  help: "give its stage more: `resources: { memory }`",
};
const NODE: Why = {
  message: "A node of the cluster failed while it ran, and it was not begun again",
  help: "submit once more: what is done stays, a training goes on from its checkpoint",
};
const TIME: Why = {
  message: "Its time was over before it had come further",
  help: "give its stage more: `resources: { time }`, or a partition that allows more",
};

/** States by Slurm's word, and what Slurm writes into a log where the state is forgotten. */
const WORDS: readonly (readonly [state: RegExp, log: RegExp, why: Why])[] = [
  [
    /^OUT_OF_MEMORY$|OutOfMemory/,
    /slurmstepd\S*: error: .*(?:oom.kill|exceeded (?:job )?memory limit)/i,
    MEMORY,
  ],
  [/^NODE_FAIL$|NodeDown|NodeFail/, /slurmstepd\S*: error: .*DUE TO NODE FAILURE/, NODE],
  [/^TIMEOUT$|^DEADLINE$|TimeLimit/, /slurmstepd\S*: error: .*DUE TO TIME LIMIT/, TIME],
];

/** `state`: null where Slurm knows nothing of it any more. `log`: the end of it. */
export function reasonOf(state: TaskState | null, record: TaskRecord | null, log: string): Why {
  const bad = record?.nodes.filter(({ outcome }) => outcome === "failed") ?? [];
  const [first] = bad;
  if (first !== undefined) {
    const more = bad.length > 1 ? `, and ${bad.length - 1} more nodes failed` : "";
    return {
      message: `${first.node}: ${(first.message ?? "failed").split("\n")[0]}${more}`,
      help: first.log === undefined ? "see its log" : `its own log: ${first.log}`,
    };
  }
  if (record?.message !== undefined) return { message: record.message, help: "see its log" };
  const word = [state?.state, state?.reason].filter((one) => one && one !== "None").join(" ");
  const said = WORDS.find(([is]) => word.split(" ").some((part) => is.test(part))) ??
    WORDS.find(([, writes]) => writes.test(log));
  if (said !== undefined) return said[2];
  const shared = /^crisol: (the node .*)$/m.exec(log)?.[1];
  if (state?.exit.signal === NO_LOG || state?.exit.code === NOT_SHARED || shared !== undefined) {
    return {
      message: shared ??
        `The node ${
          state?.nodes || "that it was sent to"
        } could not write its log: it does not see the store`,
      help: "put the store where all nodes see it: `--store`, a folder on NFS or Lustre",
    };
  }
  if (state !== null && state.exit.signal > 0) {
    return {
      message: `It was killed by signal ${state.exit.signal}`,
      help: "where nobody did it, memory ran out: give its stage more by `resources: { memory }`",
    };
  }
  const error = log.split("\n").findLast((line) => /\berror\b/i.test(line))?.trim().slice(0, 300);
  return {
    message: error ?? `It ended without a word${word === "" ? "" : `: Slurm says ${word}`}`,
    help: "see its log; `deno task submit` once more goes on with what is done",
  };
}
