/** The page: follows the server's stream, and draws the run that is chosen. */
/// <reference lib="dom" />
import { clock, duration } from "../../cli/text.ts";
import { element } from "../../report/dom.ts";
import type { Counts, Patch, RunView, Status, SweepView } from "../views.ts";
import { drawCurves } from "./curves.ts";
import { drawBar, Graph } from "./graph.ts";
import { byId, inside, keepAll, setData, setText } from "./keep.ts";
import { timeLeft } from "./left.ts";
import { openLog } from "./log.ts";
import { inWords, Run, total } from "./run.ts";
import { drawBest, drawCells, drawFailures, drawNotes, drawRunning } from "./tables.ts";

/** After an answer that was none, the stream is opened anew after so many milliseconds. */
const AGAIN = 3000;
const IN_WORDS: Readonly<Record<Status, string>> = {
  running: "running",
  done: "done",
  failed: "failed",
  interrupted: "interrupted",
  broken: "broken off",
  silent: "silent",
};

let runs: RunView[] = [];
const lines = new Map<string, RunView>();
let run: Run | null = null;
let sweep: SweepView | null = null;
let source: EventSource | null = null;
let isDrawn = true;
const graph = new Graph(byId("graph"), draw);

/** The run that the address names; null: the newest is followed. */
function asked(): string | null {
  return location.hash.slice(1) || null;
}

function listen(id: string | null): void {
  source?.close();
  const query = id === null ? "" : `?${new URLSearchParams({ run: id })}`;
  const stream = source = new EventSource(`/events${query}`);
  const link = byId("link");
  stream.onopen = () => {
    setText(link, "Live");
    delete link.dataset["down"];
  };
  stream.onerror = () => {
    setText(link, "The server does not answer: waiting for it");
    setData(link, "down", "");
    // It comes back by itself, unless what answered was no stream.
    if (stream.readyState !== EventSource.CLOSED) return;
    setTimeout(() => stream === source && listen(id), AGAIN);
  };
  stream.addEventListener("runs", ({ data }) => onRuns(JSON.parse(data)));
  stream.addEventListener("run", ({ data }) => {
    const patch: Patch = JSON.parse(data);
    run?.apply(patch);
    later();
  });
  stream.addEventListener("sweep", ({ data }) => {
    sweep = JSON.parse(data);
    later();
  });
}

function onRuns(told: { ids: readonly string[]; changed: readonly RunView[] }): void {
  for (const line of told.changed) lines.set(line.id, line);
  const there = new Set(told.ids);
  for (const id of lines.keys()) if (!there.has(id)) lines.delete(id);
  const isLive = ({ status }: RunView) => status === "running" || status === "silent";
  const all = told.ids.flatMap((id) => lines.get(id) ?? []);
  runs = [...all.filter(isLive), ...all.filter((one) => !isLive(one))];
  choose();
  later();
}

/** Takes the run that is asked for; else stays with what runs, and goes to the newest when that is over. */
function choose(): void {
  const named = asked();
  const current = run === null ? undefined : lines.get(run.id);
  const isFine = current?.status === "running";
  const id = named ?? (isFine ? run?.id : runs[0]?.id) ?? null;
  if (id === (run?.id ?? null)) return;
  run = id === null ? null : new Run(id);
  sweep = null;
  graph.chosen = null;
  listen(id);
}

/** Draws once a frame, however much comes. */
function later(): void {
  if (!isDrawn) return;
  isDrawn = false;
  requestAnimationFrame(() => {
    isDrawn = true;
    draw();
  });
}

function draw(): void {
  drawRuns();
  const line = run === null ? undefined : lines.get(run.id);
  const isThere = run !== null && line !== undefined;
  byId("chosen").hidden = !isThere;
  byId("nothing").hidden = isThere;
  if (run === null || line === undefined) {
    if (run !== null) {
      setText(byId("nothing"), `The run ${run.id} is not in this store (any more).`);
    }
    return;
  }
  const current = run;
  current.isBroken = line.status === "broken";
  // The clocks of what was broken off stand where it was heard of last.
  const now = current.isBroken ? line.last : Date.now();
  const showLog = (node: string) =>
    openLog(
      current.id,
      node,
      () => current.isBroken || current.nodes.get(node)?.state !== "running",
    );
  drawHead(current, line, now);
  graph.draw(current);
  drawCells(byId("cells"), current, graph.chosen, showLog, now);
  drawFailures(byId("failures"), current, showLog);
  drawRunning(byId("running"), current, showLog, now);
  drawBest(sweep);
  drawCurves(byId("curves"), current);
  drawNotes(byId("notes"), current);
}

