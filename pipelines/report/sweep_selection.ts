/** Which trials the reader has chosen: stretches of axes. All linked charts and the ranking follow it. */
import { placeOf, type Stretch } from "./sweep_axes.ts";
import type { Linked } from "./sweep_columns.ts";

export class Selection {
  /** By row: its place on each axis. */
  readonly places: readonly Float64Array[];
  /** By row, 1: chosen. */
  readonly chosen: Uint8Array;
  /** Row that the pointer is on, in whichever chart; null: none. */
  marked: number | null = null;
  readonly #stretches = new Map<number, readonly Stretch[]>();
  readonly #listeners: (() => void)[] = [];
  readonly #markers: (() => void)[] = [];

  constructor(readonly linked: Linked) {
    const { axes, rows } = linked;
    this.places = rows.map(({ values }) =>
      Float64Array.from(axes, (axis, i) => placeOf(axis, values[i] ?? null))
    );
    this.chosen = new Uint8Array(rows.length).fill(1);
  }

  /** Axes that choose, in the order in which they were first asked. */
  get axes(): number[] {
    return [...this.#stretches.keys()];
  }

  /** Empty: the axis does not choose. */
  of(axis: number): readonly Stretch[] {
    return this.#stretches.get(axis) ?? [];
  }

  get count(): number {
    return this.chosen.reduce((sum, bit) => sum + bit, 0);
  }

  /** A trial is chosen if on each axis with stretches it stands in one of them. */
  set(changes: Iterable<readonly [axis: number, stretches: readonly Stretch[]]>): void {
    for (const [axis, stretches] of changes) {
      if (stretches.length === 0) this.#stretches.delete(axis);
      else this.#stretches.set(axis, stretches);
    }
    const all = [...this.#stretches];
    this.places.forEach((places, row) => {
      const isIn = all.every(([axis, stretches]) => {
        const place = places[axis] ?? 0;
        return stretches.some(([low, high]) => place >= low && place <= high);
      });
      this.chosen[row] = isIn ? 1 : 0;
    });
    for (const listener of this.#listeners) listener();
  }

  clear(): void {
    this.set(this.axes.map((axis) => [axis, []] as const));
  }

  mark(row: number | null): void {
    if (row === this.marked) return;
    this.marked = row;
    for (const marker of this.#markers) marker();
  }

  /** `changed`: other trials are chosen. `marked`: the pointer is on another one. */
  on(changed: () => void, marked: () => void = () => {}): void {
    this.#listeners.push(changed);
    this.#markers.push(marked);
  }
}
