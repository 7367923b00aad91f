/** A profile as lines of text. */
import type { Profile } from "../store/profiles.ts";
import type { ProfileLine } from "../stage.ts";
import { type Paint, visibleLine } from "./text.ts";

const TITLES = {
  outside: "outside the kernels",
  forward: "forward",
  backward: "backward",
  update: "update",
} as const;

type Row = readonly [name: string, milliseconds: number, least: number | null];

/** Each part with its lines, in the order of a step; then each layer; last the step. */
export function profileTable(profile: Profile, paint: Paint): string {
  const { node, steps, batch, machine, lines } = profile;
  const column = Math.max(...lines.map(({ layer }) => visibleLine(layer).length));
  const row = (line: ProfileLine): Row => [
    `  ${visibleLine(line.layer).padEnd(column)}  ${line.operation}`,
    line.milliseconds,
    line.least,
  ];
  const parts = Object.entries(TITLES).map(([part, title]) => {
    const own = lines.filter((line) => line.part === part);
    return { title: [title, sumOf(own), null] satisfies Row, rows: own.map(row) };
  });
  const layers = [
    ...Map.groupBy(lines.filter(({ part }) => part !== "outside"), (line) => line.layer),
  ]
    .map(([layer, own]): Row => [`  ${visibleLine(layer)}`, sumOf(own), null]);
  const step: Row = ["step", profile.milliseconds, profile.least];
  const all = [...parts.flatMap(({ title, rows }) => [title, ...rows]), ...layers, step];
  const width = Math.max(...all.map(([name]) => name.length));
  const text = ([name, milliseconds, least]: Row) =>
    [
      name.padEnd(width),
      milliseconds.toFixed(3).padStart(9),
      (least === null ? "" : least.toFixed(3)).padStart(9),
      `${(100 * milliseconds / profile.milliseconds).toFixed(1)} %`.padStart(8),
    ].join(" ");
  const images = `${batch} ${batch === 1 ? "image" : "images"}`;
  return [
    `${node}: ${steps} steps of ${images} on one thread; ${visibleLine(machine)}`,
    "",
    paint.faint([
      "".padEnd(width),
      "ms/step".padStart(9),
      "least".padStart(9),
      "share".padStart(8),
    ].join(" ")),
    ...parts.flatMap(({ title, rows }) => [paint.strong(text(title)), ...rows.map(text)]),
    paint.strong("by layer"),
    ...layers.map(text),
    paint.strong(text(step)),
    "",
  ].join("\n");
}

function sumOf(lines: readonly ProfileLine[]): number {
  return lines.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}
