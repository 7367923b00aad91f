/** Draws the linked charts' trials on canvases under their axes, and lets the pointer choose on them. */
/// <reference lib="dom" />
import { band, GAP, NOT_SET, type Stretch } from "./sweep_axes.ts";
import {
  across,
  axisX,
  drawnPlace,
  type Frame,
  strength,
  type Tone,
  tonesOf,
  up,
} from "./sweep_frames.ts";
import type { Selection } from "./sweep_selection.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

/** What differs between parallel coordinates and a slice. */
export interface Kind {
  readonly isLine: boolean;
  readonly frame: Frame;
  /** Draws one trial; `points` are its own. */
  draw(at: CanvasRenderingContext2D, points: readonly Point[], row: number): void;
  readonly pointsOf: (row: number) => readonly Point[] | null;
  /** How far a trial lies from the pointer, in CSS pixels. */
  distance(points: readonly Point[], pointer: Point): number;
  /** Axes that a drag chooses on, each with its place at a point. */
  under(pointer: Point): readonly { axis: number; place: (at: Point) => number }[];
  /** The rectangle of the stretches that are chosen, as [left, top, right, bottom]. */
  brushes(): readonly (readonly [number, number, number, number])[];
}

const ROLE: Readonly<Record<Tone, string>> = { rest: "--soft", top: "--s1", best: "--s2" };

/** Parallel coordinates: a line a trial. */
export function parallelKind(selection: Selection, frame: Frame): Kind {
  const { axes, rows } = selection.linked;
  const x = axes.map((_, i) => axisX(frame, i, axes.length));
  const lines = rows.map((row) =>
    axes.map((axis, i): Point => ({ x: x[i] ?? 0, y: up(frame, drawnPlace(axis, row, i)) }))
  );
  const placeAt = ({ y }: Point) => (frame.bottom - y) / (frame.bottom - frame.top);
  return {
    isLine: true,
    frame,
    pointsOf: (row) => rows[row]?.values.at(-1) === null ? null : lines[row] ?? null,
    draw(at, points) {
      at.beginPath();
      for (const { x, y } of points) at.lineTo(x, y);
      at.stroke();
    },
    distance(points, pointer) {
      const i = points.findIndex((p, k) =>
        p.x <= pointer.x && (points[k + 1]?.x ?? -1) > pointer.x
      );
      const from = points[i], to = points[i + 1];
      if (from === undefined || to === undefined) return Infinity;
      const part = (pointer.x - from.x) / (to.x - from.x);
      return Math.abs(from.y + part * (to.y - from.y) - pointer.y);
    },
    under(pointer) {
      const axis = x.findIndex((at) => Math.abs(at - pointer.x) <= 22);
      return axis < 0 ? [] : [{ axis, place: placeAt }];
    },
    brushes: () =>
      selection.axes.flatMap((axis) =>
        selection.of(axis).map(([low, high]) =>
          [(x[axis] ?? 0) - 9, up(frame, high), (x[axis] ?? 0) + 9, up(frame, low)] as const
        )
      ),
  };
}

/** A slice: a dot a trial, the metric against axis `i`. */
export function sliceKind(selection: Selection, frame: Frame, i: number): Kind {
  const { axes, rows } = selection.linked;
  const metric = axes.length - 1, axis = axes[i];
  const dots = rows.map((row, k): Point[] | null =>
    axis === undefined || row.values[metric] === null ? null : [{
      x: across(frame, drawnPlace(axis, row, i)),
      y: up(frame, selection.places[k]?.[metric] ?? 0),
    }]
  );
  const x = ({ x }: Point) => (x - frame.left) / (frame.right - frame.left);
  const y = ({ y }: Point) => (frame.bottom - y) / (frame.bottom - frame.top);
  return {
    isLine: false,
    frame,
    pointsOf: (row) => dots[row] ?? null,
    draw(at, points, row) {
      for (const { x, y } of points) {
        at.beginPath();
        if (rows[row]?.state === "pruned") {
          at.moveTo(x - 2, y - 2);
          at.lineTo(x + 2, y + 2);
          at.moveTo(x + 2, y - 2);
          at.lineTo(x - 2, y + 2);
          at.stroke();
        } else {
          at.arc(x, y, rows[row]?.rank === 1 ? 4.5 : 2.5, 0, 7);
          at.fill();
        }
      }
    },
    distance: ([point], pointer) =>
      point === undefined
        ? Infinity
        : Math.max(Math.abs(point.x - pointer.x), Math.abs(point.y - pointer.y)),
    under: () => [{ axis: i, place: x }, { axis: metric, place: y }],
    brushes() {
      const own = selection.of(i), others = selection.of(metric);
      if (own.length === 0 && others.length === 0) return [];
      const all: readonly Stretch[] = [[-1, 2]];
      return (own.length > 0 ? own : all).flatMap(([left, right]) =>
        (others.length > 0 ? others : all).map(([low, high]) =>
          [
            Math.max(frame.left - 40, across(frame, left)),
            Math.max(0, up(frame, high)),
            Math.min(frame.width, across(frame, right)),
            Math.min(frame.bottom, up(frame, low)),
          ] as const
        )
      );
    },
  };
}

