/** Differences of two fingerprints as lines of text. */
import type { Change } from "../plan/compare.ts";
import { pad, visibleLine, width } from "./text.ts";

/** Old and new, with what is changed in front; a row a change, without its last cells where there are none. */
export function changeRow(change: Change): readonly [kind: string, what: string, values: string] {
  const arrow = (old: string | null, now: string | null) => `${old ?? "none"} > ${now ?? "none"}`;
  const digest = (text: string | null) => text?.slice(0, 12) ?? null;
  const came = (old: string | null, now: string | null) =>
    old === null ? "new" : now === null ? "gone" : `${digest(old)} > ${digest(now)}`;
  switch (change.type) {
    case "format":
      return ["format", "", arrow(change.old, change.new)];
    case "params":
      return ["param", change.path, arrow(change.old, change.new)];
    case "seed":
      return ["seed", "", `${change.old ?? "none"} > ${change.new ?? "none"}`];
    case "stage":
      return ["stage", "", arrow(change.old, change.new)];
    case "version":
      return ["version", "", arrow(change.old, change.new)];
    case "code":
      return ["code", change.module, came(change.old, change.new)];
    case "package": {
      const [old, now] = [change.old, change.new].map((text) => text?.split(" ")[0] ?? null);
      // The same version with another content is told by its digest.
      const isSame = old === now;
      return [
        "package",
        change.package,
        isSame ? "other content" : arrow(old ?? null, now ?? null),
      ];
    }
    case "kernels":
      return ["kernels", change.family, came(change.old, change.new)];
    case "numerics":
      return ["backend", "", arrow(change.old, change.new)];
    case "input": {
      const name = change.name ?? (change.index > 0 ? `${change.index}` : "");
      const what = name === "" ? change.input : `${change.input} (${name})`;
      return ["input", what, came(change.old, change.new)];
    }
    default:
      return change satisfies never;
  }
}

/** Rows as lines, in columns, with `indent` before each. */
export function inColumns(rows: readonly (readonly string[])[], indent = ""): string[] {
  const clean = rows.map((row) => row.map(visibleLine));
  const widths: number[] = [];
  for (const row of clean) {
    row.forEach((cell, column) => widths[column] = Math.max(widths[column] ?? 0, width(cell)));
  }
  return clean.map((row) =>
    indent + row.map((cell, column) => pad(cell, widths[column] ?? 0)).join("  ").trimEnd()
  );
}
