/** What is said at the end of a run: what failed, the figures, what it came to. */
import { inColumns } from "./changes.ts";
import { cut, duration, type Paint, shortNumber, visible, visibleLine } from "./text.ts";
import type { Ended, Watch } from "./watch.ts";

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

/** What a run came to: a row for each output that tells figures, a column for each of these. */
export function figureLines({ told: { figures, more } }: Watch, columns = Infinity): string[] {
  if (figures.length === 0) return [];
  const stageOf = (node: string) => node.split("@")[0] ?? node;
  const stages = new Set(figures.map(({ node }) => stageOf(node)));
  const outputs = new Set(figures.map(({ node, output }) => `${stageOf(node)}.${output}`));
  const names = [...new Set(figures.flatMap(({ values }) => Object.keys(values)))];
  const rows = figures.map(({ node, output, values }) => [
    outputs.size > stages.size ? `${node}.${output}` : node,
    ...names.map((name) => {
      const value = values[name];
      return value === undefined ? "" : shortNumber(value);
    }),
  ]);
  return [
    ...inColumns([["figures", ...names], ...rows]).map((line) => cut(line, columns)),
    ...more > 0 ? [`and ${more} more`] : [],
  ];
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