/** Puts a canvas under the axes of `figure`, and keeps it as the selection is. */
export function showCanvas(
  figure: Element,
  kind: Kind,
  selection: Selection,
  tell: (row: number | null, event: PointerEvent) => void,
): void {
  const plot = figure.querySelector(".plot");
  const canvas = document.createElement("canvas");
  const at = canvas.getContext("2d");
  if (plot === null || at === null) return;
  const { frame } = kind, { rows } = selection.linked, tones = tonesOf(selection.linked);
  canvas.setAttribute("aria-hidden", "true");
  plot.prepend(canvas);
  figure.setAttribute("data-live", "");

  const paint = () => {
    const scale = devicePixelRatio;
    canvas.width = frame.width * scale;
    canvas.height = frame.height * scale;
    at.setTransform(scale, 0, 0, scale, 0, 0);
    const style = getComputedStyle(document.documentElement);
    const colour = (role: string) => style.getPropertyValue(role);
    const isAll = selection.axes.length === 0;
    const many: Record<Tone, number> = { rest: 0, top: 0, best: 0 };
    tones.forEach((tone, row) => many[tone] += selection.chosen[row] ?? 0);
    const one = (row: number, role: string, alpha: number, width: number) => {
      const points = kind.pointsOf(row);
      if (points === null) return;
      at.strokeStyle = at.fillStyle = colour(role);
      at.globalAlpha = alpha;
      at.lineWidth = width;
      kind.draw(at, points, row);
    };
    // The worst first, so that the best lie on top.
    if (!isAll) {
      for (let row = rows.length - 1; row >= 0; row--) {
        if (selection.chosen[row] === 0) one(row, "--rule", kind.isLine ? 0.35 : 0.8, 1);
      }
    }
    for (let row = rows.length - 1; row >= 0; row--) {
      if (selection.chosen[row] === 0) continue;
      const tone = tones[row] ?? "rest";
      one(row, ROLE[tone], strength(tone, many[tone], kind.isLine), tone === "best" ? 2.5 : 1);
    }
    if (selection.marked !== null) one(selection.marked, "--ink", 1, 2.5);
    at.globalAlpha = 1;
    at.lineWidth = 1;
    at.strokeStyle = at.fillStyle = colour("--s1");
    for (const [left, top, right, bottom] of kind.brushes()) {
      at.globalAlpha = 0.16;
      at.fillRect(left, top, right - left, bottom - top);
      at.globalAlpha = 0.9;
      at.strokeRect(left, top, right - left, bottom - top);
    }
  };
  let isAsked = false;
  const ask = () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      paint();
    });
  };
  selection.on(ask, ask);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ask);
  ask();
  listen(canvas, kind, selection, tell);
}

/** A drag chooses, a click lets go; a move finds the trial under the pointer. Touch scrolls, as anywhere. */
function listen(
  canvas: HTMLCanvasElement,
  kind: Kind,
  selection: Selection,
  tell: (row: number | null, event: PointerEvent) => void,
): void {
  const { axes, rows } = selection.linked;
  let from: Point | null = null;
  const pointOf = (event: PointerEvent): Point => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const drag = (to: Point) => {
    if (from === null) return;
    const start = from;
    const isClick = Math.abs(to.x - start.x) + Math.abs(to.y - start.y) < 4;
    selection.set(
      kind.under(start).map(({ axis, place }) => {
        const ends = [place(start), place(to)].sort((a, b) => a - b);
        const [low = 0, high = 0] = ends;
        return [axis, isClick ? [] : stretchesOf(axis, low, high)] as const;
      }),
    );
  };
  /** Choices, and what is not set, are taken as a whole. */
  const stretchesOf = (axis: number, low: number, high: number): Stretch[] => {
    const { names = [], gaps = false } = axes[axis] ?? {};
    const gap: Stretch[] = gaps && low <= NOT_SET && high >= NOT_SET ? [GAP] : [];
    if (names.length === 0) return high < 0 ? gap : [...gap, [Math.max(0, low), Math.min(1, high)]];
    const bands = names.flatMap((_, i): Stretch[] => {
      const own = axes[axis] === undefined ? null : band(axes[axis], i);
      return own !== null && own[1] > low && own[0] < high ? [own] : [];
    });
    return [...gap, ...bands];
  };
  const nearest = (pointer: Point) => {
    let best: number | null = null, least = 8;
    for (let row = 0; row < rows.length; row++) {
      const points = selection.chosen[row] === 1 ? kind.pointsOf(row) : null;
      const far = points === null ? Infinity : kind.distance(points, pointer);
      if (far < least) [best, least] = [row, far];
    }
    return best;
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return;
    from = pointOf(event);
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (from !== null) return drag(pointOf(event));
    const row = nearest(pointOf(event));
    selection.mark(row);
    tell(row, event);
  });
  canvas.addEventListener("pointerup", (event) => {
    drag(pointOf(event));
    from = null;
  });
  canvas.addEventListener("pointercancel", () => from = null);
  canvas.addEventListener("pointerleave", (event) => {
    if (from !== null) return;
    selection.mark(null);
    tell(null, event);
  });
}
