/** Nodes, trials, failures and remarks as tables and lists. */
/// <reference lib="dom" />
import { clock, duration } from "../../cli/text.ts";
import { element } from "../../report/dom.ts";
import type { NodeView, State, SweepView } from "../views.ts";
import { byId, inside, keepAll, setData, setText } from "./keep.ts";
import { type Run, wordOf } from "./run.ts";

const MOST_ROWS = 50;
/** What a reader looks for first. */
const RANK: readonly State[] = [
  "failed",
  "running",
  "waiting",
  "ran",
  "blocked",
  "cancelled",
  "hit",
];

export type ShowLog = (node: string) => void;

/** A table whose body is kept up to date; made once. */
function bodyOf(place: Element, caption: string, head: readonly string[]): HTMLElement {
  if (place.querySelector("table") === null) {
    const cells = head.map((name, index) => {
      const cell = element("th", name, index === 0 ? "" : "text");
      cell.setAttribute("scope", "col");
      return cell;
    });
    place.append(element("table", [
      element("caption"),
      element("thead", [element("tr", cells)]),
      element("tbody"),
    ]));
  }
  setText(inside(place, "caption"), caption);
  return inside(place, "tbody");
}

function logButton(node: string, showLog: ShowLog): HTMLElement {
  const button = element("button", "log");
  button.setAttribute("aria-label", `log of ${node}`);
  button.addEventListener("click", () => showLog(node));
  return button;
}

/** Rows of nodes: name, state, bar, facts, time, log. */
function nodeRows(
  body: HTMLElement,
  nodes: readonly NodeView[],
  isBroken: boolean,
  showLog: ShowLog,
  now: number,
): void {
  keepAll(body, nodes, ({ id }) => id, ({ id }) => {
    const bar = element("span", [element("i")], "bar");
    return element("tr", [
      element("td"),
      element("td", "", "text state"),
      element("td", [bar], "text"),
      element("td", "", "text wrap"),
      element("td"),
      element("td", [logButton(id, showLog)]),
    ]);
  }, (row, node) => {
    const cell = (index: number) => inside(row, `td:nth-child(${index})`);
    setText(cell(1), node.id);
    const word = wordOf(node.state, isBroken);
    setText(cell(2), node.attempt > 1 ? `${word}, try ${node.attempt}` : word);
    setData(row, "state", node.state);
    const { progress } = node;
    const part = progress === null ? 0 : Math.min(1, progress.done / (progress.total || 1));
    inside(row, ".bar").hidden = progress === null;
    inside(row, ".bar i").style.width = `${100 * part}%`;
    setText(cell(4), factsOf(node));
    setText(cell(5), timeOf(node, now));
    // What was not begun has none.
    inside(row, "button").hidden = node.started === null;
  });
}

function factsOf({ progress, blockedBy, said }: NodeView): string {
  if (blockedBy !== null) return `by ${blockedBy}`;
  if (progress === null) return said ?? "";
  const facts = Object.entries(progress.facts).map(([name, value]) => `${name} ${value}`);
  return [`${progress.unit} ${progress.done}/${progress.total}`, ...facts].join("  ");
}

function timeOf({ started, milliseconds, state }: NodeView, now: number): string {
  if (milliseconds !== null && state !== "hit") return duration(milliseconds);
  return started !== null && state === "running" ? clock(now - started) : "";
}

const HEAD = ["Node", "State", "Progress", "", "Time", "Log"];

export function drawRunning(place: HTMLElement, run: Run, showLog: ShowLog, now: number): void {
  const nodes = run.inState("running");
  place.hidden = nodes.length === 0;
  setText(inside(place, "h2"), run.isBroken ? "Was running" : "Running");
  const more = nodes.length > MOST_ROWS ? `and ${nodes.length - MOST_ROWS} more` : "";
  const body = bodyOf(inside(place, ".scroll"), more, HEAD);
  nodeRows(body, nodes.slice(0, MOST_ROWS), run.isBroken, showLog, now);
}

