/** `profile CONFIG NODE`: where the time of a training's steps goes. */
import type { Node } from "../plan/plan.ts";
import { findNode } from "./address.ts";
import { argument, type Call, CommandError, has, UsageError, value } from "./command.ts";
import { type Opened, openPlan } from "./engine.ts";
import { shortPath } from "./place.ts";
import { profileTable } from "./profile_table.ts";
import { processTerminal } from "./terminal.ts";

export async function profile(call: Call): Promise<number> {
  const steps = stepsOf(value(call, "steps"));
  const opened = await openPlan({ ...call, arguments: call.arguments.slice(0, 1) }, true);
  const node = findNode(opened.plan, argument(call, 1));
  if (!node.description.profiles) {
    const others = opened.plan.nodes.filter(({ description }) => description.profiles);
    throw new UsageError(
      `Cannot profile "${node.id}": its stage, ${node.description.name}, has no steps that it times`,
      others.length === 0
        ? "`train` has; this config has none of it"
        : `these have: ${others.map(({ id }) => id).slice(0, 12).join(", ")}`,
    );
  }
  await checkFeeds(opened, node, argument(call, 0));
  const result = await opened.profile(node, steps);
  if ("type" in result) throw new CommandError(result.message, result.help);
  const { profile, path, page } = result;
  const terminal = processTerminal();
  if (has(call, "json")) terminal.write(`${JSON.stringify(profile)}\n`);
  else {
    terminal.write(`${profileTable(profile, terminal.paint)}\nprofile  ${shortPath(path)}\n`);
    if (page !== null) terminal.write(`report   ${shortPath(page)}\n`);
  }
  return 0;
}

function stepsOf(text: string | undefined): number {
  if (text === undefined) return 100;
  const steps = Number(text);
  if (!/^\d+$/.test(text) || steps < 1 || steps > 100_000) {
    throw new UsageError(
      `--steps "${text}" is no number of steps`,
      "give a whole number from 1 to 100000",
    );
  }
  return steps;
}

/** The steps are those of the node's own data: what makes them must have been run. */
async function checkFeeds(opened: Opened, node: Node, config: string): Promise<void> {
  const statuses = await opened.statuses([]);
  const feeds = [...new Set(Object.values(node.feeds).flat().map((feed) => feed.node))]
    .filter((id) => statuses.get(id)?.type !== "hit");
  if (feeds.length === 0) return;
  throw new CommandError(
    `Cannot profile "${node.id}" yet: there is no result of ${feeds.join(", ")}, which feeds it`,
    `\`deno task run ${config} ${feeds.join(" ")}\` makes it`,
  );
}
