/** What charts share: names, colours by variant, the filter that hides variants, lines by epoch. */
import type { TopLevelSpec } from "vega-lite";
import type { Variant } from "./data.ts";
import { SERIES } from "./theme.ts";

export const nameOf = (variant: Variant) => variant.name === "" ? "model" : variant.name;
export const round = (x: number, digits = 5) => Number(x.toFixed(digits));

/** The variant filter's hook: the page's script sets the signal `hidden`. */
export const HIDDEN = { params: [{ name: "hidden", value: [] }] };
/** Beside the data it filters: a layer with data of its own does not inherit it. */
export const SHOWN = { transform: [{ filter: "indexof(hidden, datum.variant) < 0" }] };
export const variantColour = (variants: readonly Variant[]) => ({
  field: "variant",
  type: "nominal",
  legend: null,
  scale: { domain: variants.map(nameOf), range: variants.map((_, i) => SERIES[i % SERIES.length]) },
});

/** vega-lite's type of specs is a union too deep to infer from literals; what is drawn is tested. */
export const spec = (value: Record<string, unknown>) => value as unknown as TopLevelSpec;

/**
 * Lines over points that show their values; a line of one point is that point. `values` with the field `alone`,
 * as `lineOf` makes them; `point`: what the points are encoded by.
 */
export const lines = (
  mark: Record<string, unknown>,
  line: Record<string, unknown>,
  point: Record<string, unknown>,
) => [
  { mark: { type: "line", ...mark }, encoding: line },
  {
    mark: { type: "point", filled: true, size: 70 },
    encoding: { ...point, opacity: { condition: { test: "datum.alone", value: 1 }, value: 0 } },
  },
];

/** The points of one line, from the first epoch on; what is not a number has none. */
export function lineOf<T extends object>(
  values: readonly number[] | undefined,
  facts: (value: number, epoch: number) => T,
): (T & { epoch: number; value: number; alone: boolean })[] {
  const there = (values ?? []).map((value, i) => ({ value: round(value, 6), epoch: i + 1 }))
    .filter(({ value }) => Number.isFinite(value));
  return there.map((one, i) => ({
    ...facts(one.value, one.epoch),
    ...one,
    // Neighbours of an epoch without a number are apart, so that a line begins anew behind it.
    alone: there[i - 1]?.epoch !== one.epoch - 1 && there[i + 1]?.epoch !== one.epoch + 1,
  }));
}

/** Epochs are counted: no tick stands between two. */
export const EPOCHS = {
  field: "epoch",
  type: "quantitative",
  axis: { tickMinStep: 1, grid: false, format: "d" },
  scale: { zero: false, nice: false },
};
