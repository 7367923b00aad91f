/**
 * The page's own script: makes drawings interactive when they come into view, filters variants, and
 * writes down the lineage that the engine has put into the page. Runs in the reader's browser.
 */
/// <reference lib="dom" />
import { parse, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { type Lineage, showLineage } from "./lineage.ts";
import { showMissing } from "./missing.ts";
import { showSettings } from "./settings.ts";

const specs: Record<string, unknown> = JSON.parse(text("crisol-charts"));
const views = new Map<string, Promise<View>>();
const hidden = new Set<string>();
const tip = document.createElement("div");
tip.id = "tip";
tip.setAttribute("role", "status");
document.body.append(tip);

function text(id: string): string {
  return document.getElementById(id)?.textContent ?? "null";
}

/** Shows what a mark stands for; as text, since names come from outside. */
function tooltip(_: unknown, event: MouseEvent, __: unknown, value: unknown): void {
  if (value === null || value === undefined || value === "") {
    tip.style.display = "none";
    return;
  }
  tip.textContent = typeof value === "object"
    ? Object.entries(value).map(([k, v]) => `${k}: ${v}`).join("\n")
    : String(value);
  tip.style.display = "block";
  const box = tip.getBoundingClientRect();
  const x = Math.min(event.clientX + 14, innerWidth - box.width - 8);
  const y = event.clientY + 16 + box.height > innerHeight
    ? event.clientY - box.height - 10
    : event.clientY + 16;
  tip.style.left = `${Math.max(8, x)}px`;
  tip.style.top = `${y}px`;
}

/** Lets vega take the place of a drawing; asked twice, it does so once. */
function upgrade(chart: Element): Promise<View> | undefined {
  const id = chart.id, known = views.get(id), spec = specs[id];
  if (known !== undefined || spec === undefined) return known;
  const place = document.createElement("div");
  // The spec was compiled by vega-lite, and the interpreter needs its expressions as trees.
  const view = new View(parse(spec as Parameters<typeof parse>[0], undefined, { ast: true }), {
    renderer: "svg",
    container: place,
    hover: true,
    expr: expressionInterpreter,
  });
  view.tooltip(tooltip);
  if (hidden.size > 0) filter(view);
  const ready = view.runAsync().then(async () => {
    chart.replaceChildren(place);
    await fit(view, spec, chart);
    chart.setAttribute("data-live", "");
    return view;
  });
  views.set(id, ready);
  return ready;
}

/** Makes a chart narrower where the page is, as far as it can be read; its letters stay as large as they are. */
async function fit(view: View, spec: unknown, chart: Element): Promise<void> {
  const excess = chart.scrollWidth - chart.clientWidth;
  // Of a chart with a step for each class the width follows from those.
  const isFree = typeof spec === "object" && spec !== null && "width" in spec;
  if (excess > 0 && isFree) await view.width(Math.max(200, view.width() - excess)).runAsync();
}

function filter(view: View): void {
  if (
    "hidden" in (view.getState({ signals: (name?: string) => name === "hidden" }).signals ?? {})
  ) {
    view.signal("hidden", [...hidden]);
  }
}

async function applyFilter(): Promise<void> {
  for (const part of document.querySelectorAll<HTMLElement>("[data-variants]")) {
    // Written by the page as a JSON list; a part goes when one of its variants does.
    const names: string[] = JSON.parse(part.dataset["variants"] ?? "[]");
    part.hidden = names.some((name) => hidden.has(name));
  }
  for (const chart of document.querySelectorAll("[data-filtered]")) {
    const view = await upgrade(chart);
    if (view === undefined) continue;
    filter(view);
    await view.runAsync();
  }
}

const boxes = [...document.querySelectorAll<HTMLInputElement>(".filter input")];
for (const box of boxes) {
  box.disabled = false;
  box.addEventListener("change", () => {
    box.checked ? hidden.delete(box.value) : hidden.add(box.value);
    applyFilter();
  });
}
document.querySelector<HTMLElement>(".filter")?.removeAttribute("hidden");

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) {
      seen.unobserve(entry.target);
      upgrade(entry.target);
    }
  }
}, { rootMargin: "200px" });
for (const chart of document.querySelectorAll(".chart[id]")) seen.observe(chart);
addEventListener("scroll", () => tip.style.display = "none", { passive: true });

const lineage: Lineage | null = JSON.parse(text("crisol-lineage")); // the engine has written it
const place = document.getElementById("lineage");
if (place !== null) showLineage(place, lineage);
const settings = document.getElementById("asked");
if (settings !== null) {
  showSettings(settings, lineage, JSON.parse(settings.dataset["names"] ?? "[]"));
}
showMissing(document.querySelector("main"), lineage);
