/** `log CONFIG NODE`: what the newest stage run of a node has printed. */
import { findNode } from "./address.ts";
import { argument, type Call, CommandError } from "./command.ts";
import { newestLog, openPlan, runRecords } from "./engine.ts";
import { processTerminal } from "./terminal.ts";
import { visible } from "./text.ts";

export async function log(call: Call): Promise<number> {
  const opened = await openPlan({ ...call, arguments: call.arguments.slice(0, 1) });
  const node = findNode(opened.plan, argument(call, 1)).id;
  const text = await newestLog(runRecords(call), opened.plan.config.path, node);
  if (text === null) {
    throw new CommandError(
      `There is no log of "${node}"`,
      `\`deno task run ${argument(call, 0)} -f ${node}\` runs it once more`,
    );
  }
  processTerminal().write(visible(text.endsWith("\n") ? text : `${text}\n`));
  return 0;
}