/** The cells of a stage, with a field that finds some of them. */
export function drawCells(
  place: HTMLElement,
  run: Run,
  stage: string | null,
  showLog: ShowLog,
  now: number,
): void {
  place.hidden = stage === null;
  if (stage === null) return;
  if (place.querySelector("input") === null) {
    const field = element("input");
    field.setAttribute("type", "search");
    field.addEventListener(
      "input",
      () => field.dispatchEvent(new Event("change", { bubbles: true })),
    );
    place.append(
      element("h3"),
      element("label", [element("span", "Find "), field], "note"),
      element("div", "", "scroll"),
    );
  }
  const field = place.querySelector("input");
  const words = field?.value.trim() ?? "";
  const all = [...run.nodes.values()].filter((node) => node.stage === stage);
  const found = all.filter(({ id, state }) => id.includes(words) || state === words)
    .sort((a, b) => RANK.indexOf(a.state) - RANK.indexOf(b.state));
  setText(inside(place, "h3"), all.length === 1 ? stage : `${all.length} cells of ${stage}`);
  inside(place, "label").hidden = all.length <= 8;
  const more = found.length > MOST_ROWS ? `and ${found.length - MOST_ROWS} more` : "";
  const body = bodyOf(inside(place, ".scroll"), more, HEAD);
  nodeRows(body, found.slice(0, MOST_ROWS), run.isBroken, showLog, now);
}

export function drawFailures(place: HTMLElement, run: Run, showLog: ShowLog): void {
  const failed = run.inState("failed");
  place.hidden = failed.length === 0;
  setText(inside(place, "h2"), failed.length > 1 ? `${failed.length} failures` : "Failure");
  keepAll(inside(place, "ul"), failed.slice(-MOST_ROWS).reverse(), ({ id }) => id, ({ id }) => {
    return element("li", [
      element("strong"),
      document.createTextNode(" "),
      logButton(id, showLog),
      element("p"),
      element("p", "", "note"),
    ]);
  }, (item, { id, failure }) => {
    setText(inside(item, "strong"), id);
    setText(inside(item, "p"), failure?.message ?? "It says nothing of why");
    setText(inside(item, "p.note"), failure?.help ?? "");
    inside(item, "p.note").hidden = failure?.help == null;
  });
}

export function drawNotes(place: HTMLElement, run: Run): void {
  const notes = [...run.notes].reverse().slice(0, 20);
  place.hidden = notes.length === 0;
  keepAll(inside(place, "ul"), notes, (note) => `${note.at} ${note.node} ${note.text}`, () => {
    return element("li", [element("time"), element("span")]);
  }, (item, { at, isWarning, node, text }) => {
    setText(inside(item, "time"), new Date(at).toLocaleTimeString());
    const of = node === null ? "" : `${node}: `;
    setText(inside(item, "span"), `${isWarning ? "Warning: " : ""}${of}${text}`);
  });
}

export function drawBest(sweep: SweepView | null): void {
  const place = byId("best");
  place.hidden = sweep === null;
  if (sweep === null) return;
  const names = [...new Set(sweep.best.flatMap(({ values }) => Object.keys(values)))];
  const { counts, left, rungs } = sweep;
  const parts = [
    `${counts.done} trials done`,
    ...(["pruned", "failed", "running"] as const).flatMap((state) =>
      counts[state] > 0 ? [`${counts[state]} ${state}`] : []
    ),
    ...left === null ? [] : [`${left} left of the budget`],
  ];
  const scroll = inside(place, ".scroll");
  // Its columns change with the params that count.
  const head = ["Trial", sweep.metric, "Seeds", ...rungs === null ? [] : [rungs], ...names];
  const key = JSON.stringify(head);
  if (scroll.dataset["head"] !== key) scroll.replaceChildren();
  scroll.dataset["head"] = key;
  const body = bodyOf(scroll, parts.join(", "), head);
  keepAll(body, sweep.best, ({ trial }) => String(trial), () => {
    return element("tr", head.map((_, index) => element("td", "", index < 3 ? "" : "text")));
  }, (row, { trial, metric, replicates, reached, values }) => {
    const texts = [
      String(trial),
      metric.toPrecision(5),
      String(replicates),
      ...rungs === null ? [] : [String(reached ?? "all")],
      ...names.map((name) => String(values[name] ?? "–")),
    ];
    texts.forEach((text, index) => setText(inside(row, `td:nth-child(${index + 1})`), text));
  });
}
