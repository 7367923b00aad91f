/** `runs [RUN]`: what the store remembers of each doing of a plan. */
import type { RunRecord } from "../store/store.ts";
import { describeDivergence } from "../run/diverged.ts";
import { inColumns } from "./changes.ts";
import { type Call, has } from "./command.ts";
import { runRecords } from "./engine.ts";
import { shortPath } from "./place.ts";
import { processTerminal } from "./terminal.ts";
import { duration, visibleLine } from "./text.ts";
import { findRun } from "./which.ts";

export function runs(call: Call): number {
  const terminal = processTerminal();
  const records = runRecords(call);
  const asked = call.arguments[0];
  const chosen = asked === undefined ? records : [findRun(records, asked)];
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
  return inColumns(records.map((record) => {
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
    ...inColumns(record.nodes.map((node) => [
      node.outcome,
      node.node,
      node.outcome === "ran" || node.outcome === "failed" ? duration(node.milliseconds) : "",
      (node.key ?? "").slice(0, 12),
      remarkOn(node),
    ])),
  ].map(visibleLine);
}

/** What a reader must know of a node's result beside its outcome. */
function remarkOn(node: RunRecord["nodes"][number]): string {
  return [
    node.message?.split("\n")[0],
    node.diverged === undefined ? undefined : describeDivergence(node.diverged),
    node.accepted === undefined ? undefined : `accepted: ${node.accepted}`,
    node.missing === undefined ? undefined : `without ${node.missing.join(", ")}`,
    node.version === undefined ? undefined : `version ${node.version}`,
  ].filter((one) => one !== undefined).join("; ");
}
