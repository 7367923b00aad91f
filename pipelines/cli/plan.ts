/** `plan CONFIG [NODE...]` and `run --dry-run`: what would run, and why. */
import type { NodeId, NodeStatus } from "../plan/plan.ts";
import { type Call, has, value, values } from "./command.ts";
import { openPlan } from "./engine.ts";
import { estimateText, jobsOf } from "./cost.ts";
import type { Describe } from "./rows.ts";
import { processTerminal } from "./terminal.ts";
import { cut, pad, type Paint, visibleLine, width } from "./text.ts";

export async function plan(call: Call): Promise<number> {
  const terminal = processTerminal();
  const opened = await openPlan(call);
  const statuses = await opened.statuses(values(call, "force"));
  if (has(call, "json")) {
    // What a node's id has cut stands there in full.
    const cells = new Map(opened.plan.nodes.map(({ id, cell }) => [id, cell]));
    for (const [node, status] of statuses) {
      terminal.write(`${JSON.stringify({ node, cell: cells.get(node) ?? {}, ...status })}\n`);
    }
    return 0;
  }
  const cost = estimateText(await opened.estimate(statuses, jobsOf(value(call, "jobs"))));
  const columns = terminal.live ? terminal.size().columns : Infinity;
  for (const line of planLines(statuses, opened.describe, terminal.paint, columns)) {
    terminal.write(`${line}\n`);
  }
  if (cost !== null) terminal.write(`${cost}\n`);
  return 0;
}

/** A line a node, and a last line of counts. */
export function planLines(
  statuses: ReadonlyMap<NodeId, NodeStatus>,
  describe: Describe,
  paint: Paint,
  columns: number,
): string[] {
  const names = Math.max(0, ...[...statuses.keys()].map((node) => width(visibleLine(node))));
  const counts = { hit: 0, miss: 0, waiting: 0 };
  const lines = [...statuses].map(([node, status]) => {
    counts[status.type]++;
    const [what, colour] = say(status, describe, paint);
    const name = pad(visibleLine(node), names);
    return `${name}  ${colour(cut(what, Math.max(1, columns - names - 2)))}`;
  });
  lines.push(`hit ${counts.hit}, to run ${counts.miss}, waiting ${counts.waiting}`);
  return lines;
}

function say(
  status: NodeStatus,
  describe: Describe,
  paint: Paint,
): [text: string, colour: (text: string) => string] {
  switch (status.type) {
    case "hit":
      return status.accepted === undefined
        ? ["hit", paint.faint]
        : [`hit, accepted: ${visibleLine(status.accepted)}`, paint.note];
    case "miss":
      return [`runs: ${visibleLine(describe(status.reason))}`, paint.good];
    case "waiting":
      return [`waits: ${visibleLine(status.for)} may change it`, paint.note];
    default:
      return status satisfies never;
  }
}
