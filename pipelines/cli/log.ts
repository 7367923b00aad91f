/** `log CONFIG NODE`: what the newest stage run of a node has printed, or that of one run. */
import { findNode } from "./address.ts";
import { argument, type Call, CommandError, value } from "./command.ts";
import { openPlan, readLog, runRecords } from "./engine.ts";
import { processTerminal } from "./terminal.ts";
import { visible } from "./text.ts";
import { findRun } from "./which.ts";

export async function log(call: Call): Promise<number> {
  const opened = await openPlan({ ...call, arguments: call.arguments.slice(0, 1) });
  const node = findNode(opened.plan, argument(call, 1)).id;
  const records = runRecords(call).filter(({ config }) => config === opened.plan.config.path);
  const asked = value(call, "run");
  const chosen = asked === undefined ? records : [findRun(records, asked)];
  const text = await readLog(chosen, node);
  if (text === null && asked !== undefined) {
    throw new CommandError(
      `Run ${chosen[0]?.id} has no log of "${node}"`,
      "only a stage that ran has one; without --run it is the newest",
    );
  }
  if (text === null) {
    throw new CommandError(
      `There is no log of "${node}"`,
      `\`deno task run ${argument(call, 0)} -f ${node}\` runs it once more`,
    );
  }
  processTerminal().write(visible(text.endsWith("\n") ? text : `${text}\n`));
  return 0;
}
