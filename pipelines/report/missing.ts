/** What a page was drawn without, at its top: it looks whole else. Runs in the reader's browser. */
/// <reference lib="dom" />
import { element } from "./dom.ts";
import type { Lineage } from "./lineage.ts";

/** Nothing where nothing failed. */
export function showMissing(place: Element | null, lineage: Lineage | null): void {
  const nodes = lineage?.nodes ?? [];
  const missing = [...new Set(nodes.flatMap((one) => one.missing ?? []))];
  if (place === null || missing.length === 0) return;
  const failed = nodes.filter(({ outcome }) => outcome === "failed");
  const note = element("p", [
    element("strong", `This page is not whole: it was drawn without ${missing.join(", ")}.`),
    ...failed.flatMap(({ node, message = "it failed" }) => [
      element("br"),
      document.createTextNode(`${node} failed: ${message.split("\n")[0]}`),
    ]),
  ], "note");
  note.id = "missing";
  place.prepend(note);
}
