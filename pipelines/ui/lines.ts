/** Lines of a file of events, of which nothing is taken at its word. */
import type { Outcome } from "../plan/plan.ts";
import { fieldsOf } from "../store/valid.ts";
import type { About, Counts, End, Fault, NoteView } from "./views.ts";

export type Fields = Readonly<Record<string, unknown>>;

export const ENDS: readonly Outcome[] = ["hit", "ran", "failed", "blocked", "cancelled"];

/** The fields of a line; none where it is no JSON, as one that a crash of the machine has torn. */
export function eventOf(line: string): Fields {
  try {
    return fieldsOf(JSON.parse(line));
  } catch {
    return {};
  }
}

export function noCounts(): Counts {
  return { waiting: 0, running: 0, hit: 0, ran: 0, failed: 0, blocked: 0, cancelled: 0 };
}

export function aboutOf(event: Fields, at: number): About {
  return {
    config: textOf(event["config"]) ?? "?",
    sweep: textOf(event["sweep"]),
    slurm: textOf(event["slurm"]),
    command: listOf(event["command"]).map((word) => textOf(word) ?? ""),
    started: at,
  };
}

export function noteOf(event: Fields, at: number): NoteView {
  const isDiverged = event["type"] === "diverged";
  const text = isDiverged ? "gave another result than before from the same key" : null;
  return {
    at,
    isWarning: isDiverged || event["type"] === "warning",
    node: textOf(event["node"]),
    text: text ?? textOf(event["message"]) ?? "",
  };
}

export function faultOf(value: unknown): Fault | null {
  const { message, help } = fieldsOf(value);
  const text = textOf(message);
  return text === null ? null : { message: text, help: textOf(help) };
}

/** The end of a run, if that is what this line says. */
export function lastOf(line: string): { readonly counts: Counts; readonly end: End } | null {
  const event = eventOf(line);
  if (event["type"] !== "run-ended") return null;
  const given = fieldsOf(event["counts"]), counts = noCounts();
  for (const outcome of ENDS) counts[outcome] = numberOf(given[outcome]) ?? 0;
  return { counts, end: endOf(event) };
}

export function endOf(event: Fields): End {
  return {
    at: numberOf(event["at"]) ?? 0,
    milliseconds: numberOf(event["milliseconds"]) ?? 0,
    interrupted: event["interrupted"] === true,
  };
}

/** The facts of the first line, if it is one. */
export function headOf(line: string): About | null {
  const event = eventOf(line);
  return event["type"] === "run" ? aboutOf(event, numberOf(event["at"]) ?? 0) : null;
}

export function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" ? value.slice(0, 4000) : null;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
