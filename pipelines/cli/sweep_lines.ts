/** What a sweep says in the end. */
import type { Measured, SweepData } from "../report/sweep_data.ts";
import { shortNumber, visibleLine } from "./text.ts";

/**
 * The best trial, beside the baseline; what failed; how to go on. `words`: of the command line. `config`: the
 * winner's, as the user would write its path.
 */
export function endLines(
  data: SweepData,
  isOver: boolean,
  words: readonly string[],
  config: string | null,
): string[] {
  const lines: string[] = [];
  const winner = data.trials.find(({ trial }) => trial === data.winner?.trial);
  if (winner !== undefined) {
    lines.push(
      `winner     trial ${winner.trial}: ${data.metric} ${meanText(winner.metrics, data.unit)}${
        against(data)
      }`,
    );
    for (const [path, value] of Object.entries(winner.settings)) {
      lines.push(`           ${visibleLine(path)}=${visibleLine(textOf(value))}`);
    }
    const test = data.winner?.test ?? null;
    if (test !== null) lines.push(`           on the test set: ${meanText(test, data.unit)}`);
    if (config !== null) lines.push(`           its config: ${visibleLine(config)}`);
  }
  const failed = data.trials.filter(({ state }) => state === "failed");
  if (failed.length > 0) {
    const names = failed.slice(0, 8).map(({ trial }) => trial).join(", ");
    lines.push(`failed     ${failed.length} of ${data.trials.length} trials: ${names}`);
  }
  lines.push(...(data.limits ?? []).map((text) => `note       ${visibleLine(text)}`));
  if (!isOver) {
    lines.push(`unfinished \`deno task ${words.map(visibleLine).join(" ")}\` goes on`);
  }
  return lines;
}

function against({ baseline, unit }: SweepData): string {
  return baseline === null || baseline.metrics.length === 0
    ? ""
    : `, the baseline ${meanText(baseline.metrics, unit)}`;
}

/** `0.8934`, or `0.8934 (3 seeds, 0.8911 to 0.8952)`, with the epochs that were kept. */
function meanText(metrics: readonly Measured[], unit = ""): string {
  const values = metrics.map(({ value }) => value);
  const mean = shortNumber(values.reduce((sum, value) => sum + value, 0) / values.length);
  const kept = metrics.flatMap(({ at }) => at ?? []).join(", ");
  const of = kept === "" ? "" : ` of ${unit} ${kept}`;
  if (values.length < 2) return `${mean}${of}`;
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => shortNumber(value));
  return `${mean} (${values.length} seeds, ${low} to ${high})${of}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
