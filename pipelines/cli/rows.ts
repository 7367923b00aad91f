/** From what is known of a run to lines of text: pure, so that tests compare the whole text. */
import type { MissReason } from "../plan/plan.ts";
import { describeDivergence } from "../run/diverged.ts";
import type { Event } from "../run/event.ts";
import { factsText, shortFacts } from "./live_rows.ts";
import {
  cut,
  duration,
  fit,
  type Paint,
  PLAIN,
  type Segment,
  shortNumber,
  visibleLine,
  width,
} from "./text.ts";
import type { Ended, Watch } from "./watch.ts";

/** Says a miss reason in words. */
export type Describe = (reason: MissReason) => string;

/** What a stage has last said of how far it is holds in its end where it is figures: no file, no split. */
function figures(facts: Ended["facts"]): Ended["facts"] {
  const isFigure = (text: string) => /^[-+]?\d[\d.]*(e[-+]?\d+)?(\/\d+)?%?$/i.test(text);
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => isFigure(value)));
}

/** One line for a stage that has ended; its figures on one of their own where they would be cut. */
export function endedLines(
  ended: Ended,
  describe: Describe,
  paint: Paint,
  columns = Infinity,
): string[] {
  const facts = figures(ended.facts);
  const line = (text: string, most: number) => endedLine(ended, text, describe, paint, most);
  const text = ended.outcome === "ran" ? factsText(facts) : "";
  if (text === "" || width(line(text, Infinity)) <= columns) return [line(text, columns)];
  return [
    line("", columns),
    fit([[`           ${shortFacts(facts)}`]], columns),
  ];
}

function endedLine(
  ended: Ended,
  facts: string,
  describe: Describe,
  paint: Paint,
  columns: number,
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
      if (facts !== "") segments.push([`  ${facts}`]);
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
 * made for 78 columns fits into 80. Those are cut where the window is narrower, and left away where another
 * node has said the same: the log has them whole.
 */
export function logLines(
  { node, message }: Event & { readonly type: "node-log" },
  { said }: Watch,
  columns: number = Infinity,
): string[] {
  const [first = "", ...more] = message.trimEnd().split(/\r?\n/);
  const head = `log        ${visibleLine(node)}  ${visibleLine(first)}`;
  const before = said.get(message);
  if (before !== undefined && before !== node) {
    return [`${head}  (as ${visibleLine(before)} said)`];
  }
  return [head, ...more.map((line) => cut(`  ${visibleLine(line)}`.trimEnd(), columns))];
}

/** The plain text of an event, for output that is no terminal; null: it has none. */
export function plainLine(event: Event, watch: Watch, describe: Describe): string | null {
  switch (event.type) {
    case "node-started":
      return `start      ${visibleLine(event.node)}  (${visibleLine(describe(event.reason))})`;
    case "node-ended": {
      const ended = watch.ended.at(-1);
      if (ended === undefined || neverBegan(ended)) return null;
      return endedLines(ended, describe, PLAIN).join("\n");
    }
    case "node-log":
      return logLines(event, watch).join("\n");
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
    case "figures":
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
