/** `diff RUN RUN`: what two runs were asked, where they were made, and what they gave. */
import {
  diffRuns,
  type NodeDiff,
  type OutputDiff,
  type RunDiff,
  type TensorDiff,
} from "../certificate/runs.ts";
import type { DiffPage } from "../report/diff.ts";
import { changeRow, inColumns } from "./changes.ts";
import { argument, type Call, has, UsageError, value } from "./command.ts";
import { publishFile } from "./engine.ts";
import { openStoreOf } from "./store.ts";
import { shortPath, userPath } from "./place.ts";
import { processTerminal } from "./terminal.ts";
import { visibleLine } from "./text.ts";
import { findRun } from "./which.ts";

export async function diff(call: Call): Promise<number> {
  const page = value(call, "html");
  if (has(call, "json") && page !== undefined) {
    throw new UsageError("--json and --html do not go together", "give one of them");
  }
  const terminal = processTerminal();
  const store = openStoreOf(call);
  const records = store.readRuns();
  const [before, now] = [0, 1].map((index) => findRun(records, argument(call, index)));
  if (before === undefined || now === undefined) throw new UsageError("Two runs are wanted");
  const found = await diffRuns(before, now, store);
  if (page !== undefined) {
    const { renderDiff } = await import("../report/diff.ts");
    const path = userPath(page);
    publishFile(path, await renderDiff(pageOf(found)));
    terminal.write(`wrote ${shortPath(path)}\n`);
    return 0;
  }
  const lines = has(call, "json") ? jsonLines(found) : diffLines(found);
  for (const line of lines) terminal.write(`${line}\n`);
  return 0;
}

/** The two runs, then a line a node. */
function jsonLines({ nodes, ...runs }: RunDiff): string[] {
  return [runs, ...nodes].map((one) => JSON.stringify(one));
}

export function diffLines(found: RunDiff): string[] {
  const names = found.nodes.map(({ node }) => node.length);
  const wide = Math.max(0, ...names);
  return [
    `${found.before.id} > ${found.now.id}`,
    ...inColumns(
      found.environment.map(({ what, old, new: now }) => [
        what,
        `${old ?? "not known"} > ${now ?? "not known"}`,
      ]),
      "  ",
    ),
    ...found.nodes.flatMap((node) => [
      `${visibleLine(node.node).padEnd(wide)}  ${verdict(node)}`,
      ...inColumns(node.changes.map(changeRow), "  "),
      ...node.outputs.flatMap((output) => outputLines(output)),
    ]),
    summaryOf(found),
  ];
}

function verdict({ outcomes: [old, now], same, outputs }: NodeDiff): string {
  if (old === null) return `only in the second run: ${now}`;
  if (now === null) return `only in the first run: ${old}`;
  if (same) return "same bits";
  return outputs.length > 0 ? "other bits" : `${old} > ${now}`;
}

function outputLines(output: OutputDiff): string[] {
  const { tensors } = output;
  if (tensors.length === 0) {
    const short = (digest: string | null) => digest?.slice(0, 12) ?? "none";
    return [`  ${visibleLine(output.output)}  ${short(output.old)} > ${short(output.new)}`];
  }
  const told = tensors.filter(({ values }) => values !== null);
  const rest = tensors.length - told.length;
  return [
    ...inColumns(told.map((one) => [`${output.output}.${one.tensor}`, valuesText(one)]), "  "),
    ...rest > 0
      ? [`  ${visibleLine(output.output)}  ${rest} ${rest === 1 ? "tensor" : "tensors"} of data`]
      : [],
  ];
}

/** One number, or the last of a list and how far the two are apart. */
function valuesText({ values }: TensorDiff): string {
  if (values === null) return "";
  const { old, new: now } = values;
  const say = (value: number | undefined) =>
    value === undefined ? "none" : String(Number(value.toPrecision(6)));
  const last = `${say(old.at(-1))} > ${say(now.at(-1))}`;
  if (old.length === 1 && now.length === 1) return last;
  if (old.length !== now.length) return `${old.length} > ${now.length} values, last ${last}`;
  const apart = Math.max(...old.map((one, i) => Math.abs(one - (now[i] ?? NaN))));
  return `${old.length} values, last ${last}, at most ${say(apart)} apart`;
}

function summaryOf({ nodes }: RunDiff): string {
  const same = nodes.filter((node) => node.same).length;
  const other = nodes.filter(({ outputs }) => outputs.length > 0).length;
  const rest = nodes.length - same - other;
  return `same bits ${same}, other bits ${other}${rest > 0 ? `, not in both ${rest}` : ""}`;
}

function pageOf(found: RunDiff): DiffPage {
  const tensors = found.nodes.flatMap(({ node, outputs }) =>
    outputs.flatMap(({ output, tensors }) =>
      tensors.map((one) => ({ ...one, output, name: `${node}.${output} ${one.tensor}` }))
    )
  );
  const metrics: DiffPage["metrics"][number][] = [];
  const curves: DiffPage["curves"][number][] = [];
  for (const { name, output, values, classes } of tensors) {
    if (values === null) continue;
    const [old, now] = [values.old, values.new];
    const [a, b] = [old[0], now[0]];
    if (old.length === 1 && now.length === 1 && a !== undefined && b !== undefined) {
      metrics.push({ name, old: a, new: b });
    } else {
      // A training's history is by epoch; what other lists are by, only their stage knows.
      const along = classes !== null ? "class" : output === "history" ? "epoch" : "place";
      curves.push({ name, along, names: classes, old, new: now });
    }
  }
  const text = (value: string | null) => value ?? "–";
  return {
    before: found.before.id,
    now: found.now.id,
    summary: `Nodes: ${summaryOf(found)}.`,
    environment: [
      { what: "started", old: found.before.started, new: found.now.started },
      ...found.environment.map(({ what, old, new: now }) => ({
        what,
        old: text(old),
        new: text(now),
      })),
    ],
    nodes: found.nodes.map((node) => ({
      node: node.node,
      outcomes: node.outcomes.map((one) => one ?? "not in it").join(" > "),
      differences: [
        ...node.changes.map((change) => changeRow(change).filter((one) => one !== "").join(" ")),
        ...node.outputs.map(({ output, tensors }) =>
          tensors.length === 0
            ? `output ${output}`
            : `output ${output}: ${tensors.length} ${tensors.length === 1 ? "tensor" : "tensors"}`
        ),
      ],
    })),
    metrics,
    curves,
    digests: [
      ...found.nodes.flatMap(({ node, outputs }) =>
        outputs.map(({ output, old, new: now }) => ({
          what: `${node}.${output}`,
          old: text(old),
          new: text(now),
        }))
      ),
    ],
  };
}
