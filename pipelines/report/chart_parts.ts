/** What all charts share: names, colours by variant, and the filter that hides variants. */
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
