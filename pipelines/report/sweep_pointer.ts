/** The pointer on a linked chart: a drag chooses trials, a move finds one. */
/// <reference lib="dom" />
import { band, GAP, NOT_SET, type Stretch } from "./sweep_axes.ts";
import type { Kind, Point } from "./sweep_kinds.ts";
import type { Selection } from "./sweep_selection.ts";

/** A drag chooses, a click lets go; a move finds the trial under the pointer. Touch scrolls, as anywhere. */
export function listen(
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
