/** Small things about text that goes to a terminal. */

/** What could drive a terminal or turn text around; line ends and tabs are left. */
const UNSAFE = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu;

/** Control characters as visible escapes, so that nothing read from a file can drive the terminal. */
export function visible(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The same for one line: line ends and tabs too. */
export function visibleLine(text: string): string {
  return visible(text.replace(/\n/g, "\\n").replace(/\t/g, " "));
}

/** 41 s, 2 min 5 s, 3 h 12 min; below ten seconds with a tenth. */
export function duration(milliseconds: number): string {
  const tenths = Math.round(milliseconds / 100);
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 0:41, 2:05, 3:12:09: for what changes in place. */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** 12 B, 3.4 MB. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** 0.8934, 12.3, 1.2e-5: at most so many digits that count. */
export function shortNumber(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)));
}

/** A float32 with as few digits as read back as it: 0.1, not 0.10000000149011612. */
export function shortSingle(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const found = Number(value.toPrecision(digits));
    if (Math.fround(found) === value) return found;
  }
  return Number(value.toPrecision(9));
}

/** Without the last digits, which are those of rounding errors where it was computed: 0.2, not 0.20000000000000004. */
export function withoutErrors(value: number): number {
  return Number(value.toPrecision(15));
}

// deno-lint-ignore no-control-regex -- colour codes begin with a control character
const CODES = /\u001b\[[0-9;]*m/g;
/** Characters that take two columns: East Asian wide forms and most emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]/u;

/** Columns that a line takes; colour codes take none. */
export function width(line: string): number {
  let columns = 0;
  for (const character of line.replace(CODES, "")) {
    columns += WIDE.test(character) ? 2 : 1;
  }
  return columns;
}

/** The line in at most `columns` columns, with an ellipsis where it was cut; without colour codes. */
export function cut(line: string, columns: number): string {
  if (width(line) <= columns) return line;
  let used = 0;
  let kept = "";
  for (const character of line.replace(CODES, "")) {
    used += WIDE.test(character) ? 2 : 1;
    if (used > columns - 1) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : "";
}

export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - width(text)));
}

/** Colours, or none. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly note: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
}

const code = (start: number, end: number) => (text: string) =>
  `\u001b[${start}m${text}\u001b[${end}m`;
const same = (text: string) => text;

export const PLAIN: Paint = { good: same, bad: same, note: same, faint: same, strong: same };
export const COLOURS: Paint = {
  good: code(32, 39),
  bad: code(31, 39),
  note: code(36, 39),
  faint: code(2, 22),
  strong: code(1, 22),
};

/** A piece of a line with its colour. */
export type Segment = readonly [text: string, paint?: (text: string) => string];

/** Segments as one line of at most `columns` columns, cut where it must be. */
export function fit(segments: readonly Segment[], columns: number): string {
  let left = columns;
  let line = "";
  for (const [text, paint = same] of segments) {
    if (left <= 0) break;
    const part = cut(text, left);
    left -= width(part);
    if (part !== "") line += paint(part);
    if (part !== text) break;
  }
  return line;
}
