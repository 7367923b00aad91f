/** Diagnostics as a person reads them: message, place, the underlined source, what to do. */
import { relative } from "node:path";
import type { Diagnostic, Location } from "./config.ts";
import { oddIn, visible } from "./odd.ts";

/** Columns of source that are shown of a long line. */
const WINDOW = 110;
/** More are of no use to a reader, and a hostile file could make a hundred thousand. */
const MOST_BLOCKS = 50;

interface Paint {
  readonly red: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly strong: (text: string) => string;
}
const code = (start: number, end: number) => (text: string) =>
  `\u001b[${start}m${text}\u001b[${end}m`;
const same = (text: string) => text;
const COLOURS: Paint = { red: code(31, 39), cyan: code(36, 39), strong: code(1, 22) };
const PLAIN: Paint = { red: same, cyan: same, strong: same };

/**
 * One block a diagnostic, in their order, with the number of errors at the end if there are several. Reads
 * the source files; one that cannot be read any more is shown by its place alone.
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const paint = Deno.stderr.isTerminal() && !Deno.noColor ? COLOURS : PLAIN;
  const files = new Map<string, readonly string[] | null>();
  const lineOf = ({ file, line }: Location): string | null => {
    const lines = files.get(file) ?? readLines(file);
    files.set(file, lines);
    return lines?.[line - 1] ?? null;
  };
  const blocks = diagnostics.slice(0, MOST_BLOCKS).map((diagnostic) =>
    block(diagnostic, paint, lineOf)
  );
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const rest = diagnostics.length > MOST_BLOCKS
    ? `, of which these are the first ${MOST_BLOCKS}`
    : "";
  if (errors > 1) blocks.push(paint.strong(`${errors} errors${rest}`));
  return blocks.join("\n\n");
}

function block(
  { severity, message, help, location }: Diagnostic,
  paint: Paint,
  lineOf: (location: Location) => string | null,
): string {
  const colour = severity === "error" ? paint.red : paint.cyan;
  const lines = [`${colour(severity)}: ${paint.strong(visible(message))}`];
  let odd = oddIn(message);
  if (location !== null) {
    const source = lineOf(location);
    const number = String(location.line);
    const margin = " ".repeat(number.length);
    const place = `${shorten(location.file)}:${location.line}:${location.column}`;
    lines.push(`${margin}${paint.cyan("-->")} ${visible(place)}`);
    if (source !== null && source.trim() !== "") {
      const { text, marks } = underline(source, location);
      lines.push(`${paint.cyan(`${number} |`)} ${text}`);
      lines.push(`${paint.cyan(`${margin} |`)} ${colour(marks)}`);
      const { column, length } = location;
      odd ??= oddIn(source.slice(column - 1, column - 1 + length));
    }
  }
  if (odd !== null) lines.push(`  ${paint.cyan("note")}: ${odd}`);
  if (help !== undefined) lines.push(`  ${paint.cyan("help")}: ${visible(help)}`);
  return lines.join("\n");
}

/** The part of the line around the place, and the marks below it. */
function underline(
  source: string,
  { column, length }: Location,
): { text: string; marks: string } {
  const start = Math.min(column - 1, source.length);
  const end = Math.min(start + length, source.length);
  const cutStart = end > WINDOW ? Math.max(0, Math.min(start - 20, end - WINDOW / 2)) : 0;
  const cutEnd = Math.min(source.length, cutStart + WINDOW);
  const before = (cutStart > 0 ? "…" : "") + visible(source.slice(cutStart, start));
  const marked = visible(source.slice(start, Math.min(end, cutEnd)));
  const after = visible(source.slice(Math.min(end, cutEnd), cutEnd)) +
    (cutEnd < source.length ? "…" : "");
  return {
    text: (before + marked + after).trimEnd(),
    marks: " ".repeat(width(before)) + "^".repeat(Math.max(1, width(marked))),
  };
}

/** Null where it cannot be read: the place is worth showing without it. */
function readLines(file: string): readonly string[] | null {
  try {
    // As the reader of configs does, this drops a byte order mark, which columns do not count.
    return new TextDecoder().decode(Deno.readFileSync(file)).split(/\r?\n/);
  } catch {
    return null;
  }
}

/** From the current folder, where that is no way up. */
export function shorten(file: string): string {
  try {
    const path = relative(Deno.cwd(), file);
    return path === "" || path.startsWith("..") ? file : path;
  } catch {
    return file;
  }
}

/** East Asian wide forms and most emoji take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]/u;

function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (!/\p{Mn}/u.test(character)) columns += WIDE.test(character) ? 2 : 1;
  }
  return columns;
}
