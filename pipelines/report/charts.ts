/** Charts of whole variants, and of the data. */
import { accuracyOf } from "./accuracy.ts";
import { HIDDEN, nameOf, round, SHOWN, spec, variantColour } from "./chart_parts.ts";
import type { ReportData } from "./data.ts";
import type { Chart } from "./draw.ts";
import { ROLES } from "./theme.ts";

/** Accuracy with its interval, a row a variant; a ring a seed; the reference as a tick. */
export function accuracyChart({ variants, test }: ReportData): Chart | null {
  if (variants.length === 0) return null;
  const values = variants.map((v) => {
    const { mean, interval: [low, high] } = accuracyOf(test.labels, v.replicates);
    return { variant: nameOf(v), accuracy: round(mean), low: round(low), high: round(high) };
  });
  const seeds = variants.flatMap((v) =>
    v.replicates.length < 2 ? [] : v.replicates.map((r) => ({
      variant: nameOf(v),
      seed: r.seed,
      accuracy: round(r.accuracy),
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
    axis: { format: "~%", tickCount: 5, labelFlush: false },
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
        ...(seeds.length === 0 ? [] : [{
          data: { values: seeds },
          ...SHOWN,
          mark: { type: "point", filled: false, size: 36, strokeWidth: 1.2, opacity: 0.8 },
          encoding: {
            y,
            x: x("accuracy"),
            color: variantColour(variants),
            tooltip: [
              { field: "variant" },
              { field: "seed" },
              { field: "accuracy", type: "quantitative", format: ".2%" },
            ],
          },
        }]),
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
