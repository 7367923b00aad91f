/** The graph of stages: a box each, however many cells it has; a box that is pressed shows its cells. */
/// <reference lib="dom" />
import { element, shape } from "../../report/dom.ts";
import type { Counts, State } from "../views.ts";
import { inside, keepAll, setData, setText } from "./keep.ts";
import { layOut, type Point } from "./layers.ts";
import { inWords, type Run, STATES, total, wordOf } from "./run.ts";

const SIZE = { width: 150, height: 84, gap: 34, space: 14 };
/** Where layers stand below one another. */
const TALL = { ...SIZE, height: 68, gap: 26 };

export class Graph {
  /** The stage whose cells are shown. */
  chosen: string | null = null;
  readonly #place = element("div", "", "graph");
  readonly #arrows = shape("svg", { "aria-hidden": "true" });
  readonly #boxes = element("div");

  readonly #parent: HTMLElement;
  readonly #onChoose: () => void;

  // Parameters that are fields are more than types, which alone are taken out for the browser.
  constructor(parent: HTMLElement, onChoose: () => void) {
    this.#parent = parent;
    this.#onChoose = onChoose;
    this.#place.append(this.#arrows, this.#boxes);
    parent.append(this.#place);
  }

  draw(run: Run): void {
    const links = [...run.stages.values()];
    const room = this.#parent.clientWidth;
    const side = fitted(layOut(links, SIZE, false).width, room);
    const isTall = side === null && room < 800;
    const size = isTall ? TALL : side ?? SIZE;
    const { boxes, arrows, width, height } = layOut(links, size, isTall);
    Object.assign(this.#place.style, { width: `${width}px`, height: `${height}px` });
    for (const [name, value] of Object.entries({ width, height })) {
      this.#arrows.setAttribute(name, String(value));
    }
    keepAll(this.#arrows, arrows, ({ key }) => key, () => shape("path", {}), (path, { points }) => {
      path.setAttribute("d", way(points, isTall));
    });
    keepAll(this.#boxes, links, ({ name }) => name, ({ name }) => this.#box(name), (box, link) => {
      const { x, y } = boxes.get(link.name) ?? { x: 0, y: 0 };
      Object.assign(box.style, {
        left: `${x}px`,
        top: `${y}px`,
        width: `${size.width}px`,
        height: `${size.height}px`,
      });
      const counts = run.counts(link.name);
      setData(box, "state", stateOf(counts));
      box.setAttribute("aria-expanded", String(this.chosen === link.name));
      setText(inside(box, "strong"), link.name);
      setText(
        inside(box, "small"),
        total(counts) === 1 ? wordOf(stateOf(counts), run.isBroken) : inWords(counts, run.isBroken),
      );
      drawBar(inside(box, ".bar"), counts);
    });
  }

  #box(name: string): HTMLElement {
    const bar = element("span", "", "bar");
    const box = element("button", [element("strong"), bar, element("small")]);
    box.setAttribute("aria-controls", "cells");
    box.addEventListener("click", () => {
      this.chosen = this.chosen === name ? null : name;
      this.#onChoose();
    });
    return box;
  }
}

/** Narrower boxes where layers would else be wider than there is room; null: they would be too narrow. */
function fitted(wide: number, room: number): typeof SIZE | null {
  if (wide <= room) return SIZE;
  const layers = Math.round((wide + SIZE.gap) / (SIZE.width + SIZE.gap)), gap = 22;
  const width = Math.floor((room + gap) / layers) - gap;
  return width < 112 ? null : { ...SIZE, width, gap };
}

/** What a stage is told as: the state that matters most. */
function stateOf(counts: Counts): State {
  const order: readonly State[] = ["failed", "running", "waiting", "blocked", "cancelled", "ran"];
  const isBegun = counts.ran + counts.hit > 0;
  return order.find((state) => counts[state] > 0 && !(state === "waiting" && isBegun)) ??
    (counts.waiting > 0 ? "waiting" : "hit");
}

/** A bar with a piece for each state, as long as its part. */
export function drawBar(bar: HTMLElement, counts: Counts): void {
  const all = total(counts);
  const there = STATES.filter((state) => counts[state] > 0);
  keepAll(bar, there, (state) => state, () => element("i"), (piece, state) => {
    setData(piece, "state", state);
    piece.style.width = `${100 * counts[state] / all}%`;
  });
}

/** A line that leaves and reaches boxes straight. */
function way(points: readonly Point[], isTall: boolean): string {
  return points.map(({ x, y }, index) => {
    const before = points[index - 1];
    if (before === undefined) return `M${x},${y}`;
    // Every second piece leads through a layer.
    if (index % 2 === 0) return `L${x},${y}`;
    const [u, v] = [(x + before.x) / 2, (y + before.y) / 2];
    return isTall
      ? `C${before.x},${v} ${x},${v} ${x},${y}`
      : `C${u},${before.y} ${u},${y} ${x},${y}`;
  }).join("");
}
