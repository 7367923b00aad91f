/** The charts, as vega-lite specs. Numbers are rounded, so that a page stays small. */
import type { TopLevelSpec } from "vega-lite";
import type { Chart } from "./draw.ts";
import type { ReportData, Variant } from "./data.ts";
import { mean } from "./statistics.ts";
import { ROLES, SERIES } from "./theme.ts";

export const nameOf = (variant: Variant) => variant.name === "" ? "model" : variant.name;
const round = (x: number, digits = 5) => Number(x.toFixed(digits));

/** The variant filter's hook: the page's script sets the signal `hidden`. */
const HIDDEN = { params: [{ name: "hidden", value: [] }] };
/** Beside the data it filters: a layer with data of its own does not inherit it. */
const SHOWN = { transform: [{ filter: "indexof(hidden, datum.variant) < 0" }] };
const variantColour = (variants: readonly Variant[]) => ({
  field: "variant",
  type: "nominal",
  legend: null,
  scale: { domain: variants.map(nameOf), range: variants.map((_, i) => SERIES[i % SERIES.length]) },
});

/** vega-lite's type of specs is a union too deep to infer from literals; what is drawn is tested. */
const spec = (value: Record<string, unknown>) => value as unknown as TopLevelSpec;

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

/** Summed over seeds; the shade is the part of the truth's row. */
export function confusionOf(variant: Variant): number[][] {
  const first = variant.replicates[0]?.confusion ?? [];
  return first.map((row, i) =>
    row.map((_, j) => variant.replicates.reduce((sum, r) => sum + (r.confusion[i]?.[j] ?? 0), 0))
  );
}

export function confusionChart(variant: Variant, index: number, classes: readonly string[]): Chart {
  const matrix = confusionOf(variant);
  const values = matrix.flatMap((row, truth) => {
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((count, predicted) => ({
      truth: classes[truth],
      predicted: classes[predicted],
      count,
      part: total === 0 ? 0 : round(count / total, 4),
    }));
  });
  const axis = { domain: false, ticks: false, labelLimit: 90 };
  const size = classes.length > 20 ? 14 : 27;
  const encoding = {
    x: {
      field: "predicted",
      type: "nominal",
      sort: null,
      title: "predicted",
      axis: { ...axis, labelAngle: -45 },
      scale: { domain: classes },
    },
    y: {
      field: "truth",
      type: "nominal",
      sort: null,
      title: "truth",
      axis,
      scale: { domain: classes },
    },
    tooltip: [
      { field: "truth" },
      { field: "predicted" },
      { field: "count", type: "quantitative" },
      { field: "part", type: "quantitative", format: ".1%", title: "of the truth" },
    ],
  };
  return {
    id: `confusion-${index}`,
    description: `Confusion matrix of ${nameOf(variant)}`,
    spec: spec({
      data: { values },
      width: { step: size },
      height: { step: size },
      layer: [
        {
          mark: { type: "rect", color: SERIES[index % SERIES.length], stroke: ROLES.paper },
          encoding: {
            ...encoding,
            fillOpacity: {
              field: "part",
              type: "quantitative",
              scale: { type: "pow", exponent: 0.5, domain: [0, 1], range: [0.03, 0.95] },
              legend: null,
            },
          },
        },
        ...(classes.length > 20 ? [] : [{
          transform: [{ filter: "datum.count > 0" }],
          mark: { type: "text", fontSize: 9 },
          encoding: {
            ...encoding,
            text: { field: "count", type: "quantitative" },
            color: {
              condition: { test: "datum.part > 0.3", value: ROLES.paper },
              value: ROLES.ink,
            },
          },
        }]),
      ],
    }),
  };
}

/** One figure by class, a dot a variant (the mean over seeds). */
export function classChart(data: ReportData, figure: "precision" | "recall" | "f1"): Chart {
  const values = data.variants.flatMap((v) =>
    data.classes.map((name, i) => ({
      variant: nameOf(v),
      class: name,
      value: round(mean(v.replicates.map((r) => r[figure][i] ?? 0)), 4),
    }))
  );
  const title = figure === "f1" ? "F1" : figure;
  return {
    id: `class-${figure}`,
    description: `${title} of each class`,
    spec: spec({
      data: { values },
      ...HIDDEN,
      ...SHOWN,
      width: 215,
      height: { step: 7 * Math.min(6, data.variants.length) + 9, for: "position" },
      mark: { type: "bar", height: { band: 0.92 } },
      encoding: {
        y: {
          field: "class",
          type: "nominal",
          sort: null,
          title: null,
          axis: { labelLimit: 90, ticks: false, domain: false },
          scale: { paddingInner: 0.28 },
        },
        yOffset: { field: "variant", type: "nominal", sort: data.variants.map(nameOf) },
        x: {
          field: "value",
          type: "quantitative",
          title,
          scale: { domain: [0, 1] },
          axis: { format: ".0%", tickCount: 3 },
        },
        color: variantColour(data.variants),
        tooltip: [
          { field: "variant" },
          { field: "class" },
          { field: "value", type: "quantitative", title, format: ".2%" },
        ],
      },
    }),
  };
}

/** Confidence against accuracy of the first seed; on the diagonal a model means what it says. */
export function calibrationChart(variant: Variant, index: number): Chart | null {
  const values = (variant.replicates[0]?.calibration ?? []).filter((b) => b.count > 0).map((b) => ({
    from: round(b.low, 3),
    to: round(b.high, 3),
    confidence: round(b.confidence, 4),
    accuracy: round(b.accuracy, 4),
    count: b.count,
  }));
  if (values.length === 0) return null;
  const scale = { domain: [0, 1] };
  return {
    id: `calibration-${index}`,
    description: `Calibration of ${nameOf(variant)}`,
    spec: spec({
      width: 230,
      height: 230,
      layer: [
        {
          data: { values: [{ x: 0, y: 0 }, { x: 1, y: 1 }] },
          mark: { type: "line", color: ROLES.soft, strokeDash: [3, 3], strokeWidth: 1 },
          encoding: {
            x: { field: "x", type: "quantitative", title: "confidence", scale },
            y: { field: "y", type: "quantitative", title: "accuracy", scale },
          },
        },
        {
          data: { values },
          mark: {
            type: "line",
            color: SERIES[index % SERIES.length],
            point: { filled: true, size: 55, color: SERIES[index % SERIES.length] },
          },
          encoding: {
            x: {
              field: "confidence",
              type: "quantitative",
              scale,
              axis: { format: ".0%", tickCount: 5 },
            },
            y: {
              field: "accuracy",
              type: "quantitative",
              scale,
              axis: { format: ".0%", tickCount: 5 },
            },
            tooltip: [
              { field: "confidence", type: "quantitative", format: ".1%" },
              { field: "accuracy", type: "quantitative", format: ".1%" },
              { field: "count", type: "quantitative", title: "images", format: "," },
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
