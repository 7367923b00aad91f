/** `--executor slurm` of run and sweep: submits, and watches as `watch` does. */
import { type Call, has, UsageError, value } from "./command.ts";
import { suggest } from "../config/nearest.ts";
import { follow } from "./submission.ts";
import { handIn } from "./submit.ts";
import { processTerminal } from "./terminal.ts";

const EXECUTORS = ["local", "slurm"];

/**
 * The exit code of what ran on a cluster; null: this machine is asked, or has nothing left to run. `refused`: flags
 * that only a run on this machine has.
 */
export async function runElsewhere(
  call: Call,
  refused: readonly string[],
): Promise<number | null> {
  const name = value(call, "executor");
  if (name === undefined || name === "local") return null;
  if (name !== "slurm") {
    throw new UsageError(`There is no executor "${name}"`, suggest(name, EXECUTORS));
  }
  const flag = refused.find((one) => call.flags[one] !== undefined);
  if (flag !== undefined) {
    throw new UsageError(
      `--${flag} and --executor slurm do not go together`,
      "leave one of them out; when the cluster is done, the same command without --executor has only hits",
    );
  }
  const terminal = processTerminal();
  const folder = await handIn(call, terminal);
  if (folder !== null) return await follow(folder, terminal);
  return has(call, "dry-run") ? 0 : null;
}
