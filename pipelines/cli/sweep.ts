/** `sweep FILE`: tries what the file says, prints how it goes, and publishes the page. */
import type { SweepData } from "../report/sweep_data.ts";
import { pagesOf } from "../sweep/pages.ts";
import { type Call, CommandError, has, UsageError, value } from "./command.ts";
import { jobsOf } from "./cost.ts";
import { openSweepOf, reportsOf } from "./engine.ts";
import { onInterrupt } from "./interrupt.ts";
import { runAtEnd, summaryOf } from "./on_end.ts";
import { shortPath } from "./place.ts";
import { choosePrinter } from "./printers.ts";
import { processTerminal } from "./terminal.ts";
import { endLines } from "./sweep_lines.ts";

const HOUR = 3_600_000;

/** Flags that hold for this machine alone. */
const HERE = ["max-hours", "on-end", "export", "to", "json"];

export async function sweep(call: Call): Promise<number> {
  if (value(call, "executor") !== undefined) {
    const code = await (await import("./executor.ts")).runElsewhere(call, HERE);
    if (code !== null) return code;
  }
  const jobs = jobsOf(value(call, "jobs"));
  const hours = hoursOf(value(call, "max-hours"));
  const format = value(call, "export");
  if (format === undefined && value(call, "to") !== undefined) {
    throw new UsageError("--to is for --export alone");
  }
  const opened = await openSweepOf(call, format === undefined && !has(call, "dry-run"));
  try {
    if (format !== undefined) {
      return await (await import("./export_trials.ts")).exportTrials(call, opened, format);
    }
    if (has(call, "dry-run")) return await (await import("./sweep_plan.ts")).planSweep(opened);
    const terminal = processTerminal();
    const printer = choosePrinter({
      terminal,
      describe: opened.describe,
      shorten: shortPath,
      debug: has(call, "debug"),
      now: () => performance.now(),
      isSweep: true,
    }, { json: has(call, "json"), quiet: has(call, "quiet") });
    const interrupt = onInterrupt(() => printer.close());
    const limit = new AbortController();
    const timer = hours === null ? undefined : setTimeout(() => limit.abort(), hours * HOUR);
    const command = value(call, "on-end");
    try {
      const { data, isOver } = await opened.run({
        jobs,
        signal: AbortSignal.any([interrupt.signal, limit.signal]),
      }, printer.on);
      if (!has(call, "json")) {
        const config = pagesOf(opened.read.sweep, data, reportsOf(call))[1] ?? null;
        const lines = endLines(
          data,
          isOver,
          call.words,
          config === null ? null : shortPath(config),
        );
        for (const line of lines) terminal.write(`${line}\n`);
      }
      // Who interrupts it need not be told.
      if (interrupt.signal.aborted) return 130;
      if (command !== undefined) await runAtEnd(command, summaryOf(data, isOver));
      return codeOf(data);
    } catch (error) {
      if (command !== undefined && !(error instanceof CommandError)) {
        await runAtEnd(command, { error: error instanceof Error ? error.message : String(error) });
      }
      throw error;
    } finally {
      clearTimeout(timer);
      printer.close();
      interrupt.stop();
    }
  } finally {
    await opened.close();
  }
}

/** A night in which no trial has a metric has failed; a trial that failed is a result. */
function codeOf({ trials }: SweepData): number {
  const ended = trials.filter(({ state }) => state !== "running");
  return ended.length > 0 && ended.every(({ state }) => state === "failed") ? 1 : 0;
}

function hoursOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const hours = Number(text);
  // A timer holds 2^31 milliseconds: 24 days.
  if (text === "" || !(hours > 0 && hours <= 500)) {
    throw new UsageError(`--max-hours "${text}" is no time`, "give hours, at most 500, e.g. 12");
  }
  return hours;
}
