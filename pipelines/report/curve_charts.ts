/** Learning curves: all variants in one chart, and one chart each, on the same axes. */
import {
  EPOCHS,
  HIDDEN,
  lineOf,
  lines,
  nameOf,
  SHOWN,
  spec,
  variantColour,
} from "./chart_parts.ts";
import type { Curves, Variant } from "./data.ts";
import type { Chart } from "./draw.ts";
import { ROLES, SERIES } from "./theme.ts";

export type Figure = "loss" | "accuracy";

const WIDTH = 310, HEIGHT = 190;

/** All curves of one figure, training's and validation's, the references' as well. */
function listsOf(variants: readonly Variant[], figure: Figure): (readonly number[])[] {
  const of = (curves: Curves | undefined) => [curves?.[figure], curves?.[`val_${figure}`]];
  return variants.flatMap((v) => [
    ...v.replicates.flatMap((r) => of(r.curves)),
    ...of(v.reference?.curves),
  ]).filter((list) => list !== undefined);
}

/** The least and the most number; lists may be longer than what a call takes as arguments. */
function endsOf(lists: readonly (readonly number[])[]): [low: number, high: number] {
  let low = Infinity, high = -Infinity;
  for (const list of lists) {
    for (const value of list) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [low, high];
}

/** The ends of a figure's axis in every chart: variants compare. */
function valueAxis(variants: readonly Variant[], figure: Figure, title: string) {
  const [low, high] = endsOf(listsOf(variants, figure));
  const margin = high > low ? 0 : 0.05;
  return {
    field: "value",
    type: "quantitative",
    title,
    scale: { zero: false, ...(low <= high ? { domain: [low - margin, high + margin] } : {}) },
    axis: { tickCount: 5, ...(figure === "accuracy" ? { format: "~%" } : {}) },
  };
}

/** A chart of all variants, a line a network. */
function together(
  variants: readonly Variant[],
  id: string,
  title: string,
  y: Record<string, unknown>,
  listOf: (curves: Curves) => readonly number[] | undefined,
): Chart | null {
  const values = variants.flatMap((v) =>
    v.replicates.flatMap((r) =>
      lineOf(listOf(r.curves), () => ({ variant: nameOf(v), seed: r.seed }))
    )
  );
  if (values.length === 0) return null;
  const many = variants.some((v) => v.replicates.length > 1);
  const color = {
    ...variantColour(variants),
    legend: variants.length < 2 ? null : { title: null, orient: "top", symbolType: "stroke" },
  };
  return {
    id,
    description: `${title} by epoch of all variants`,
    spec: spec({
      ...HIDDEN,
      width: 2 * WIDTH,
      height: 260,
      data: { values },
      ...SHOWN,
      layer: lines(
        { strokeWidth: many ? 1.4 : 2, opacity: many ? 0.75 : 1 },
        { x: EPOCHS, y, color, detail: { field: "seed" } },
        {
          x: EPOCHS,
          y,
          color,
          tooltip: [
            { field: "variant" },
            ...(many ? [{ field: "seed" }] : []),
            { field: "epoch", type: "quantitative" },
            { field: "value", type: "quantitative", title, format: ".4~g" },
          ],
        },
      ),
    }),
  };
}

/** All variants' figure on the validation data, on the training's where there are none; null for one variant. */
export function togetherChart(variants: readonly Variant[], figure: Figure): Chart | null {
  if (variants.length < 2) return null;
  const isValidated = variants.some((v) =>
    v.replicates.some((r) => r.curves[`val_${figure}`] !== undefined)
  );
  const title = isValidated ? `validation ${figure}` : figure;
  const key = isValidated ? `val_${figure}` : figure;
  const y = valueAxis(variants, figure, title);
  return together(variants, `curves-${figure}`, title, y, (curves) => curves[key]);
}

/** The learning rate of all variants, where it changes in one of them. */
export function rateChart(variants: readonly Variant[]): Chart | null {
  const lists = variants.flatMap((v) => v.replicates.map((r) => r.curves["learning_rate"] ?? []));
  if (lists.every((list) => new Set(list).size < 2)) return null;
  const [low, high] = endsOf(lists);
  const y = {
    field: "value",
    type: "quantitative",
    title: "learning rate",
    scale: low > 0 && high / low > 20 ? { type: "log" } : { zero: false },
    axis: { tickCount: 5, format: "~g" },
  };
  return together(variants, "curves-rate", "learning rate", y, (c) => c["learning_rate"]);
}

const KINDS = ["train", "validation", "reference train", "reference validation"];

/** Training and validation by epoch of one of the variants; a thin line a seed; the reference's dashed. */
export function curveChart(
  variants: readonly Variant[],
  index: number,
  figure: Figure,
): Chart | null {
  const variant = variants[index];
  if (variant === undefined) return null;
  const add = (kind: string, seed: string, list: readonly number[] | undefined) =>
    lineOf(list, () => ({ kind, seed }));
  const theirs = variant.reference?.curves;
  const values = [
    ...variant.replicates.flatMap((r) => [
      ...add("train", r.seed, r.curves[figure]),
      ...add("validation", r.seed, r.curves[`val_${figure}`]),
    ]),
    ...add("reference train", "", theirs?.[figure]),
    ...add("reference validation", "", theirs?.[`val_${figure}`]),
  ];
  if (values.length === 0) return null;
  const present = KINDS.filter((kind) => values.some((v) => v.kind === kind));
  const colour = SERIES[index % SERIES.length] ?? ROLES.s1;
  const many = variant.replicates.length > 1;
  const legend = { title: null, orient: "bottom", columns: 2, symbolType: "stroke" };
  const of = (range: unknown[]) => ({
    field: "kind",
    type: "nominal",
    scale: { domain: present, range },
  });
  const color = of(present.map((kind) => kind.endsWith("validation") ? colour : ROLES.soft));
  const dash = of(present.map((kind) => kind.startsWith("reference") ? [4, 3] : [1, 0]));
  const y = valueAxis(variants, figure, figure);
  return {
    id: `curve-${figure}-${index}`,
    description: `${figure} by epoch of ${nameOf(variant)}`,
    spec: spec({
      data: { values },
      width: WIDTH,
      height: HEIGHT,
      layer: lines(
        { strokeWidth: many ? 1.2 : 2, opacity: many ? 0.7 : 1 },
        {
          x: EPOCHS,
          y,
          detail: { field: "seed" },
          color: { ...color, legend },
          strokeDash: { ...dash, legend },
        },
        {
          x: EPOCHS,
          y,
          color: { ...color, legend },
          tooltip: [
            { field: "kind", title: "curve" },
            ...(many ? [{ field: "seed" }] : []),
            { field: "epoch", type: "quantitative" },
            { field: "value", type: "quantitative", title: figure, format: ".4f" },
          ],
        },
      ),
    }),
  };
}
