/**
 * Writes down where a page comes from. The artifact holds results alone; when a run ends the engine puts
 * these facts into the page's slot, `<script type="application/json" id="crisol-lineage">`.
 */
/// <reference lib="dom" />
import type { Json } from "../json.ts";
import { element, shape, table } from "./dom.ts";
import { type NodeProfile, showProfile } from "./flame.ts";

/** The slot's content; a run record, with the packages' versions and the seed. */
export interface Lineage {
  readonly id: string;
  readonly started: string;
  readonly command: readonly string[];
  readonly milliseconds?: number;
  readonly git?: { readonly commit: string; readonly dirty: boolean } | null;
  readonly deno?: string;
  readonly overrides?: readonly string[];
  readonly packages?: Readonly<Record<string, string>>;
  readonly seed?: number | null;
  readonly profiles?: readonly NodeProfile[];
  /** Params that nodes ran with, each once. */
  readonly settings?: readonly Json[];
  readonly nodes: readonly {
    readonly node: string;
    readonly key: string | null;
    readonly outcome: string;
    /** Of the stage run that made the result, in this run or an earlier one. */
    readonly milliseconds: number;
    /** Why it ran, in words. */
    readonly why?: string;
    /** Why its result was kept although its code had changed. */
    readonly accepted?: string;
    /** What the config gives in the place of its code. */
    readonly version?: string;
    /** The same key had given another result, in words. */
    readonly diverged?: string;
    /** Nodes that failed, or were blocked, and that it was made without. */
    readonly missing?: readonly string[];
    /** Why it failed. */
    readonly message?: string;
    readonly outputs?: Readonly<Record<string, string>>;
    readonly seed?: number | null;
    /** Its place in `settings`. */
    readonly settings?: number;
    /** By input, what feeds it: `train@sparse.model`. */
    readonly feeds?: Readonly<Record<string, readonly string[]>>;
  }[];
}

export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(seconds - minutes * 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A word that a POSIX shell reads as it stands. */
export const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

const short = (digest: string) => {
  const made = element("code", digest.replace(/^sha256[:-]/, "").slice(0, 12));
  made.title = digest;
  return made;
};

export function showLineage(place: HTMLElement, lineage: Lineage | null): void {
  if (lineage === null) {
    place.replaceChildren(element(
      "p",
      "No run has published this page: it shows results, but not how they came to be.",
      "note",
    ));
    return;
  }
  const { git } = lineage;
  const facts: [string, string][] = [
    ["run", lineage.id],
    ["started", lineage.started],
    ...(lineage.milliseconds === undefined
      ? []
      : [["took", duration(lineage.milliseconds)] satisfies [string, string]]),
    ["commit", git ? git.commit + (git.dirty ? ", with uncommitted changes" : "") : "not in git"],
    ...(lineage.seed == null ? [] : [["seed", String(lineage.seed)] satisfies [string, string]]),
    ...(lineage.deno === undefined ? [] : [["Deno", lineage.deno] satisfies [string, string]]),
    ...Object.entries(lineage.packages ?? {}),
    ...(lineage.overrides ?? []).map((o): [string, string] => ["override", o]),
  ];
  const rows = lineage.nodes.map((n) => [
    element("td", n.node),
    element("td", n.outcome, "text"),
    element("td", n.milliseconds > 0 ? duration(n.milliseconds) : "–"),
    element("td", n.key === null ? "–" : [short(n.key)], "text"),
    element(
      "td",
      Object.entries(n.outputs ?? {}).flatMap(([name, digest], i) => [
        document.createTextNode(`${i === 0 ? "" : ", "}${name} `),
        short(digest),
      ]),
      "text",
    ),
    element("td", remarks(n), "text"),
  ]);
  place.replaceChildren(
    element("h3", "The command that reproduces it"),
    element("pre", [element("code", lineage.command.map(quoted).join(" "))]),
    element("h3", "How the stages spent their time"),
    timeChart(lineage),
    ...(lineage.profiles ?? []).map((profile) =>
      showProfile(profile, lineage.nodes.find(({ node }) => node === profile.node)?.key ?? null)
    ),
    table(
      "A hit was not run again: its key, and so its result, was known; its time is that of the stage run that made it",
      ["Node", "Outcome", "Time", "Key", "Outputs", "Why it ran, and what to know"],
      rows,
    ),
    table(
      "Recorded, but never part of a key",
      ["Fact", "Value"],
      facts.map(([name, value]) => [element("td", name), element("td", value, "text")]),
    ),
  );
  showTimes(lineage);
}

/** Why it ran, then what was done by hand or went wrong, each on a line of its own. */
function remarks({ why, accepted, version, diverged }: Lineage["nodes"][number]): Node[] {
  const lines = [
    ...why === undefined ? [] : [element("span", why)],
    ...accepted === undefined ? [] : [element("strong", `accepted by hand: ${accepted}`)],
    ...version === undefined ? [] : [element("span", `version ${version} stands for its code`)],
    ...diverged === undefined ? [] : [element("strong", `it ${diverged}`)],
  ];
  return lines.flatMap((line, i) => i === 0 ? [line] : [element("br"), line]);
}

/** A bar a node that ran, longest first. */
function timeChart(lineage: Lineage): Element {
  const ran = lineage.nodes.filter((n) => n.milliseconds > 0)
    .sort((a, b) => b.milliseconds - a.milliseconds).slice(0, 30);
  if (ran.length === 0) return element("p", "No times were recorded.", "note");
  const longest = Math.max(...ran.map((n) => n.milliseconds));
  const height = 22 * ran.length;
  const chart = shape("svg", {
    viewBox: `0 0 560 ${height}`,
    width: 560,
    height,
    role: "img",
    "aria-label": "Time of each stage run",
  });
  ran.forEach((n, i) => {
    const y = 22 * i, width = Math.max(1, 270 * n.milliseconds / longest);
    chart.append(
      shape(
        "text",
        { x: 172, y: y + 15, "text-anchor": "end", "font-size": 12, class: "ink" },
        n.node.length > 26 ? n.node.slice(0, 25) + "…" : n.node,
      ),
      shape("rect", { x: 180, y: y + 4, width, height: 14, class: "bar" }),
      shape(
        "text",
        { x: 188 + width, y: y + 15, "font-size": 12, class: "ink" },
        duration(n.milliseconds),
      ),
    );
  });
  const figure = element("figure", [chart], "chart");
  figure.id = "times";
  return figure;
}

/** Fills the variants table's times: what the nodes whose cell names the variant took. */
function showTimes(lineage: Lineage): void {
  for (const cell of document.querySelectorAll<HTMLElement>("[data-time]")) {
    const variant = cell.dataset["time"] ?? "";
    const own = lineage.nodes.filter((n) => {
      const at = n.node.indexOf("@");
      const parts = at < 0
        ? []
        : n.node.slice(at + 1).split(",").filter((p) => !p.startsWith("seed="));
      return parts.join(",") === variant && variant !== "";
    });
    const time = own.reduce((sum, n) => sum + n.milliseconds, 0);
    cell.textContent = time > 0 ? duration(time) : "–";
  }
}
