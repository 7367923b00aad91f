/** `run CONFIG [NODE...]`: does what has changed, prints it, and publishes the report. */
import { type Call, has, UsageError, value, values } from "./command.ts";
import { openPlan } from "./engine.ts";
import { cores, shortPath } from "./place.ts";
import { choosePrinter } from "./printers.ts";
import { processTerminal } from "./terminal.ts";

export async function run(call: Call): Promise<number> {
  if (has(call, "dry-run")) return await (await import("./plan.ts")).plan(call);
  const jobs = jobsOf(value(call, "jobs"));
  const terminal = processTerminal();
  const opened = await openPlan(call);
  const printer = choosePrinter({
    terminal,
    describe: opened.describe,
    shorten: shortPath,
    debug: has(call, "debug"),
    now: () => performance.now(),
  }, { json: has(call, "json"), quiet: has(call, "quiet") });
  const interrupt = onInterrupt(() => printer.close());
  try {
    const { failed, interrupted } = await opened.run({
      jobs,
      force: values(call, "force"),
      keepGoing: has(call, "keep-going"),
      signal: interrupt.signal,
    }, printer.on);
    return interrupted ? 130 : failed ? 1 : 0;
  } finally {
    printer.close();
    interrupt.stop();
  }
}

/** Whole threads from 1; all cores where nothing is asked. */
export function jobsOf(text: string | undefined): number {
  if (text === undefined) return cores();
  const jobs = Number(text);
  if (!/^\d+$/.test(text) || jobs < 1 || jobs > 4096) {
    throw new UsageError(`--jobs "${text}" is no number of threads`, "give a whole number from 1");
  }
  return jobs;
}

/** The first signal asks the run to stop; a second one does not wait for it, after `last` was called. */
function onInterrupt(last: () => void): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  const handle = () => {
    if (controller.signal.aborted) {
      last();
      Deno.exit(130);
    }
    controller.abort();
  };
  for (const signal of signals) Deno.addSignalListener(signal, handle);
  return {
    signal: controller.signal,
    stop: () => {
      for (const signal of signals) Deno.removeSignalListener(signal, handle);
    },
  };
}
