/**
 * The script of a sweep's page: links parallel coordinates, slices and ranking by one selection. Runs in the
 * reader's browser. It has no vega: a drag redraws all trials in every chart at once, and vega takes
 * some 50 ms to think over one chart of 2,000 dots before it paints.
 */
/// <reference lib="dom" />
import { showCanvas } from "./sweep_canvas.ts";
import { columnsOf, type Linked, NONE } from "./sweep_columns.ts";
import { parallelFrame, sliceFrame } from "./sweep_frames.ts";
import { type Kind, parallelKind, sliceKind } from "./sweep_kinds.ts";
import { listen } from "./sweep_pointer.ts";
import { button, showRanking } from "./sweep_ranking_view.ts";
import { Selection } from "./sweep_selection.ts";
import { showChosen, showValues } from "./sweep_values.ts";

// The page wrote it.
const linked: Linked = JSON.parse(document.getElementById("crisol-sweep")?.textContent ?? "null");
const selection = new Selection(linked);
const columns = columnsOf(linked);
const find = (id: string) => document.getElementById(id);

const tip = document.createElement("div");
tip.id = "tip";
document.body.append(tip);

/** Shows words beside the pointer; as text, since names come from outside. */
function tell(text: string | null, event: PointerEvent): void {
  tip.style.display = text === null ? "none" : "block";
  if (text === null) return;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  const isLow = event.clientY + 16 + box.height > innerHeight;
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${isLow ? event.clientY - box.height - 10 : event.clientY + 16}px`;
}

function tellTrial(row: number | null, event: PointerEvent): void {
  const own = row === null ? undefined : linked.rows[row];
  const lines = own === undefined ? [] : columns.map(({ title, cell }) => [title, cell(own)])
    .filter(([, text]) => text !== NONE);
  tell(
    own === undefined ? null : lines.map(([title, text]) => `${title}: ${text}`).join("\n"),
    event,
  );
}

function show(id: string, kind: Kind): void {
  const figure = find(id);
  const canvas = figure === null ? null : showCanvas(figure, kind, selection);
  if (canvas !== null) listen(canvas, kind, selection, tellTrial);
}

show("parallel", parallelKind(selection, parallelFrame(linked.axes.length)));
linked.axes.slice(0, -1).forEach((axis, i) => {
  show(`slice-${i}`, sliceKind(selection, sliceFrame(axis), i));
});
const table = find("ranking-table"), pages = find("pages");
if (table instanceof HTMLTableElement && pages !== null) showRanking(table, pages, selection);
const chosen = find("chosen"), values = find("values");
if (chosen !== null) showChosen(chosen, selection);
if (values !== null) showValues(values, selection);
find("how")?.removeAttribute("hidden");

// The other charts' marks carry their words.
for (const figure of document.querySelectorAll<HTMLElement>(".chart:not(.linked)")) {
  figure.addEventListener("pointermove", (event) => {
    const mark = event.target instanceof Element
      ? event.target.closest("[aria-roledescription]")
      : null;
    const words = mark?.closest("svg") === mark ? null : mark?.getAttribute("aria-label") ?? null;
    tell(words, event);
  });
  figure.addEventListener("pointerleave", (event) => tell(null, event));
}
addEventListener("scroll", () => tip.style.display = "none", { passive: true });

for (const place of document.querySelectorAll(".copied")) {
  const text = place.querySelector("pre");
  if (text === null) continue;
  const copy = button("Copy", async () => {
    // A page from disk may lack the clipboard; then the text is selected, for the reader's own key.
    try {
      await navigator.clipboard.writeText(text.textContent ?? "");
      copy.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(text);
      copy.textContent = "Selected: copy it";
    }
  });
  place.append(copy);
}
