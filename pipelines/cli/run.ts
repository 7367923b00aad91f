/** `run CONFIG [NODE...]`: does what has changed, prints it, and publishes the report. */
import { type Call, has, UsageError, value, values } from "./command.ts";
import { checkRoom, jobsOf } from "./cost.ts";
import { openPlan } from "./engine.ts";
import { openStoreAt } from "./store.ts";
import { onInterrupt } from "./interrupt.ts";
import { shortPath } from "./place.ts";
import { choosePrinter } from "./printers.ts";
import { processTerminal } from "./terminal.ts";

/** Flags that hold for this machine alone. */
const HERE = ["frozen", "against", "update-lock", "json"];

export async function run(call: Call): Promise<number> {
  if (value(call, "executor") !== undefined) {
    const code = await (await import("./executor.ts")).runElsewhere(call, HERE);
    if (code !== null) return code;
  }
  if (has(call, "dry-run")) return await (await import("./plan.ts")).plan(call);
  const jobs = jobsOf(value(call, "jobs"));
  const lock = lockOf(call);
  const terminal = processTerminal();
  const opened = await openPlan(call, true);
  const { plan, store } = opened;
  const frozen = has(call, "frozen") ? await import("./frozen.ts") : null;
  const locked = frozen?.readLock(plan) ?? new Map();
  const complain = (lines: readonly string[]) => {
    for (const line of lines) terminal.complain(`${line}\n`);
    return lines.length > 0;
  };
  if (frozen && complain(frozen.settingLines(locked, plan, call.arguments.length === 1))) {
    return frozen.DIFFERS;
  }
  if (!has(call, "no-space-check")) {
    const statuses = await opened.statuses(values(call, "force"));
    const isAll = [...statuses.values()].every(({ type }) => type === "hit");
    if (!isAll) await checkRoom(await opened.estimate(statuses, jobs), store.root);
  }
  const printer = choosePrinter({
    terminal,
    describe: opened.describe,
    shorten: shortPath,
    debug: has(call, "debug"),
    now: () => performance.now(),
  }, { json: has(call, "json"), quiet: has(call, "quiet") });
  const interrupt = onInterrupt(() => printer.close());
  try {
    const { failed, interrupted, done } = await opened.run({
      lock,
      jobs,
      force: values(call, "force"),
      keepGoing: has(call, "keep-going"),
      signal: interrupt.signal,
    }, printer.on);
    if (interrupted) return 130;
    if (failed) return 1;
    const named = value(call, "against");
    const against = named === undefined ? null : openStoreAt(named);
    if (frozen === null) return 0;
    const lines = await frozen.tensorLines(locked, plan, done, store, against);
    if (complain(lines)) return frozen.DIFFERS;
    printer.on({ type: "note", message: frozen.heldText(plan) });
    return 0;
  } finally {
    printer.close();
    interrupt.stop();
  }
}

/** What becomes of the lock: only a whole run of the config as it stands writes it. */
function lockOf(call: Call): "keep" | "update" | "leave" {
  const frozen = has(call, "frozen"), update = has(call, "update-lock");
  const isPart = call.arguments.length > 1, isOther = values(call, "set").length > 0;
  if (frozen && update) {
    throw new UsageError("--frozen and --update-lock do not go together", "give one of them");
  }
  if ((frozen || update) && isOther) {
    throw new UsageError(
      `${frozen ? "--frozen" : "--update-lock"} and --set do not go together`,
      "a lock is that of the config as it stands in its file",
    );
  }
  if (update && isPart) {
    throw new UsageError("--update-lock takes no nodes", "a lock is that of the whole config");
  }
  if (value(call, "against") !== undefined && !frozen) {
    throw new UsageError("--against is for --frozen alone");
  }
  return update ? "update" : frozen || isPart || isOther ? "leave" : "keep";
}
