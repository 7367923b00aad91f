/** Learning curves of a sweep's best trials. */
import { EPOCHS, lineOf, lines, spec } from "./chart_parts.ts";
import type { Chart } from "./draw.ts";
import { words } from "./sweep_charts.ts";
import { fixed, type Linked } from "./sweep_columns.ts";
import type { SweepData } from "./sweep_data.ts";
import { ROLES } from "./theme.ts";

/** One figure by epoch, of the trials that have curves; the winner's training beside its validation. */
export function curveCharts(data: SweepData, linked: Linked): Chart[] {
  // The best last, so that it lies on top.
  const order = new Map(linked.rows.map(({ trial }, i) => [trial, i]));
  const place = (trial: number) => order.get(trial) ?? Infinity;
  const drawn = data.trials.filter(({ curves }) => curves !== null)
    .sort((a, b) => place(b.trial) - place(a.trial));
  const keys = [...new Set(drawn.flatMap(({ curves }) => Object.keys(curves ?? {})))].sort();
  // Of a figure that is there for validation as well, the training's is shown of the winner alone.
  const figures = keys.filter((key) => !keys.includes(`val_${key}`)).slice(0, 6);
  return figures.map((figure, i) => {
    const values = drawn.flatMap(({ trial, curves }, k) => {
      const isBest = k === drawn.length - 1;
      const add = (key: string, kind: string) =>
        lineOf(curves?.[key], (value, epoch) => ({
          kind,
          trial: k,
          says: `trial ${trial}${kind === KINDS[1] ? ", training" : ""}, epoch ${epoch}: ${
            fixed(value, 4)
          }`,
        }));
      return [
        ...add(figure, isBest ? KINDS[0] : KINDS[2]),
        ...isBest && figure.startsWith("val_") ? add(figure.slice(4), KINDS[1]) : [],
      ];
    });
    return curveChart(`curve-${i}`, figure, values);
  });
}

const KINDS = ["the best", "the best, training", "the next"] as const;

function curveChart(
  id: string,
  figure: string,
  values: readonly { readonly kind: string }[],
): Chart {
  const present = KINDS.filter((kind) => values.some((v) => v.kind === kind));
  const pick = <T>(one: readonly [T, T, T]) => present.map((kind) => one[KINDS.indexOf(kind)]);
  const legend = { title: null, orient: "bottom", columns: 3, symbolType: "stroke" };
  const scale = <T>(range: readonly [T, T, T]) => ({ domain: present, range: pick(range) });
  const y = {
    field: "value",
    type: "quantitative",
    title: figure,
    scale: { zero: false },
    axis: { tickCount: 5 },
  };
  const colours = scale([ROLES.s2, ROLES.s2, ROLES.soft]);
  const kind = { field: "kind", type: "nominal" };
  return {
    id,
    description: `${figure} by epoch of the ten best trials`,
    spec: spec({
      width: 400,
      height: 230,
      data: { values },
      layer: lines(
        {},
        {
          x: EPOCHS,
          y,
          detail: { field: "trial" },
          color: { ...kind, scale: colours, legend },
          strokeDash: { ...kind, scale: scale([[1, 0], [4, 3], [1, 0]]), legend },
          opacity: { condition: { test: `datum.kind === '${KINDS[2]}'`, value: 0.5 }, value: 1 },
          strokeWidth: {
            condition: { test: `datum.kind === '${KINDS[2]}'`, value: 1.2 },
            value: 2,
          },
        },
        { x: EPOCHS, y, color: { ...kind, scale: colours, legend }, ...words },
      ),
    }),
  };
}
