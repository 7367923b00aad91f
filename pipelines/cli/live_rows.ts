/** What is said of stages while they run: the live table's rows, and the plain line of progress. */
import {
  bytes,
  clock,
  cut,
  fit,
  pad,
  type Paint,
  type Segment,
  shortNumber,
  visibleLine,
  width,
} from "./text.ts";
import { type Running, speed, type Tried, type Watch } from "./watch.ts";

/** 12.3 ms/step, 2.1 s/image, 4.2 MB/s. */
export function pace(unit: string, perUnit: number): string {
  if (unit === "byte") return `${bytes(Math.round(1000 / perUnit))}/s`;
  if (perUnit >= 1000) return `${(perUnit / 1000).toFixed(1)} s/${unit}`;
  if (perUnit >= 0.1) return `${perUnit.toFixed(perUnit < 10 ? 1 : 0)} ms/${unit}`;
  return `${Math.round(1000 / perUnit)} ${unit}s/s`;
}

type Facts = Readonly<Record<string, string>>;

export function factsText(values: Facts): string {
  return Object.entries(values).map(([name, value]) => `${name} ${visibleLine(value)}`).join("  ");
}

/** `loss 0.41 val 0.43` for `loss 0.41  val_loss 0.43`. */
export function shortFacts(values: Facts): string {
  const isBeside = (name: string) => name.startsWith("val_") && name.slice(4) in values;
  const words = Object.entries(values).filter(([name]) => !isBeside(name)).map(([name, value]) => {
    const beside = values[`val_${name}`];
    return `${name} ${value}${beside === undefined ? "" : ` val ${beside}`}`;
  });
  return visibleLine(words.join("  "));
}

function bar(share: number, columns: number, paint: Paint): Segment[] {
  const full = Math.round(Math.min(1, Math.max(0, share)) * columns);
  return [["━".repeat(full), paint.note], ["─".repeat(columns - full), paint.faint]];
}

function share(running: Running): number | null {
  const progress = running.progress;
  if (progress === null || !(progress.total > 0)) return null;
  return Math.min(1, Math.max(0, progress.done / progress.total));
}

/** Said of a stage that has more than its one thread. */
function threads(running: Running): string {
  return running.threads > 1 ? `  ${running.threads} threads` : "";
}

/** What a row does without where the window is too narrow for all of it, first what is missed least. */
const SPARED = ["pace", "threads", "bar", "left", "share"] as const;

/** A name is cut to so many columns, so that facts are not. */
const LEAST_NAME = 8;

/** The row of a running stage: name, bar, share, time left, facts, pace, threads. Facts are cut last. */
export function runningRow(
  running: Running,
  now: number,
  names: number,
  columns: number,
  paint: Paint,
): string {
  const node = visibleLine(running.node), { progress } = running;
  const part = share(running);
  if (part === null || progress === null) {
    const time = `  ${clock(now - running.started)}${threads(running)}`;
    return fit([[pad(cut(node, names), names), paint.strong], [time, paint.faint]], columns);
  }
  const barColumns = Math.min(20, Math.floor((columns - names) / 4));
  const found = speed(running), facts = progress.facts ?? {};
  const after = (text: string) => text === "" ? "" : `  ${text}`;
  const parts = new Map<string, readonly Segment[]>([
    ["bar", barColumns < 4 ? [] : [["  "], ...bar(part, barColumns, paint)]],
    ["share", [[`  ${String(Math.floor(part * 100)).padStart(3)}%`]]],
    ["left", found === null ? [] : [[`  ETA ${clock(found.left)}`]]],
    ["facts", [[after(factsText(facts))]]],
    ["pace", found === null ? [] : [[`  ${pace(progress.unit, found.perUnit)}`, paint.faint]]],
    ["threads", [[threads(running), paint.faint]]],
  ]);
  const room = () =>
    [...parts.values()].flat().reduce((left, [text]) => left - width(text), columns);
  if (room() < names) parts.set("facts", [[after(shortFacts(facts))]]);
  for (const spared of SPARED) {
    if (room() < names) parts.delete(spared);
  }
  const own = Math.min(names, Math.max(LEAST_NAME, room()));
  return fit([[pad(cut(node, own), own), paint.strong], ...[...parts.values()].flat()], columns);
}

/** The live table: a row for each running stage, as many as fit, and a last row of counts. */
export function table(
  watch: Watch,
  now: number,
  columns: number,
  rows: number,
  paint: Paint,
): string[] {
  const running = [...watch.running.values()];
  const longest = Math.max(8, ...running.map((one) => width(visibleLine(one.node))));
  const names = Math.min(longest, Math.max(8, Math.floor(columns / 3)));
  const room = Math.max(1, rows - 3);
  const shown = running.length > room ? running.slice(0, room - 1) : running;
  const lines = shown.map((one) => runningRow(one, now, names, columns, paint));
  if (shown.length < running.length) {
    lines.push(fit([[`and ${running.length - shown.length} more`, paint.faint]], columns));
  }
  const counts = `${running.length} running, ${watch.waiting} waiting, ${watch.ended.length} ` +
    `finished  ${clock(now - watch.started)}`;
  lines.push(fit([[counts, paint.faint]], columns));
  if (watch.tried !== null) lines.push(sweepRow(watch.tried, now, columns, paint));
  return lines;
}

/** How a sweep goes: what has ended, the best so far, trials an hour, and when the rest will have ended. */
export function sweepRow(
  { last, rate }: Tried,
  now: number,
  columns: number,
  paint: Paint,
): string {
  const left = last.jobs - last.ended;
  const pace = rate(now);
  const words = [
    `${last.ended} of ${last.jobs} ${last.unit}s`,
    last.best === null
      ? ""
      : `best ${last.metric} ${shortNumber(last.best.value)}, trial ${last.best.trial}`,
    pace === null ? "" : `${shortNumber(pace, 3)} an hour, ETA ${clock(left / pace * 3_600_000)}`,
  ];
  return fit([[words.filter((one) => one !== "").join("; "), paint.strong]], columns);
}

/** The plain line of progress, printed now and then. */
export function progressLine(running: Running): string | null {
  const part = share(running);
  if (part === null || running.progress === null) return null;
  const found = speed(running);
  const words = [
    `${Math.floor(part * 100)}%`,
    factsText(running.progress.facts ?? {}),
    found === null ? "" : `${pace(running.progress.unit, found.perUnit)}  ETA ${clock(found.left)}`,
  ];
  return `running    ${visibleLine(running.node)}  ${words.filter((one) => one !== "").join("  ")}`;
}
