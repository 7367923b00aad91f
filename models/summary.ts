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

/** Breaks a text between words so that each line fits; a word that is too long is cut. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const fitting = word.length > width ? `${word.slice(0, width - 1)}…` : word;
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + fitting.length <= width) {
      lines[lines.length - 1] = `${line} ${fitting}`;
    } else lines.push(fitting);
  }
  return lines;
}

/** `model.summary()` of Keras 3, lines joined by "\n". */
export function summary(layers: readonly Layer[]): string {
  const rows = layers.map(({ spec, outputShape, parameters }) => [
    `${spec.name} (${kindOf(spec).className})`,
    `(${["None", ...outputShape].join(", ")})`,
    grouped(parameters),
  ]);
  const line = (cells: readonly string[], bar: string) => {
    const wrapped = WIDTHS.map((width, column) => wrap(cells[column] ?? "", width));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, i) =>
      bar + WIDTHS.map((width, column) => {
        const text = wrapped[column]?.[i] ?? "";
        return ` ${column === 2 ? text.padStart(width) : text.padEnd(width)} `;
      }).join(bar) + bar).join("\n");
  };
  const rule = (left: string, fill: string, middle: string, right: string) =>
    left + WIDTHS.map((width) => fill.repeat(width + 2)).join(middle) + right;
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
