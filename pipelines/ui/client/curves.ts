/** Curves of what runs, or has run last: a small drawing for each figure that nodes tell of themselves. */
/// <reference lib="dom" />
import { element, shape } from "../../report/dom.ts";
import type { Sample } from "../views.ts";
import { inside, keepAll, setText } from "./keep.ts";
import type { Run } from "./run.ts";

const WIDTH = 420, HEIGHT = 190, LEFT = 48, BOTTOM = 22, TOP = 8;
/** Lines of one drawing: there are so many colours. */
const MOST_LINES = 6;
const MOST_FIGURES = 8;

interface Line {
  readonly node: string;
  readonly colour: number;
  /** On the validation data, beside the training's. */
  readonly isValidation: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

export function drawCurves(place: HTMLElement, run: Run): void {
  const figures = figuresOf(run);
  place.hidden = figures.length === 0;
  keepAll(inside(place, ".grid"), figures, ({ name }) => name, makeFigure, (figure, one) => {
    const drawing = drawingOf(one);
    inside(figure, "svg").replaceWith(drawing);
    setText(inside(figure, "h3"), `${one.name} by ${one.unit}`);
    const keyOf = ({ node, isValidation }: Line) => `${node} ${isValidation}`;
    keepAll(inside(figure, "ul"), one.lines, keyOf, () => {
      return element("li", [element("span", "", "key"), element("span")]);
    }, (item, line) => {
      item.className = `c${line.colour}`;
      setText(
        inside(item, "span:last-child"),
        `${line.node}${line.isValidation ? ", validation" : ""} ${
          short(line.points.at(-1)?.[1] ?? 0)
        }`,
      );
    });
  });
}

function makeFigure(): HTMLElement {
  return element("figure", [element("h3"), shape("svg", {}), element("ul")], "curve");
}

function figuresOf(run: Run): Figure[] {
  const drawn = [...run.curves.keys()];
  const running = drawn.filter((id) => run.nodes.get(id)?.state === "running");
  const nodes = running.length > 0 ? running.slice(0, MOST_LINES) : drawn.slice(-MOST_LINES);
  const places = [...run.nodes.keys()];
  nodes.sort((a, b) => places.indexOf(a) - places.indexOf(b));
  const colours = coloursOf(run, nodes);
  const figures = new Map<string, { unit: string; lines: Line[] }>();
  for (const node of nodes) {
    const samples = run.curves.get(node) ?? [];
    const names = new Set(samples.flatMap(({ values }) => Object.keys(values)));
    for (const name of names) {
      const isValidation = name.startsWith("val_") && names.has(name.slice(4));
      const title = isValidation ? name.slice(4) : name;
      if (!figures.has(title) && figures.size >= MOST_FIGURES) continue;
      const unit = run.nodes.get(node)?.progress?.unit ?? "";
      const figure = figures.get(title) ?? { unit, lines: [] };
      const points = isValidation ? newOf(pointsOf(samples, name)) : pointsOf(samples, name);
      figure.lines.push({ node, colour: colours.get(node) ?? 0, isValidation, points });
      figures.set(title, figure);
    }
  }
  return [...figures].map(([name, figure]) => ({ name, ...figure }));
}

/**
 * The same cell has the same colour in each run of a config, as it has on its page: by its variant's place among the
 * cells of its stage, or by its own where seeds alone tell them apart. Lines that are seen together do not share one.
 */
function coloursOf(run: Run, nodes: readonly string[]): Map<string, number> {
  const all = [...run.nodes.values()];
  const wished = new Map(nodes.map((id) => {
    const cells = all.filter(({ stage }) => stage === run.nodes.get(id)?.stage);
    const variants = [...new Set(cells.map((one) => variantOf(one.id)))];
    const place = variants.length > 1
      ? variants.indexOf(variantOf(id))
      : cells.findIndex((one) => one.id === id);
    return [id, place] as const;
  }));
  const given = new Map<string, number>();
  const order = [...wished].sort(([, a], [, b]) => a - b);
  for (const [id, place] of order) {
    const taken = new Set(given.values());
    const free = Array.from({ length: MOST_LINES }, (_, i) => (place + i) % MOST_LINES)
      .find((colour) => !taken.has(colour));
    given.set(id, free ?? place % MOST_LINES);
  }
  return given;
}

const variantOf = (node: string) =>
  node.split(/[@,]/).slice(1).filter((part) => !part.startsWith("seed=")).join(",");

function pointsOf(samples: readonly Sample[], name: string): Line["points"] {
  return samples.flatMap(({ done, values }) => {
    const value = values[name];
    return value === undefined ? [] : [[done, value] as const];
  });
}

/** What was validated stands until the next time: only where it is new is it a point. */
const newOf = (points: Line["points"]): Line["points"] =>
  points.filter(([, y], i) => y !== points[i - 1]?.[1]);

function drawingOf({ name, unit, lines }: Figure): SVGElement {
  const drawing = shape("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    "aria-label": `${name} by ${unit}`,
  });
  const all = lines.flatMap(({ points }) => points);
  const [least, most] = rangeOf(all.map(([, y]) => y));
  const [first, last] = rangeOf(all.map(([x]) => x));
  const atX = (x: number) => LEFT + (WIDTH - LEFT - 8) * (x - first) / (last - first);
  const atY = (y: number) => TOP + (HEIGHT - TOP - BOTTOM) * (most - y) / (most - least);
  for (const y of ticks(least, most, 5)) {
    drawing.append(
      shape("line", { x1: LEFT, x2: WIDTH - 8, y1: atY(y), y2: atY(y), class: "grid-line" }),
      shape("text", { x: LEFT - 6, y: atY(y) + 4, "text-anchor": "end" }, short(y)),
    );
  }
  // What is counted has no half.
  for (const x of ticks(first, last, 5).filter(Number.isInteger)) {
    drawing.append(shape("text", { x: atX(x), y: HEIGHT - 6, "text-anchor": "middle" }, short(x)));
  }
  for (const { colour, isValidation, points } of lines) {
    const [x, y] = points[0] ?? [0, 0];
    if (points.length === 1) {
      drawing.append(shape("circle", { cx: atX(x), cy: atY(y), r: 3.5, class: `c${colour}` }));
      continue;
    }
    const d = points.map(([x, y], i) =>
      `${i === 0 ? "M" : "L"}${atX(x).toFixed(1)},${atY(y).toFixed(1)}`
    ).join("");
    const way = isValidation ? " dashed" : "";
    drawing.append(shape("path", { d, class: `line c${colour}${way}` }));
  }
  return drawing;
}

function rangeOf(values: readonly number[]): [number, number] {
  let least = Infinity, most = -Infinity;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least > most) return [0, 1];
  return least === most ? [least - 0.5, most + 0.5] : [least, most];
}

/** Round numbers in a range. */
function ticks(least: number, most: number, wanted: number): number[] {
  const rough = (most - least) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ??
    rough;
  const found: number[] = [];
  for (let k = Math.ceil(least / step); k * step <= most && found.length < 20; k++) {
    found.push(k * step);
  }
  return found;
}

function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6 || (size < 1e-3 && size > 0)) return value.toExponential(1);
  return String(Number(value.toPrecision(4)));
}
