/** Charts of what happens class by class: confusion, scores, calibration. */
import { HIDDEN, nameOf, round, SHOWN, spec, variantColour } from "./chart_parts.ts";
import type { CalibrationBin, ReportData, Variant } from "./data.ts";
import type { Chart } from "./draw.ts";
import { mean } from "./statistics.ts";
import { ROLES, SERIES } from "./theme.ts";

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
      // Above the labels, not beside them: how wide those are is not known before they are drawn.
      axis: {
        ...axis,
        titleAngle: 0,
        titleAlign: "right",
        titleAnchor: "end",
        titleBaseline: "bottom",
        titleX: -4,
        titleY: -6,
      },
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

/** The bins of all seeds together: each network's answers count alike. */
function binsOf({ replicates }: Variant): CalibrationBin[] {
  const first = replicates[0]?.calibration ?? [];
  return first.flatMap(({ low, high }, i) => {
    const all = replicates.flatMap((r) => r.calibration[i] ?? []);
    const count = all.reduce((sum, bin) => sum + bin.count, 0);
    const part = (of: (bin: CalibrationBin) => number) =>
      all.reduce((sum, bin) => sum + bin.count * of(bin), 0) / count;
    return count === 0 ? [] : [{
      low,
      high,
      count,
      confidence: part((bin) => bin.confidence),
      accuracy: part((bin) => bin.accuracy),
    }];
  });
}

/** Confidence against accuracy, over all seeds; on the diagonal a model means what it says. */
export function calibrationChart(variant: Variant, index: number): Chart | null {
  const values = binsOf(variant).map((b) => ({
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