const titleOf = ({ about }: RunView) => about.sweep ?? about.config;

function drawRuns(): void {
  const follow = byId("follow");
  follow.hidden = asked() === null;
  keepAll(byId("runs"), runs, ({ id }) => id, ({ id }) => {
    const button = element("button", [element("strong"), element("small"), element("small")]);
    button.addEventListener("click", () => location.hash = id);
    return element("li", [button]);
  }, (item, view) => {
    const button = inside(item, "button");
    const status = view.id === run?.id ? "true" : "false";
    button.setAttribute("aria-current", status);
    setData(button, "state", view.status);
    setText(inside(button, "strong"), titleOf(view));
    const when = new Date(view.about.started).toLocaleString();
    setText(inside(button, "small"), `${when}, ${IN_WORDS[view.status]}`);
    const words = inWords(view.counts, view.status === "broken");
    setText(inside(button, "small:last-child"), words);
  });
}

function drawHead(current: Run, line: RunView, now: number): void {
  const name = byId("name");
  if (name.children.length === 0) {
    const badge = element("span", "", "badge");
    badge.setAttribute("role", "status");
    name.append(element("span"), badge);
  }
  setText(inside(name, "span"), titleOf(line));
  const badge = inside(name, ".badge");
  setText(badge, IN_WORDS[line.status]);
  setData(badge, "state", line.status);
  const { about } = line;
  const facts = [
    `run ${line.id}`,
    ...about.slurm === null ? [] : [`Slurm job ${about.slurm}`],
    about.command.join(" "),
  ];
  setText(byId("about"), facts.join("  ·  "));
  const counts = current.counts();
  const words = inWords(counts, current.isBroken);
  drawDone(counts, words);
  setText(byId("sum"), [words, timeOf(current, line, now)].join("  ·  "));
  drawPages(current);
  document.title = `${counts.ran + counts.hit}/${total(counts)} ${titleOf(line)} – Crisol`;
}

function drawPages({ id, pages }: Run): void {
  const place = byId("pages"), numbers = Array.from({ length: pages }, (_, i) => i);
  place.hidden = pages === 0;
  keepAll(place, numbers, (number) => `${id} ${number}`, (number) => {
    const link = element("a", number === 0 ? "Its page" : `Its page ${number + 1}`);
    link.setAttribute("href", `/page?${new URLSearchParams({ run: id, number: String(number) })}`);
    return link;
  }, () => {});
}

function drawDone(counts: Counts, words: string): void {
  const place = byId("done");
  if (place.children.length === 0) place.append(element("div", "", "bar"));
  drawBar(inside(place, ".bar"), counts);
  place.setAttribute("aria-valuemax", String(total(counts)));
  place.setAttribute("aria-valuenow", String(counts.ran + counts.hit));
  place.setAttribute("aria-valuetext", words);
}

function timeOf(current: Run, { status, about, last }: RunView, now: number): string {
  if (current.end !== null) return `took ${duration(current.end.milliseconds)}`;
  const when = new Date(last).toLocaleTimeString();
  if (status === "broken") return `broken off after ${when}: the same command goes on from there`;
  if (status === "silent") return `it runs on another host, and is silent since ${when}`;
  const left = timeLeft([...current.nodes.values()], sweep?.left ?? 0, now);
  const since = `for ${clock(now - about.started)}`;
  if (left === null) return since;
  return `${since}  ·  ${left.isAll ? "some" : "at least"} ${duration(left.milliseconds)} left`;
}

const follow = element("button", "Follow the newest");
follow.addEventListener("click", () => location.hash = "");
byId("follow").append(follow);
byId("cells").addEventListener("change", later);
addEventListener("hashchange", () => {
  choose();
  later();
});
addEventListener("resize", later);
// Clocks go on where nothing else changes.
setInterval(later, 1000);
run = asked() === null ? null : new Run(asked() ?? "");
listen(run?.id ?? null);
