/** Charts of whole variants, and of the data. */
import { HIDDEN, nameOf, round, SHOWN, spec, variantColour } from "./chart_parts.ts";
import type { ReportData, Variant } from "./data.ts";
import type { Chart } from "./draw.ts";
import { ROLES, SERIES } from "./theme.ts";

/** Accuracy with its bootstrap interval, a row a variant, a dot a seed; the reference as a tick. */
export function accuracyChart(variants: readonly Variant[]): Chart {
  const values = variants.flatMap((v) =>
    v.replicates.map((r) => ({
      variant: nameOf(v),
      seed: r.seed,
      accuracy: round(r.accuracy),
      low: round(r.interval?.[0] ?? r.accuracy),
      high: round(r.interval?.[1] ?? r.accuracy),
    }))
  );
  const references = variants.flatMap((v) =>
    v.reference?.accuracy === undefined
      ? []
      : [{ variant: nameOf(v), accuracy: v.reference.accuracy, what: "reference" }]
  );
  const y = { field: "variant", type: "nominal", title: null, sort: variants.map(nameOf) };
  const x = (field: string) => ({
    field,
    type: "quantitative",
    title: "test accuracy",
    scale: { zero: false, nice: true },
    axis: { format: ".1%", tickCount: 6 },
  });
  return {
    id: "accuracy",
    description: "Test accuracy of each variant with its 95 % interval",
    spec: spec({
      ...HIDDEN,
      width: 480,
      height: { step: 30 },
      layer: [
        {
          data: { values },
          ...SHOWN,
          mark: { type: "rule", strokeWidth: 2, opacity: 0.55 },
          encoding: { y, x: x("low"), x2: { field: "high" }, color: variantColour(variants) },
        },
        {
          data: { values },
          ...SHOWN,
          mark: { type: "point", filled: true, size: 70, opacity: 1 },
          encoding: {
            y,
            x: x("accuracy"),
            color: variantColour(variants),
            tooltip: [
              { field: "variant" },
              ...(values.some((v) => v.seed !== "") ? [{ field: "seed" }] : []),
              { field: "accuracy", type: "quantitative", format: ".2%" },
              { field: "low", type: "quantitative", format: ".2%" },
              { field: "high", type: "quantitative", format: ".2%" },
            ],
          },
        },
        ...(references.length === 0 ? [] : [{
          data: { values: references },
          ...SHOWN,
          mark: { type: "tick", color: ROLES.ink, thickness: 2, size: 18 },
          encoding: {
            y,
            x: x("accuracy"),
            tooltip: [{ field: "what", title: "what" }, {
              field: "accuracy",
              type: "quantitative",
              format: ".2%",
            }],
          },
        }]),
      ],
    }),
  };
}

const KINDS = ["train", "validation", "reference train", "reference validation"];

/** Training and validation by epoch of one variant; a thin line a seed; the reference's dashed. */
export function curveChart(
  variant: Variant,
  index: number,
  figure: "loss" | "accuracy",
): Chart | null {
  const values: Record<string, unknown>[] = [];
  const add = (kind: string, seed: string, list: readonly number[] | undefined) =>
    list?.forEach((value, i) => values.push({ epoch: i + 1, kind, seed, value: round(value) }));
  for (const r of variant.replicates) {
    add("train", r.seed, r.curves[figure]);
    add("validation", r.seed, r.curves[`val_${figure}`]);
  }
  const theirs = variant.reference?.curves;
  add("reference train", "", theirs?.[figure]);
  add("reference validation", "", theirs?.[`val_${figure}`]);
  if (values.length === 0) return null;
  const present = KINDS.filter((k) => values.some((v) => v["kind"] === k));
  const colour = SERIES[index % SERIES.length] ?? ROLES.s1;
  const colours: Record<string, string> = {
    "train": ROLES.soft,
    "validation": colour,
    "reference train": ROLES.soft,
    "reference validation": colour,
  };
  const many = variant.replicates.length > 1;
  const encoding = {
    x: { field: "epoch", type: "quantitative", axis: { tickMinStep: 1, grid: false, format: "d" } },
    y: {
      field: "value",
      type: "quantitative",
      title: figure,
      scale: { zero: false },
      axis: { tickCount: 5, ...(figure === "accuracy" ? { format: ".0%" } : {}) },
    },
    detail: { field: "seed" },
    color: {
      field: "kind",
      type: "nominal",
      scale: { domain: present, range: present.map((k) => colours[k]) },
      legend: { title: null, orient: "bottom", columns: 2, symbolType: "stroke" },
    },
    strokeDash: {
      field: "kind",
      type: "nominal",
      scale: {
        domain: present,
        range: present.map((k) => k.startsWith("reference") ? [4, 3] : [1, 0]),
      },
      legend: { title: null, orient: "bottom", columns: 2, symbolType: "stroke" },
    },
  };
  return {
    id: `curve-${figure}-${index}`,
    description: `${figure} by epoch of ${nameOf(variant)}`,
    spec: spec({
      data: { values },
      width: 310,
      height: 190,
      layer: [
        {
          mark: { type: "line", strokeWidth: many ? 1.2 : 2, opacity: many ? 0.7 : 1 },
          encoding,
        },
        {
          mark: { type: "point", filled: true, size: 90, opacity: 0 },
          encoding: {
            x: encoding.x,
            y: encoding.y,
            tooltip: [
              { field: "kind", title: "curve" },
              ...(many ? [{ field: "seed" }] : []),
              { field: "epoch", type: "quantitative" },
              { field: "value", type: "quantitative", title: figure, format: ".4f" },
            ],
          },
        },
      ],
    }),
  };
}

/** Images of each class in each part of the data. */
export function countsChart(data: ReportData): Chart | null {
  const { preview, classes } = data;
  if (preview === null) return null;
  const values = preview.splits.flatMap((part, s) =>
    classes.map((name, i) => ({ part, class: name, count: preview.counts[s]?.[i] ?? 0 }))
  );
  const shades = [ROLES.s6, ROLES.s1, ROLES.s5];
  return {
    id: "counts",
    description: "Images of each class in each part of the data",
    spec: spec({
      data: { values },
      width: 480,
      height: { step: 20 },
      mark: { type: "bar" },
      encoding: {
        y: {
          field: "class",
          type: "nominal",
          sort: null,
          title: null,
          axis: { ticks: false, domain: false, labelLimit: 110 },
        },
        x: {
          field: "count",
          type: "quantitative",
          title: "images",
          stack: true,
          axis: { tickCount: 5 },
        },
        color: {
          field: "part",
          type: "nominal",
          scale: { domain: preview.splits, range: preview.splits.map((_, i) => shades[i % 3]) },
          legend: { title: null, orient: "top" },
        },
        tooltip: [{ field: "class" }, { field: "part" }, {
          field: "count",
          type: "quantitative",
          format: ",",
        }],
      },
    }),
  };
}
