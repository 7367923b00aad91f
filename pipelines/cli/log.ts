/** `log CONFIG NODE`: what the newest stage run of a node has printed, or that of one run. */
import type { NodeId } from "../plan/plan.ts";
import { findNode } from "./address.ts";
import { argument, type Call, CommandError, value } from "./command.ts";
import { openPlan, readLog, runRecords } from "./engine.ts";
import { userPath } from "./place.ts";
import { openStoreOf } from "./store.ts";
import { processTerminal } from "./terminal.ts";
import { visible } from "./text.ts";
import { findRun } from "./which.ts";

export async function log(call: Call): Promise<number> {
  const path = userPath(argument(call, 0)), asked = argument(call, 1);
  const records = runRecords(call).filter(({ config }) => config === path);
  // A sweep's nodes are known from its runs alone.
  const known = records.flatMap(({ nodes }) => nodes).find(({ node }) => node === asked);
  const node = known?.node ?? await plannedNode(call);
  const run = value(call, "run");
  const chosen = run === undefined ? records : [findRun(records, run)];
  const text = await readLog(openStoreOf(call), chosen, node);
  if (text === null && run !== undefined) {
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

async function plannedNode(call: Call): Promise<NodeId> {
  const { plan } = await openPlan({ ...call, arguments: call.arguments.slice(0, 1) });
  return findNode(plan, argument(call, 1)).id;
}
