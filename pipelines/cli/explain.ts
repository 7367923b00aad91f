/** `explain CONFIG NODE`: what tells a node from the result that it had last, or in some run. */
import { describeReason } from "../plan/compare.ts";
import { explainNode, type Explanation } from "../plan/explain.ts";
import type { Key, Node } from "../plan/plan.ts";
import { findNodes } from "./address.ts";
import { changeRow, inColumns } from "./changes.ts";
import { argument, type Call, CommandError, has, value } from "./command.ts";
import { openPlan, runRecords } from "./engine.ts";
import { processTerminal } from "./terminal.ts";
import { duration, visibleLine } from "./text.ts";
import { findRun } from "./which.ts";

export async function explain(call: Call): Promise<number> {
  const terminal = processTerminal();
  const opened = await openPlan({ ...call, arguments: call.arguments.slice(0, 1) });
  const { plan, store } = opened;
  const nodes = findNodes(plan, argument(call, 1));
  const against = value(call, "against");
  const statuses = await opened.statuses([]);
  for (const [index, node] of nodes.entries()) {
    const key = against === undefined ? null : keyIn(call, against, node);
    const found = await explainNode(node, plan, store, statuses, key);
    if (has(call, "json")) {
      terminal.write(`${JSON.stringify(found)}\n`);
      continue;
    }
    if (index > 0) terminal.write("\n");
    for (const line of explanationLines(found, node)) terminal.write(`${line}\n`);
  }
  return 0;
}

/** The key that a node had in a run. */
function keyIn(call: Call, run: string, node: Node): Key {
  const record = findRun(runRecords(call), run);
  const key = record.nodes.find((one) => one.node === node.id)?.key;
  if (key === null || key === undefined) {
    throw new CommandError(
      `Run ${record.id} has no result of "${node.id}"`,
      `\`deno task runs ${record.id}\` shows what it has`,
    );
  }
  return key;
}

export function explanationLines(found: Explanation, node: Node): string[] {
  const { status, before, changes, unknown, declarations } = found;
  const lines: string[] = [];
  switch (status.type) {
    case "hit":
      lines.push(`${node.id} is a hit: its result is there`);
      if (status.accepted !== undefined) {
        lines.push(`  accepted as it is: ${visibleLine(status.accepted)}`);
      }
      break;
    case "miss":
      lines.push(`${node.id} would run: ${visibleLine(describeReason(status.reason))}`);
      break;
    case "waiting":
      lines.push(`${node.id} waits: ${status.for} may give it another input`);
      break;
    default:
      status satisfies never;
  }
  if (node.version !== null) {
    lines.push(`  version ${node.version} of the config stands for its code`);
  }
  if (!node.cache) lines.push("  the config says cache: false");
  if (before === null) return [...lines, "  there is no earlier result to compare it with"];
  const { made } = before;
  lines.push(
    `  compared with the result of run ${made.run}: ${made.started.slice(0, 19)}, ${
      duration(made.milliseconds)
    }, Deno ${made.deno}, ${made.platform}`,
  );
  const rows = changes.flatMap((change) => {
    const row = changeRow(change);
    const names = change.type === "code" ? declarations[change.module] ?? [] : [];
    const feeds = change.type === "input" ? node.feeds[change.input] ?? [] : [];
    const from = change.type === "input" ? feeds[change.index] : undefined;
    const more = from === undefined ? names.join(", ") : `from ${from.node}.${from.output}`;
    return [[...row, more]];
  });
  lines.push(...inColumns(rows, "  "));
  for (const input of unknown) {
    lines.push(
      `  input ${input} is not known yet: \`explain\` of ${
        [...new Set((node.feeds[input] ?? []).map((feed) => feed.node))].join(", ")
      } says why`,
    );
  }
  if (rows.length === 0 && unknown.length === 0) lines.push("  nothing differs");
  return lines;
}
