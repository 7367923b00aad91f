/** From anything thrown to what the user reads, and the exit code. */
import { ConfigError } from "../config/config.ts";
import { oddIn, visible as shown } from "../config/odd.ts";
import { StoreError } from "../store/files.ts";
import { CommandError, UsageError } from "./command.ts";
import { COLOURS, PLAIN, visible } from "./text.ts";

export interface Complaint {
  readonly text: string;
  /** 2: the config or the command line is wrong; 1: anything else. */
  readonly code: number;
}

export async function complaint(error: unknown, debug: boolean): Promise<Complaint> {
  const paint = Deno.stderr.isTerminal() && !Deno.noColor ? COLOURS : PLAIN;
  if (error instanceof ConfigError) {
    const { renderDiagnostics } = await import("../config/render.ts");
    return { text: renderDiagnostics(error.diagnostics), code: 2 };
  }
  const lines: string[] = [];
  if (error instanceof UsageError || error instanceof CommandError || error instanceof StoreError) {
    // A message may have several lines; in each nothing stays unseen.
    lines.push(`${paint.bad("error")}: ${error.message.split("\n").map(shown).join("\n")}`);
    const odd = oddIn(error.message);
    if (odd !== null) lines.push(`  note: ${odd}`);
    if (error.help !== undefined) lines.push(`  help: ${visible(error.help)}`);
  } else {
    lines.push(`${paint.bad("error")}: ${visible(firstLine(error))}`);
    if (!debug) lines.push("  help: run with --debug to see where it came from");
  }
  if (debug) lines.push(visible(stackOf(error)));
  return { text: lines.join("\n"), code: error instanceof UsageError ? 2 : 1 };
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.split("\n")[0] ?? "";
}

/** The stack with those of its causes. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\ncaused by ${stackOf(error.cause)}`;
}
