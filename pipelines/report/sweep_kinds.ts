/** The two kinds of linked charts: where a trial stands in them, and what a drag over them chooses. */
/// <reference lib="dom" />
import type { Stretch } from "./sweep_axes.ts";
import { across, axisX, drawnPlace, type Frame, up } from "./sweep_frames.ts";
import type { Selection } from "./sweep_selection.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What differs between parallel coordinates and a slice. */
export interface Kind {
  readonly isLine: boolean;
  readonly frame: Frame;
  /** Its shape is filled; else it is a line. */
  isFilled(row: number): boolean;
  /** Adds a trial's shape to the path; `points` are its own. */
  trace(path: Path2D, points: readonly Point[], row: number): void;
  readonly pointsOf: (row: number) => readonly Point[] | null;
  /** How far a trial lies from the pointer, in CSS pixels. */
  distance(points: readonly Point[], pointer: Point): number;
  /** Axes that a drag chooses on, each with its place at a point. */
  under(pointer: Point): readonly { axis: number; place: (at: Point) => number }[];
  /** The rectangle of the stretches that are chosen, as [left, top, right, bottom]. */
  brushes(): readonly (readonly [number, number, number, number])[];
}

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
    isFilled: () => false,
    trace(path, points) {
      points.forEach(({ x, y }, i) => i === 0 ? path.moveTo(x, y) : path.lineTo(x, y));
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
    isFilled: (row) => rows[row]?.state !== "pruned",
    trace(path, points, row) {
      for (const { x, y } of points) {
        if (rows[row]?.state === "pruned") {
          path.moveTo(x - 2, y - 2);
          path.lineTo(x + 2, y + 2);
          path.moveTo(x + 2, y - 2);
          path.lineTo(x - 2, y + 2);
        } else {
          const radius = rows[row]?.rank === 1 ? 4.5 : 2.5;
          path.moveTo(x + radius, y);
          path.arc(x, y, radius, 0, 7);
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
