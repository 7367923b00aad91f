/** From what went wrong around a stage process to what the user reads. */
import { formatDuration } from "../config/units.ts";
import { ReplyError } from "../executors/output.ts";
import { PackagesError } from "../executors/packages.ts";
import { StoreError } from "../store/files.ts";
import { ObjectError } from "../store/info.ts";
import { OutputError } from "../tensor/declared.ts";
import { DamagedError } from "../tensor/files.ts";
import { OUT_OF_MEMORY } from "../host/protocol.ts";
import type { Failure } from "./event.ts";

export function tookTooLong(milliseconds: number): Failure {
  return {
    type: "timeout",
    message: `The stage took longer than ${formatDuration(milliseconds)}, which is all that it may`,
    help: "give it more by `resources: { time }` (of a sweep, by `timeout`), or let it do less; " +
      "a training goes on from its last checkpoint when it is run again",
  };
}

/** Why a process ended without an answer. */
export function endOf(status: Deno.CommandStatus, tail: string): Failure {
  if (/^.*\bFatal\b.*out of memory|Reached heap limit|^memory allocation of \d+/im.test(tail)) {
    return OUT_OF_MEMORY;
  }
  if (status.signal !== null) {
    return {
      type: "killed",
      message: `The stage process was killed by ${status.signal}`,
      ...(status.signal === "SIGKILL"
        ? { help: "the system does so when memory runs out: try fewer --jobs" }
        : {}),
    };
  }
  const error = tail.split("\n").map((line) => line.trim())
    .find((line) => /^error:/i.test(line));
  return {
    type: "exited",
    message: `The stage process ended with code ${status.code} and gave no result` +
      (error === undefined ? "" : `: ${error.replace(/^error:\s*/, "")}`),
  };
}

/** What went wrong outside of the stage process. */
export function ourFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
  if (error instanceof StoreError) return { type: "store", message, help: error.help, ...stack };
  if (error instanceof ReplyError) {
    return {
      type: "bad-output",
      message: `The stage process is not to be believed: ${message}`,
      ...stack,
    };
  }
  const isBadOutput = error instanceof ObjectError || error instanceof DamagedError ||
    error instanceof OutputError;
  if (isBadOutput) return { type: "bad-output", message, ...stack };
  if (error instanceof PackagesError) {
    return {
      type: "start",
      message,
      help: "`deno install` fetches what deno.lock names",
      ...stack,
    };
  }
  return { type: "start", message, ...stack };
}
