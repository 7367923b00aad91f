/** `accept CONFIG NODE... --reason TEXT`: keeps results although the code that made them has changed. */
import { acceptResult } from "../plan/accept.ts";
import { doneOf } from "../plan/fingerprint.ts";
import { findNodes } from "./address.ts";
import { changeRow, inColumns } from "./changes.ts";
import { argument, type Call, CommandError, UsageError, value } from "./command.ts";
import { openPlan } from "./engine.ts";
import { processTerminal } from "./terminal.ts";
import { visibleLine } from "./text.ts";

/** As long as a reader of the report takes it. */
const MOST = 300;

export async function accept(call: Call): Promise<number> {
  const reason = value(call, "reason")?.trim() ?? "";
  if (reason === "" || reason.length > MOST) {
    throw new UsageError(
      reason === "" ? "The reason is missing" : `The reason has ${reason.length} characters`,
      `--reason "only the log changed", of at most ${MOST}: whoever reads the report will see it`,
    );
  }
  const terminal = processTerminal();
  const opened = await openPlan({ ...call, arguments: call.arguments.slice(0, 1) });
  const { plan, store } = opened;
  argument(call, 1);
  const wanted = new Set(call.arguments.slice(1).flatMap((word) => findNodes(plan, word)));
  const held = await store.hold(false);
  try {
    // In the plan's order, since what is accepted makes known what follows it.
    for (const node of plan.nodes.filter((one) => wanted.has(one))) {
      const statuses = await opened.statuses([]);
      const status = statuses.get(node.id);
      if (status?.type === "waiting") {
        throw new CommandError(
          `"${node.id}" cannot be accepted: ${status.for} may give it another input`,
          `accept or run ${status.for} first`,
        );
      }
      const done = doneOf(statuses, store);
      const found = await acceptResult(node, plan, store, done, reason, new Date());
      switch (found.type) {
        case "hit":
          terminal.write(`${node.id}: its result is there already\n`);
          break;
        case "accepted":
          terminal.write(`${node.id}: accepted the result of run ${found.record.made.run}\n`);
          for (const line of inColumns(found.changes.map(changeRow), "  ")) {
            terminal.write(`${line}\n`);
          }
          break;
        case "nothing":
          throw new CommandError(
            `"${node.id}" has no result to accept: ${visibleLine(found.why)}`,
            "run it",
          );
        case "other":
          throw new CommandError(
            [
              `"${node.id}" cannot be accepted: more than its code changed`,
              ...inColumns(found.changes.map(changeRow), "  "),
            ].join("\n"),
            "such a result answers another question: run it",
          );
        default:
          found satisfies never;
      }
    }
  } finally {
    held?.close();
  }
  return 0;
}
