/** From what is known of a run to lines of text: pure, so that tests compare the whole text. */
import type { MissReason } from "../plan/plan.ts";
import { describeDivergence } from "../run/diverged.ts";
import type { Event } from "../run/event.ts";
import {
  bytes,
  clock,
  cut,
  duration,
  fit,
  pad,
  type Paint,
  PLAIN,
  type Segment,
  shortNumber,
  visible,
  visibleLine,
  width,
} from "./text.ts";
import { type Ended, type Running, speed, type Tried, type Watch } from "./watch.ts";

/** Says a miss reason in words. */
export type Describe = (reason: MissReason) => string;

/** 12.3 ms/step, 2.1 s/image, 4.2 MB/s. */
export function pace(unit: string, perUnit: number): string {
  if (unit === "byte") return `${bytes(Math.round(1000 / perUnit))}/s`;
  if (perUnit >= 1000) return `${(perUnit / 1000).toFixed(1)} s/${unit}`;
  if (perUnit >= 0.1) return `${perUnit.toFixed(perUnit < 10 ? 1 : 0)} ms/${unit}`;
  return `${Math.round(1000 / perUnit)} ${unit}s/s`;
}

function facts(values: Readonly<Record<string, string>>): string {
  return Object.entries(values).map(([name, value]) => `${name} ${visibleLine(value)}`).join("  ");
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

/** The row of a running stage: name, bar, share, time left, facts, pace, threads; cut from the right. */
export function runningRow(
  running: Running,
  now: number,
  names: number,
  columns: number,
  paint: Paint,
): string {
  const segments: Segment[] = [[
    pad(fit([[visibleLine(running.node)]], names), names),
    paint.strong,
  ]];
  const part = share(running);
  if (part === null || running.progress === null) {
    segments.push([`  ${clock(now - running.started)}${threads(running)}`, paint.faint]);
    return fit(segments, columns);
  }
  const barColumns = Math.min(20, Math.floor((columns - names) / 4));
  if (barColumns >= 4) segments.push(["  "], ...bar(part, barColumns, paint));
  segments.push([`  ${String(Math.floor(part * 100)).padStart(3)}%`]);
  const found = speed(running);
  if (found !== null) segments.push([`  ETA ${clock(found.left)}`]);
  const more = facts(running.progress.facts ?? {});
  if (more !== "") segments.push([`  ${more}`]);
  if (found !== null) {
    segments.push([`  ${pace(running.progress.unit, found.perUnit)}`, paint.faint]);
  }
  segments.push([threads(running), paint.faint]);
  return fit(segments, columns);
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

/** One line for a stage that has ended. */
export function endedLine(
  ended: Ended,
  describe: Describe,
  paint: Paint,
  columns = Infinity,
): string {
  const name: Segment = [visibleLine(ended.node), paint.strong];
  const segments: Segment[] = [];
  switch (ended.outcome) {
    case "hit":
      segments.push(["hit        ", paint.faint], [visibleLine(ended.node)], without(ended));
      break;
    case "ran": {
      segments.push(["ran        ", paint.good], name, [`  ${duration(ended.milliseconds)}`]);
      segments.push(without(ended));
      const last = facts(ended.facts);
      if (last !== "") segments.push([`  ${last}`]);
      if (ended.reason !== null) {
        segments.push([`  (${visibleLine(describe(ended.reason))})`, paint.faint]);
      }
      break;
    }
    case "failed":
      segments.push(["failed     ", paint.bad], name, [`  ${duration(ended.milliseconds)}`]);
      if (ended.failure !== null) {
        segments.push([`  ${visibleLine(ended.failure.message.split("\n")[0] ?? "")}`]);
      }
      break;
    case "blocked":
      segments.push(["blocked    ", paint.bad], name);
      if (ended.blockedBy !== null) segments.push([`  by ${visibleLine(ended.blockedBy)}`]);
      break;
    case "cancelled":
      segments.push(["cancelled  ", paint.bad], name);
      break;
    default:
      ended.outcome satisfies never;
  }
  return fit(segments, columns);
}

function without({ missing }: Ended): Segment {
  return [missing.length === 0 ? "" : `  without ${visibleLine(missing.join(", "))}`];
}

/** True for a stage that was cancelled while it waited: of those, many are told in one line. */
export function neverBegan(ended: Ended): boolean {
  return ended.outcome === "cancelled" && ended.reason === null;
}

/** Hits on one line, a stage's cells counted: `hit        download, augment (3 cells)`. */
export function hitsLine(hits: readonly Ended[], paint: Paint, columns: number): string {
  return fit([["hit        ", paint.faint], [namesOf(hits)]], columns);
}

/** What never began on one line: `cancelled  before they began: train (312 cells), report`. */
export function neverLine(never: readonly Ended[], paint: Paint, columns = Infinity): string {
  const before = never.length === 1 ? "before it began: " : "before they began: ";
  return fit([["cancelled  ", paint.bad], [before, paint.faint], [namesOf(never)]], columns);
}

/** A stage's name for all its cells, which are counted. */
function namesOf(ended: readonly Ended[]): string {
  const stages = Map.groupBy(ended, ({ node }) => node.split("@")[0] ?? node);
  const names = [...stages].map(([stage, cells]) =>
    cells.length === 1 ? cells[0]?.node ?? stage : `${stage} (${cells.length} cells)`
  );
  return visibleLine(names.join(", "));
}

/**
 * What a stage says: its first line after the node's name, each other one indented by two, so that a table
 * made for 78 columns fits into 80. Those are cut where the window is narrower: the log has them whole.
 */
export function logLines(node: string, message: string, columns: number = Infinity): string[] {
  const [first = "", ...more] = message.trimEnd().split(/\r?\n/);
  return [
    `log        ${visibleLine(node)}  ${visibleLine(first)}`,
    ...more.map((line) => cut(`  ${visibleLine(line)}`.trimEnd(), columns)),
  ];
}

/** The plain text of an event, for output that is no terminal; null: it has none. */
export function plainLine(event: Event, watch: Watch, describe: Describe): string | null {
  switch (event.type) {
    case "node-started":
      return `start      ${visibleLine(event.node)}  (${visibleLine(describe(event.reason))})`;
    case "node-ended": {
      const ended = watch.ended.at(-1);
      return ended === undefined || neverBegan(ended) ? null : endedLine(ended, describe, PLAIN);
    }
    case "node-log":
      return logLines(event.node, event.message).join("\n");
    case "warning":
    case "note":
    case "diverged":
      return noticeLine(event, PLAIN);
    case "trial-ended":
      return event.isHit ? null : trialLine(event);
    case "node-retried":
      return retriedLine(event.node, event.attempt, event.failure.message);
    case "run-started":
    case "nodes-added":
    case "node-threads":
    case "node-progress":
    case "report-published":
    case "run-ended":
      return null;
    default:
      return event satisfies never;
  }
}

type TrialEnded = Event & { readonly type: "trial-ended" };

/** `trial      17  evaluate.accuracy 0.8934; best 0.9012 of trial 3; 18 of 60`. */
export function trialLine({ trial, metric, value, best, ended, jobs }: TrialEnded): string {
  const figure = value === null ? "failed" : `${metric} ${shortNumber(value)}`;
  return `trial      ${trial}  ${figure}; ${bestText(best)}${ended} of ${jobs}`;
}

function bestText(best: TrialEnded["best"]): string {
  return best === null ? "" : `best ${shortNumber(best.value)} of trial ${best.trial}; `;
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

/** One line for a stage that failed and is tried again. */
export function retriedLine(node: string, attempt: number, message: string): string {
  const first = visibleLine(message.split("\n")[0] ?? "");
  return `again      ${visibleLine(node)}  attempt ${attempt}, after: ${first}`;
}

/** What is said of the run beside its nodes. */
export function noticeLine(
  event: Event & { readonly type: "warning" | "note" | "diverged" },
  paint: Paint,
): string {
  switch (event.type) {
    case "warning":
      return `${paint.bad("warning")}    ${visibleLine(event.message)}`;
    case "note":
      return `note       ${visibleLine(event.message)}`;
    case "diverged":
      return `${paint.bad("diverged")}   ${visibleLine(event.node)} ${
        visibleLine(describeDivergence(event.divergence))
      }`;
    default:
      return event satisfies never;
  }
}

/** The plain line of progress, printed now and then. */
export function progressLine(running: Running): string | null {
  const part = share(running);
  if (part === null || running.progress === null) return null;
  const found = speed(running);
  const words = [
    `${Math.floor(part * 100)}%`,
    facts(running.progress.facts ?? {}),
    found === null ? "" : `${pace(running.progress.unit, found.perUnit)}  ETA ${clock(found.left)}`,
  ];
  return `running    ${visibleLine(running.node)}  ${words.filter((one) => one !== "").join("  ")}`;
}

/** What failed, why, and where to look: message, details, help, log. */
export function failureLines(
  ended: Ended,
  shorten: (path: string) => string,
  debug: boolean,
  paint: Paint,
): string[] {
  const failure = ended.failure;
  if (failure === null) return [];
  const [first = "", ...details] = visible(failure.message).split("\n");
  const lines = [
    `${paint.bad("error")}: ${paint.strong(visibleLine(ended.node))}: ${first}`,
    ...details.map((line) => `  ${line}`),
  ];
  if (failure.at !== undefined) lines.push(`  at: ${visibleLine(failure.at)}`);
  if (failure.help !== undefined) lines.push(`  help: ${visible(failure.help)}`);
  if (debug && failure.stack !== undefined) {
    lines.push(...visible(failure.stack).split("\n").map((line) => `  ${line}`));
  }
  if (ended.logPath !== null) lines.push(`  log: ${visibleLine(shorten(ended.logPath))}`);
  return lines;
}

/** `ran 2, hit 9, failed 0 in 41 s; report: reports/fashion.html`. */
export function lastLine(watch: Watch, shorten: (path: string) => string): string {
  const end = watch.end;
  if (end === null) return "The run did not end";
  const { ran, hit, failed, blocked, cancelled } = end.counts;
  const counts = [`ran ${ran}`, `hit ${hit}`, `failed ${failed}`];
  if (blocked > 0) counts.push(`blocked ${blocked}`);
  if (cancelled > 0) counts.push(`cancelled ${cancelled}`);
  const report = watch.report === null ? "" : `; report: ${visibleLine(shorten(watch.report))}`;
  const text = `${counts.join(", ")} in ${duration(end.milliseconds)}${report}`;
  return `${end.interrupted ? "interrupted: " : ""}${text}`;
}
