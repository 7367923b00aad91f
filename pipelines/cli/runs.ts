/** `runs [RUN]`: what the store remembers of each doing of a plan. */
import type { RunRecord } from "../store/store.ts";
import { type Call, CommandError, has, UsageError } from "./command.ts";
import { runRecords } from "./engine.ts";
import { shortPath } from "./place.ts";
import { processTerminal } from "./terminal.ts";
import { duration, pad, visibleLine, width } from "./text.ts";

export function runs(call: Call): number {
  const terminal = processTerminal();
  const records = runRecords(call);
  const asked = call.arguments[0];
  const chosen = asked === undefined ? records : records.filter((one) => one.id.startsWith(asked));
  if (asked !== undefined && chosen.length === 0) {
    throw new CommandError(`There is no run "${asked}"`, "`deno task runs` lists them");
  }
  if (asked !== undefined && chosen.length > 1) {
    throw new UsageError(
      `"${asked}" is the beginning of ${chosen.length} runs`,
      `say which: ${chosen.slice(0, 8).map((one) => one.id).join(", ")}`,
    );
  }
  if (has(call, "json")) {
    for (const record of chosen) terminal.write(`${JSON.stringify(record)}\n`);
    return 0;
  }
  const one = asked === undefined ? undefined : chosen[0];
  const lines = one === undefined ? listLines(chosen) : runLines(one);
  if (lines.length === 0) lines.push("There are no runs yet");
  for (const line of lines) terminal.write(`${line}\n`);
  return 0;
}

/** A line a run. */
export function listLines(records: readonly RunRecord[]): string[] {
  return columns(records.map((record) => {
    const count = (outcome: string) =>
      record.nodes.filter((node) => node.outcome === outcome).length;
    const parts = ["ran", "hit", "failed", "blocked", "cancelled"].flatMap((outcome) =>
      count(outcome) > 0 ? [`${outcome} ${count(outcome)}`] : []
    );
    const when = record.started.slice(0, 19).replace("T", " ");
    return [
      record.id,
      when,
      shortPath(record.config),
      parts.join(", "),
      duration(record.milliseconds),
    ];
  }));
}

/** One run: where it came from, and a line a node. */
export function runLines(record: RunRecord): string[] {
  const git = record.git === null
    ? "no git"
    : `git ${record.git.commit.slice(0, 12)}${record.git.dirty ? " with changes" : ""}`;
  return [
    `${record.id}  ${record.started}  ${duration(record.milliseconds)}`,
    `command  ${record.command.join(" ")}`,
    `made by  deno ${record.deno}, ${git}`,
    ...columns(record.nodes.map((node) => [
      node.outcome,
      node.node,
      node.outcome === "ran" || node.outcome === "failed" ? duration(node.milliseconds) : "",
      (node.key ?? "").slice(0, 12),
      node.message?.split("\n")[0] ?? "",
    ])),
  ].map(visibleLine);
}

/** Cells padded to columns. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const clean = rows.map((row) => row.map(visibleLine));
  const widths: number[] = [];
  for (const row of clean) {
    row.forEach((cell, column) => widths[column] = Math.max(widths[column] ?? 0, width(cell)));
  }
  return clean.map((row) =>
    row.map((cell, column) => pad(cell, widths[column] ?? 0)).join("  ").trimEnd()
  );
}
