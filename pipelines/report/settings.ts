/** What the variants were asked for: a table of what differs between them, and all the rest folded. */
/// <reference lib="dom" />
import type { Json } from "../json.ts";
import { element, table } from "./dom.ts";
import type { Lineage } from "./lineage.ts";

type Node = Lineage["nodes"][number];

/** Values by place (`train optimizer.learningRate`), in the order of the graph. */
type Settings = ReadonlyMap<string, Json>;

const isMap = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isListOfMaps = (value: Json | undefined): value is Json[] =>
  Array.isArray(value) && value.length > 0 && value.every(isMap);

const say = (value: Json | undefined): string =>
  value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);

/** The cell's name without its seed, as the page names variants. */
const variantOf = (node: string) =>
  cellOf(node).filter((part) => !part.startsWith("seed=")).join(",");
const cellOf = (node: string) => {
  const at = node.indexOf("@");
  return at < 0 ? [] : node.slice(at + 1).split(",");
};
const stageOf = (node: string) => node.split("@", 1)[0] ?? node;

/** `train@a=0.5.model`: the node, and its output. */
function feedOf(feed: string): { node: string; output: string } {
  const at = feed.lastIndexOf(".");
  return { node: feed.slice(0, at), output: feed.slice(at + 1) };
}

/** Of the nodes that a variant's results come from, the first of each stage. */
function settingsOf(variant: string, { nodes, settings = [] }: Lineage): Settings {
  const byName = new Map(nodes.map((one) => [one.node, one]));
  const found = new Map<string, Node>();
  const seen = new Set<string>();
  const rest = nodes.filter(({ node }) => variantOf(node) === variant && node.includes("@"));
  // A config without variants: all but the page, which gathers them.
  if (rest.length === 0) rest.push(...nodes.filter(({ node }) => !node.includes("@")));
  for (let one = rest.shift(); one !== undefined; one = rest.shift()) {
    if (seen.has(one.node)) continue;
    seen.add(one.node);
    const stage = stageOf(one.node);
    if (!found.has(stage)) found.set(stage, one);
    for (const feed of Object.values(one.feeds ?? {}).flat()) {
      const node = byName.get(feedOf(feed).node);
      if (node !== undefined) rest.push(node);
    }
  }
  const inOrder = nodes.filter((one) => found.get(stageOf(one.node)) === one);
  const flat = new Map<string, Json>();
  for (const { node, settings: index, feeds = {} } of inOrder) {
    const stage = stageOf(node);
    const wiring = Object.entries(feeds).map(([input, all]): [string, Json] => [
      `input ${input}`,
      [
        ...new Set(
          all.map(feedOf).map(({ node, output }) => `${stageOf(node)}.${output}`),
        ),
      ].join(", "),
    ]);
    for (const [name, value] of wiring) flat.set(`${stage} ${name}`, value);
    const params = index === undefined ? undefined : settings[index];
    if (!isMap(params)) continue;
    // A cell of several that feed it (a pass) is there for all of them: what numbers it is no setting.
    const numbers = cellOf(node).filter((part) => !variant.split(",").includes(part))
      .map((part) => part.split("=", 1)[0]);
    const own = Object.entries(params).filter(([name]) => !numbers.includes(name));
    flatten(Object.fromEntries(own), `${stage} `, flat);
  }
  return flat;
}

/** Puts a map's values under their paths. */
function flatten(value: Json, path: string, into: Map<string, Json>): void {
  const isStage = path.endsWith(" ");
  if (!isMap(value) || (Object.keys(value).length === 0 && !isStage)) {
    into.set(path, value);
    return;
  }
  const start = isStage ? path : `${path}.`;
  for (const [name, one] of Object.entries(value)) flatten(one, `${start}${name}`, into);
}

/** Lists of maps of one length (layers) compare one by one. */
function opened(all: readonly Settings[]): Settings[] {
  const lists = new Map<string, Json[][]>();
  for (const path of new Set(all.flatMap((one) => [...one.keys()]))) {
    const values = all.map((one) => one.get(path));
    const found = values.filter(isListOfMaps);
    const isSame = found.length === values.length &&
      found.every(({ length }) => length === found[0]?.length);
    if (isSame) lists.set(path, found);
  }
  return all.map((settings, i) => {
    const flat = new Map<string, Json>();
    for (const [path, value] of settings) {
      const list = lists.get(path)?.[i];
      if (list === undefined) flat.set(path, value);
      else list.forEach((one, k) => flatten(one, `${path}.${k}`, flat));
    }
    return flat;
  });
}

const CAPTION = "Params after defaults, and where inputs come from.";
const BOLD = " Bold in a list: what the first variant has not.";

/** Fills the section; `variants`: the page's, in its order. */
export function showSettings(
  place: HTMLElement,
  lineage: Lineage | null,
  variants: readonly string[],
): void {
  if (lineage?.settings === undefined) {
    place.replaceChildren(element(
      "p",
      "No run has published this page: what the variants were asked for is not known.",
      "note",
    ));
    return;
  }
  const all = opened(variants.map((one) => settingsOf(one, lineage)));
  const paths = [...new Set(all.flatMap((one) => [...one.keys()]))];
  const isSame = (path: string) =>
    new Set(all.map((one) => JSON.stringify(one.get(path)))).size <= 1;
  const different = paths.filter((path) => !isSame(path)), same = paths.filter(isSame);
  const names = variants.map((name) => name === "" ? "model" : name);
  const rows = different.map((path) => {
    const values = all.map((one) => one.get(path));
    return [setting(path), ...values.map((value) => cell(value, values))];
  });
  place.replaceChildren(
    ...rows.length === 0
      ? variants.length > 1 ? [element("p", "Nothing but the names.", "note")] : []
      : [table(CAPTION + BOLD, ["", ...names], rows)],
    element("details", [
      element("summary", variants.length > 1 ? "What all have in common" : "All settings"),
      table(
        CAPTION,
        ["", "Value"],
        same.map((path) => {
          const value = all[0]?.get(path);
          return [setting(path), cell(value, [value])];
        }),
      ),
    ]),
  );
}

function setting(path: string): HTMLElement {
  const made = element("th", path);
  made.setAttribute("scope", "row");
  return made;
}

/** A value; a list of maps a line each, with that alone which tells its members apart. */
function cell(value: Json | undefined, all: readonly (Json | undefined)[]): HTMLElement {
  if (!isListOfMaps(value)) return element("td", say(value), "text");
  const members = all.filter(isListOfMaps).flat();
  const [first] = all;
  const known = new Set((isListOfMaps(first) ? first : []).map(say));
  const lines = value.map((one) =>
    element(known.has(say(one)) ? "span" : "strong", memberOf(one, members))
  );
  return element(
    "td",
    lines.flatMap((line, i): HTMLElement[] => i === 0 ? [line] : [element("br"), line]),
    "text",
  );
}

/** `conv2d filters 64`: its kind and those of its settings that others of the kind have otherwise. */
function memberOf(member: Json, members: readonly Json[]): string {
  const [kind, own] = Object.entries(isMap(member) ? member : {})[0] ?? ["", null];
  if (!isMap(own)) return say(member);
  const others = members.flatMap((one) => isMap(one) && isMap(one[kind]) ? [one[kind]] : []);
  const telling = Object.entries(own).filter(([key, value]) =>
    others.some((other) => say(other[key]) !== say(value))
  );
  return [kind, telling.map(([key, value]) => `${key} ${say(value)}`).join(", ")]
    .filter((part) => part !== "").join(" ");
}
