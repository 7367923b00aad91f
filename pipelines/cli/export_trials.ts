/** `sweep FILE --export csv|parquet|jsonl`: one row a trial, for other tools. */
import type { SweepData, SweepTrial } from "../report/sweep_data.ts";
import { type Call, UsageError, value } from "./command.ts";
import { type OpenedSweep, publishFile } from "./engine.ts";
import { shortPath, userPath } from "./place.ts";
import { processTerminal } from "./terminal.ts";
import { shortSingle, withoutErrors } from "./text.ts";

type Cell = string | number | boolean | null;

const FORMATS = ["csv", "parquet", "jsonl"] as const;

export async function exportTrials(
  call: Call,
  opened: OpenedSweep,
  asked: string,
): Promise<number> {
  const format = FORMATS.find((one) => one === asked);
  if (format === undefined) {
    throw new UsageError(`--export "${asked}" is no format`, `there are: ${FORMATS.join(", ")}`);
  }
  const to = value(call, "to");
  if (format === "parquet" && to === undefined) {
    throw new UsageError("A Parquet file goes to no terminal", "name a file by --to");
  }
  const data = await opened.data();
  const bytes = format === "csv"
    ? csv(data)
    : format === "jsonl"
    ? data.trials.map((trial) => `${JSON.stringify(trial)}\n`).join("")
    : await parquet(data);
  if (to === undefined) processTerminal().write(String(bytes));
  else {
    publishFile(userPath(to), bytes);
    processTerminal().write(`${shortPath(userPath(to))}: ${data.trials.length} trials\n`);
  }
  return 0;
}

/** Columns by name, in order: what is known of a trial, then its params by path. */
function columns(data: SweepData): [name: string, of: (trial: SweepTrial) => Cell][] {
  const values = ({ metrics }: SweepTrial) =>
    metrics.map(({ value, single }) => single === true ? shortSingle(value) : value);
  const figure = (of: (some: readonly number[]) => number) => (trial: SweepTrial) =>
    trial.metrics.length === 0 ? null : of(values(trial));
  return [
    ["trial", ({ trial }) => trial],
    ["state", ({ state }) => state],
    ["earlier", ({ earlier }) => earlier],
    ...data.rungs === null
      ? []
      : [[data.rungs.param, ({ reached }: SweepTrial) => reached]] as ReturnType<typeof columns>,
    [data.metric, figure(mean)],
    [`${data.metric}.least`, figure((some) => Math.min(...some))],
    [`${data.metric}.most`, figure((some) => Math.max(...some))],
    ...data.unit === undefined ? [] : [[
      `${data.metric}.${data.unit}`,
      ({ metrics }: SweepTrial) => metrics.flatMap(({ at }) => at ?? []).join(" ") || null,
    ]] as ReturnType<typeof columns>,
    ["replicates", ({ metrics }) => metrics.length],
    ["seconds", ({ seconds }) => seconds],
    ["failure", ({ failure }) => failure?.message ?? null],
    ...data.parameters.map(({ path }): ReturnType<typeof columns>[number] => [
      path,
      (trial) => cellOf(trial, path),
    ]),
  ];
}

function mean(some: readonly number[]): number {
  const sum = some.reduce((sum, one) => sum + one, 0);
  return some.length === 1 ? sum : withoutErrors(sum / some.length);
}

/** A number is one, in a list of choices, too; other choices go by their names. */
function cellOf({ values, settings }: SweepTrial, path: string): Cell {
  const [, value] = Object.entries(settings)
    .find(([key]) => key.replace(/^([^.@]*)@[^.]*/, "$1") === path) ?? [];
  return typeof value === "number" ? value : values[path] ?? null;
}

/** RFC 4180; what a trial does not have is empty. */
function csv(data: SweepData): string {
  const all = columns(data);
  const text = (cell: Cell) => {
    const plain = cell === null ? "" : String(cell);
    return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };
  const rows = [
    all.map(([name]) => text(name)),
    ...data.trials.map((trial) => all.map(([, of]) => text(of(trial)))),
  ];
  return rows.map((row) => `${row.join(",")}\r\n`).join("");
}

async function parquet(data: SweepData): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = columns(data).map(([name, of]) => {
    const cells = data.trials.map(of);
    const known = cells.filter((cell) => cell !== null);
    const type = known.every((cell) => typeof cell === "boolean") && known.length > 0
      ? "BOOLEAN" as const
      : known.every((cell) => typeof cell === "number")
      ? "DOUBLE" as const
      : "STRING" as const;
    return {
      name,
      type,
      nullable: true,
      // A column has one type: a choice between words and numbers is one of words.
      data: type === "STRING" ? cells.map((cell) => cell === null ? null : String(cell)) : cells,
    };
  });
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
