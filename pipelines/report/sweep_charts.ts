/** Charts of the sweep as a whole. A mark's words are shown beside it by the page's script. */
import { round, spec } from "./chart_parts.ts";
import type { Chart } from "./draw.ts";
import type { Importances } from "./importance.ts";
import { fixed, type Linked } from "./sweep_columns.ts";
import type { SweepData } from "./sweep_data.ts";
import { metricOf } from "./sweep_ranking.ts";
import { ROLES } from "./theme.ts";

/** Each mark has its words, from the field `says`. */
export const words = { description: { field: "says" } };

/** The metric's axis, with the ends that the linked charts give it, so that one outlier hides nothing. */
function metricScale({ axes }: Linked) {
  const metric = axes.at(-1);
  const low = metric?.low ?? 0, high = metric?.high ?? 1;
  const margin = high > low ? (high - low) * 0.04 : 0.5;
  return { domain: [low - margin, high + margin], nice: false, zero: false, clamp: true };
}

const metricTitle = ({ axes }: Linked) => axes.at(-1)?.title ?? "";

const STATES = ["done", "pruned or not over"] as const;

/** Of more trials only so many dots are drawn, every k-th and those that were the best so far: the page has all. */
export const MOST_DOTS = 2500;

/** Every trial by its number, and the best so far. */
export function progressChart(data: SweepData, linked: Linked): Chart | null {
  const better = (a: number, b: number) => data.goal === "maximize" ? a > b : a < b;
  let best: number | null = null;
  const every = Math.ceil(data.trials.length / MOST_DOTS);
  const dots: Record<string, unknown>[] = [], steps: { trial: number; value: number }[] = [];
  for (const trial of data.trials) {
    const value = metricOf(trial);
    if (value === null) continue;
    const isDone = trial.state === "done";
    const isBest = isDone && (best === null || better(value, best));
    if (isBest || trial.trial % every === 0) {
      dots.push({
        trial: trial.trial,
        value: round(value, linked.decimals),
        state: STATES[isDone ? 0 : 1],
        says: `trial ${trial.trial}: ${fixed(value, linked.decimals)}, ${trial.state}`,
      });
    }
    if (isBest) {
      best = value;
      steps.push({ trial: trial.trial, value: round(value, linked.decimals) });
    }
  }
  const last = data.trials.at(-1)?.trial ?? 0;
  if (best === null) return null;
  steps.push({ trial: last, value: round(best, linked.decimals) });
  const x = {
    field: "trial",
    type: "quantitative",
    axis: { grid: false, tickMinStep: 1, format: "d" },
    scale: { domain: [0, Math.max(1, last)], nice: false },
  };
  const y = {
    field: "value",
    type: "quantitative",
    title: metricTitle(linked),
    scale: metricScale(linked),
    axis: { tickCount: 6 },
  };
  return {
    id: "progress",
    description: `${metricTitle(linked)} of every trial by its number, and the best so far`,
    spec: spec({
      width: 960,
      height: 220,
      layer: [
        {
          data: { values: dots },
          mark: { type: "point", filled: true, size: 18, opacity: 0.55 },
          encoding: {
            x,
            y,
            shape: {
              field: "state",
              type: "nominal",
              legend: null,
              scale: { domain: STATES, range: ["circle", "cross"] },
            },
            color: {
              field: "state",
              type: "nominal",
              legend: null,
              scale: { domain: STATES, range: [ROLES.s1, ROLES.soft] },
            },
            ...words,
          },
        },
        {
          data: { values: steps },
          mark: { type: "line", interpolate: "step-after", color: ROLES.s2, strokeWidth: 2 },
          encoding: { x, y },
        },
      ],
    }),
  };
}

/** Each trial's metric at the rung where it stopped. */
export function rungsChart(data: SweepData, linked: Linked): Chart | null {
  if (data.rungs === null) return null;
  const values = data.trials.flatMap((trial) => {
    const value = metricOf(trial);
    return value === null || trial.reached === null || trial.state === "failed" ? [] : [{
      reached: trial.reached,
      value: round(value, linked.decimals),
      says: `trial ${trial.trial}: ${fixed(value, linked.decimals)} at ${trial.reached}, ` +
        trial.state,
    }];
  });
  if (values.length === 0) return null;
  return {
    id: "rungs",
    description: `${metricTitle(linked)} of each trial at the rung where it stopped`,
    spec: spec({
      width: 520,
      height: 220,
      data: { values },
      mark: { type: "tick", color: ROLES.s1, opacity: 0.4, thickness: 1.5, size: 34 },
      encoding: {
        x: {
          field: "reached",
          type: "ordinal",
          title: linked.rungs,
          scale: { domain: data.rungs.values },
          axis: { labelAngle: 0, domain: false, ticks: false },
        },
        y: {
          field: "value",
          type: "quantitative",
          title: metricTitle(linked),
          scale: metricScale(linked),
          axis: { tickCount: 6 },
        },
        ...words,
      },
    }),
  };
}

const percent = (x: number) => `${(100 * x).toFixed(1)} %`;

export function importanceChart({ params }: Importances): Chart {
  const values = params.map((one) => ({
    ...one,
    says: `${one.title}: ${percent(one.share)}, of 80 % of trees ${percent(one.low)} to ` +
      `${percent(one.high)}; by chance below ${percent(one.chance)}`,
  }));
  const y = {
    field: "title",
    type: "nominal",
    sort: values.map(({ title }) => title),
    title: null,
    axis: { ticks: false, domain: false, labelLimit: 220, labelColor: ROLES.ink },
  };
  const x = (field: string) => ({
    field,
    type: "quantitative",
    title: "part of the ranking’s variance that it decides alone",
    axis: { format: ".0%", tickCount: 6 },
    scale: { domainMin: 0, nice: true },
  });
  return {
    id: "importance",
    description: "Importance of each param, with the spread over trees and what chance gives",
    spec: spec({
      width: 520,
      height: { step: 28 },
      data: { values },
      layer: [
        {
          mark: { type: "bar", color: ROLES.s1, opacity: 0.75, height: 12 },
          encoding: { y, x: x("share"), ...words },
        },
        {
          mark: { type: "rule", color: ROLES.ink, strokeWidth: 1.5 },
          encoding: { y, x: x("low"), x2: { field: "high" }, ...words },
        },
        {
          mark: { type: "tick", color: ROLES.s2, thickness: 2, size: 18 },
          encoding: { y, x: x("chance"), ...words },
        },
      ],
    }),
  };
}
