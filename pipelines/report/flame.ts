/** A profile as a flame chart: the step, its parts, their layers, the layers' operations. */
/// <reference lib="dom" />
import type { ProfileLine, StepProfile } from "../stage.ts";
import { element, shape, table } from "./dom.ts";

/** What the engine has kept of `deno task profile`. */
export interface NodeProfile extends StepProfile {
  readonly node: string;
  readonly key: string;
  readonly started: string;
  readonly machine: string;
  readonly threads: number;
  readonly deno: string;
}

/** A stretch of a step, in milliseconds from its start. */
interface Bar {
  readonly name: string;
  readonly part: string;
  readonly start: number;
  readonly milliseconds: number;
}

const ROW = 22;

/** `key`: of the node in the run that the page is of. */
export function showProfile(profile: NodeProfile, key: string | null): HTMLElement {
  const { node, batch, milliseconds, started, machine, threads, deno, lines, steps } = profile;
  const share = (part: string) =>
    percent(
      lines.filter((line) => line.part === part).reduce((sum, line) => sum + line.milliseconds, 0),
      profile,
    );
  const figure = element("figure", [
    chart(profile),
    element(
      "figcaption",
      `A step of ${batch} images took ${time(milliseconds)}: ${share("forward")} forward, ${
        share("backward")
      } backward, ${share("update")} update, ${share("outside")} outside the kernels. ` +
        `${steps} steps were timed on ${threads === 1 ? "one thread" : `${threads} threads`}, ${
          moment(started)
        }: ` +
        `${machine}, Deno ${deno}.${
          key === profile.key ? "" : " Code, params or data were others."
        }`,
    ),
  ], "flame");
  figure.dataset["node"] = node;
  const rows = lines.map((line) => [
    element("td", line.part),
    element("td", line.layer, "text"),
    element("td", line.operation, "text"),
    element("td", time(line.milliseconds)),
    element("td", time(line.least)),
    element("td", percent(line.milliseconds, profile)),
  ]);
  return element("div", [
    element("h3", `Where a step of ${node} spent its time`),
    figure,
    element("details", [
      element("summary", "The same as numbers"),
      table(
        "A typical step: the mean of the middle half of the steps, so that the lines add up",
        ["Part", "Layer", "Operation", "A step", "Least", "Share"],
        rows,
      ),
    ]),
  ]);
}

/** To the minute: 2026-01-31 12:30 UTC. */
const moment = (iso: string) => `${iso.slice(0, 16).replace("T", " ")} UTC`;

const time = (milliseconds: number) => `${milliseconds.toFixed(3)} ms`;

function percent(milliseconds: number, profile: NodeProfile): string {
  return `${(100 * milliseconds / profile.milliseconds).toFixed(1)} %`;
}

/** Places are shares of the width, heights are pixels: on a phone it is narrow, and its text as large. */
function chart(profile: NodeProfile): Element {
  const { lines, milliseconds } = profile;
  const rows = [
    [{ name: "step", part: "step", start: 0, milliseconds }],
    bars(lines, ({ part }) => part),
    bars(lines, ({ layer }) => layer),
    bars(lines, null),
  ];
  const height = ROW * rows.length;
  const made = shape("svg", {
    width: "100%",
    height,
    role: "img",
    "aria-label": `Flame chart of a step of ${profile.node}; its numbers stand in the table below`,
  });
  for (const [depth, row] of rows.entries()) {
    for (const { name, part, start, milliseconds } of row) {
      // One inside the other, so that a name ends where its bar does.
      const box = shape("svg", {
        x: `${100 * start / profile.milliseconds}%`,
        y: depth * ROW,
        width: `${100 * milliseconds / profile.milliseconds}%`,
        height: ROW,
      });
      const bar = shape("rect", { width: "100%", height: ROW - 1, class: part });
      bar.dataset["depth"] = String(depth);
      const what = `${name}: ${time(milliseconds)}, ${percent(milliseconds, profile)}`;
      box.append(
        shape("title", {}, part === "step" ? what : `${part}, ${what}`),
        bar,
      );
      // In less there is no room for a word.
      if (milliseconds > profile.milliseconds / 40) {
        box.append(shape("text", { x: 5, y: 15 }, name));
      }
      made.append(box);
    }
  }
  return made;
}

/** Neighbours of one part with equal names are one bar; with null each line is one. */
function bars(
  lines: readonly ProfileLine[],
  nameOf: ((line: ProfileLine) => string) | null,
): Bar[] {
  const found: Bar[] = [];
  let start = 0;
  for (const line of lines) {
    const { part, milliseconds } = line;
    const name = nameOf === null ? line.operation : nameOf(line);
    const last = found.at(-1);
    if (nameOf !== null && last?.part === part && last.name === name) {
      found[found.length - 1] = { ...last, milliseconds: last.milliseconds + milliseconds };
    } else found.push({ name, part, start, milliseconds });
    start += milliseconds;
  }
  return found;
}
