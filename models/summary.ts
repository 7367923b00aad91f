/** The table that Keras 3 prints of a model. */
import { countParameters, kindOf, type Layer } from "./layers.ts";

const WIDTHS = [31, 22, 13] as const;

/** Keras' units: powers of 1024, two places. */
function bytes(parameters: number): string {
  let size = parameters * 4;
  for (const unit of ["B", "KB", "MB", "GB"]) {
    if (size < 1024) return `${size.toFixed(2)} ${unit}`;
    size /= 1024;
  }
  return `${size.toFixed(2)} TB`;
}

/** 412778 to "412,778", without the locale's help. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `model.summary()` of Keras 3, lines joined by "\n". Columns grow where a text is longer than Keras' width. */
export function summary(layers: readonly Layer[]): string {
  const rows = layers.map(({ spec, outputShape, parameters }) => [
    `${spec.name} (${kindOf(spec).className})`,
    `(${["None", ...outputShape].join(", ")})`,
    grouped(parameters),
  ]);
  const widths = WIDTHS.map((width, column) =>
    Math.max(width, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[], bar: string) =>
    bar + cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return ` ${column === 2 ? cell.padStart(width) : cell.padEnd(width)} `;
    }).join(bar) + bar;
  const rule = (left: string, fill: string, middle: string, right: string) =>
    left + widths.map((width) => fill.repeat(width + 2)).join(middle) + right;
  const body = rows.map((row) => line(row, "│")).join(`\n${rule("├", "─", "┼", "┤")}\n`);
  const { total, trainable, nonTrainable } = countParameters(layers);
  const count = (what: string, n: number) => ` ${what} params: ${grouped(n)} (${bytes(n)})`;
  return [
    'Model: "sequential"',
    rule("┏", "━", "┳", "┓"),
    line(["Layer (type)", "Output Shape", "Param #"], "┃"),
    rule("┡", "━", "╇", "┩"),
    body,
    rule("└", "─", "┴", "┘"),
    count("Total", total),
    count("Trainable", trainable),
    count("Non-trainable", nonTrainable),
  ].join("\n");
}
