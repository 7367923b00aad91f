/** `status`, `watch` and `cancel` of what was submitted. */
import { SlurmError } from "../executors/slurm/call.ts";
import { cancelJobs } from "../executors/slurm/jobs.ts";
import {
  type ArrayStanding,
  type Standing,
  standingOf,
  type SubmissionStanding,
} from "../submit/standing.ts";
import { Folder, LAST, submissionIds } from "../submit/submission.ts";
import { inColumns } from "./changes.ts";
import { type Call, has, UsageError } from "./command.ts";
import { openStoreOf } from "./store.ts";
import { shortPath } from "./place.ts";
import { Screen } from "./screen.ts";
import { slurmly } from "./submit.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { duration, visibleLine } from "./text.ts";

export async function status(call: Call): Promise<number> {
  const terminal = processTerminal();
  const standing = await slurmly(standingOf(find(call)));
  if (has(call, "json")) terminal.write(`${JSON.stringify(standing)}\n`);
  else for (const line of standingLines(standing, Date.now())) terminal.write(`${line}\n`);
  return 0;
}

export async function watch(call: Call): Promise<number> {
  return await follow(find(call), processTerminal());
}

export async function cancel(call: Call): Promise<number> {
  const folder = find(call);
  await slurmly(cancelJobs([...folder.jobs().values()]));
  processTerminal().write(
    `cancelled ${folder.read().id}: what is done stays; \`deno task submit\` goes on with the rest\n`,
  );
  return 0;
}

/** Milliseconds between two questions to Slurm: soon in the beginning, when one looks for mistakes, then rarely. */
const SOONEST = 2000, RAREST = 30_000;

/** Prints how a submission stands until nothing of it will run any more; answers the exit code. */
export async function follow(folder: Folder, terminal: Terminal): Promise<number> {
  const screen = terminal.live ? new Screen(terminal) : null;
  let last = "";
  let stop = () => {};
  const stopped = new Promise<"stop">((resolve) => stop = () => resolve("stop"));
  Deno.addSignalListener("SIGINT", stop);
  try {
    let standing = await slurmly(standingOf(folder));
    for (let pause = SOONEST;; pause = Math.min(RAREST, pause * 1.3)) {
      const lines = standingLines(standing, Date.now());
      // The first line tells the time: a log is written only when something else has changed.
      const text = lines.slice(1).join("\n");
      if (screen !== null) screen.draw([], lines);
      else if (text !== last) terminal.write(`${lines.join("\n")}\n`);
      last = text;
      if (standing.isOver) {
        screen?.close();
        if (screen !== null) terminal.write(`${lines.join("\n")}\n`);
        return standing.arrays.flatMap(({ tasks }) => tasks).every((one) => one.standing === "done")
          ? 0
          : 1;
      }
      const { promise, resolve } = Promise.withResolvers<"go">();
      const timer = setTimeout(() => resolve("go"), pause);
      const next = await Promise.race([promise, stopped]);
      clearTimeout(timer);
      if (next === "stop") {
        screen?.close();
        const { id } = standing.submission;
        terminal.write(
          `${id} goes on: \`deno task watch ${id}\` follows it again, \`deno task cancel ${id}\` ends it\n`,
        );
        return 130;
      }
      try {
        standing = await standingOf(folder);
      } catch (error) {
        // A controller is away for minutes now and then: what was submitted goes on, and so does this.
        if (!(error instanceof SlurmError)) throw error;
        terminal.complain(`${visibleLine(error.message)}; it is asked again\n`);
      }
    }
  } finally {
    screen?.close();
    Deno.removeSignalListener("SIGINT", stop);
  }
}

const STANDINGS: readonly Standing[] = [
  "pending",
  "running",
  "done",
  "failed",
  "blocked",
  "cancelled",
];
/** So many failures are shown whole. */
const MOST = 10;

/** `now` in milliseconds since 1970. */
export function standingLines(
  { submission, arrays, isOver }: SubmissionStanding,
  now: number,
): string[] {
  const age = duration(Math.max(0, now - new Date(submission.when).getTime()));
  const by = submission.by === null ? "" : ` by ${submission.by}`;
  const failures = arrays.flatMap(({ name, tasks }) =>
    tasks.flatMap(({ task, why, log }) => why === null ? [] : [{ name, task, why, log }])
  );
  return [
    `${submission.id}  ${shortPath(submission.config)}  submitted${by} ${age} ago${
      isOver ? "; it is over" : ""
    }`,
    ...inColumns([["array", "job", "tasks", ...STANDINGS, ""], ...arrays.map(rowOf)]),
    ...failures.slice(0, MOST).flatMap(({ name, task, why, log }) => [
      `failed: ${name} ${task}: ${why.message}`,
      `  help: ${why.help}`,
      `  log: ${shortPath(log)}`,
    ]),
    ...failures.length > MOST ? [`and ${failures.length - MOST} more failures`] : [],
  ].map(visibleLine);
}

function rowOf({ name, job, tasks }: ArrayStanding): string[] {
  const count = (standing: Standing) => {
    const found = tasks.filter((task) => task.standing === standing).length;
    return found === 0 ? "" : String(found);
  };
  const waits = new Set(tasks.flatMap((task) => task.waits ?? []));
  return [
    name === LAST ? "page" : name.replace("@", ""),
    job ?? "",
    String(tasks.length),
    ...STANDINGS.map(count),
    [...waits].join(", "),
  ];
}

/** The submission that is named, or the newest. */
function find(call: Call): Folder {
  const { root } = openStoreOf(call);
  const ids = submissionIds(root);
  const asked = call.arguments[0] ?? "";
  const [first, ...more] = asked === ""
    ? ids.slice(0, 1)
    : ids.filter((id) => id.startsWith(asked));
  if (first === undefined) {
    throw new UsageError(
      asked === "" ? "Nothing was submitted yet" : `There is no submission "${asked}"`,
      ids.length === 0
        ? "`deno task submit CONFIG` does it; --store names another store"
        : `there are: ${ids.slice(0, 8).join(", ")}`,
    );
  }
  if (more.length > 0) {
    throw new UsageError(
      `"${asked}" is the beginning of ${more.length + 1} submissions`,
      `say which: ${[first, ...more].slice(0, 8).join(", ")}`,
    );
  }
  return Folder.of(root, first);
}
