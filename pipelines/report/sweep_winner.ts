/** Who won: its figures beside the baseline's, and how to run it. */
import { type Html, html } from "./html.ts";
import { quoted } from "./lineage.ts";
import { mean } from "./statistics.ts";
import {
  fixed,
  type Linked,
  NONE,
  probability,
  type Ranked,
  shown,
  signed,
} from "./sweep_columns.ts";
import type { SweepData, SweepTrial } from "./sweep_data.ts";
import { metricOf } from "./sweep_ranking.ts";
import { halfWidth } from "./sweep_statistics.ts";
import { heading, scrolled } from "./sweep_tables.ts";

export function winner(data: SweepData, linked: Linked): Html {
  const { winner: won, baseline, trials } = data;
  const trial = trials.find((one) => one.trial === won?.trial);
  if (won === null || trial === undefined) return nobody(data);
  const row = linked.rows.find((one) => one.trial === trial.trial);
  const { decimals } = linked;
  const test = won.test === null || won.test.length === 0 ? null : won.test.map((t) => t.value);
  const compared = row?.difference ?? null;
  const kept = ({ metrics }: SweepTrial) =>
    metrics.flatMap(({ at }) => at ?? []).join(", ") || NONE;
  const figures: [string, Html, Html][] = [
    [
      `${data.metric}${data.on === "" ? "" : ` on ${data.on}`}`,
      figure(trial.metrics.map((m) => m.value), decimals),
      baseline === null ? html`–` : figure(baseline.metrics.map((m) => m.value), decimals),
    ],
    ...data.unit === undefined ? [] : [
      [
        `Of ${data.unit}, which was kept`,
        html`${kept(trial)}`,
        html`${baseline === null ? NONE : kept(baseline)}`,
      ] satisfies [string, Html, Html],
    ],
    [
      "The same on the test set",
      test === null ? html`<small>not measured</small>` : figure(test, decimals),
      html`–`,
    ],
    ...data.parameters.map(({ path }): [string, Html, Html] => [
      path,
      html`${shown(trial.values[path] ?? null)}`,
      html`${baseline === null ? "–" : shown(baseline.values[path] ?? null)}`,
    ]),
  ];
  const at = metricOf(trial);
  const beside = figures.map(([name, own, base]) =>
    html`
      <tr>
        <th scope="row">${name}</th>
        <td>${own}</td>
        <td>${base}</td>
      </tr>
    `
  );
  return html`
    <p class="result"><strong>Trial ${trial.trial}</strong>${at !== null &&
      `: ${data.metric} ${fixed(at, decimals)}`}${compared !== null &&
      `, ${apart(compared.mean, decimals)}`}.</p>
    ${compared !== null && html`<p>${certainty(compared, decimals)}</p>`} ${scrolled(
      "The winner beside the baseline",
      "winner-table",
      [html`<td></td>`, heading(`Trial ${trial.trial}`), heading("Baseline")],
      beside,
    )} ${test !== null &&
      html`<p class="note">The test set was touched once, by this trial: that figure is
free of the choice among trials, which the one above is not.</p>`}
    <h3>To run it</h3>
    ${copied("settings", command(data.base, won.sets))}
    <details><summary>The whole config</summary>${copied("config", won.yaml)}</details>
  `;
}

function nobody({ trials, left }: SweepData): Html {
  const failed = trials.filter(({ state }) => state === "failed").length;
  const why = trials.length === 0
    ? "No trial has begun."
    : failed === trials.length
    ? "All trials failed: see below what they said."
    : left > 0
    ? "The sweep is not over: no trial is done yet."
    : "No trial came to its end with a metric that is a number.";
  return html`<p class="result">There is no winner. ${why}</p>`;
}

function apart(by: number, decimals: number): string {
  return by === 0
    ? "as the baseline"
    : `${fixed(Math.abs(by), decimals)} ${by > 0 ? "above" : "below"} the baseline`;
}

/** How far chance may have made the difference. */
function certainty(compared: NonNullable<Ranked["difference"]>, decimals: number): string {
  const { mean: by, half, p, adjusted } = compared;
  if (half === null) {
    return "With one replicate nobody can say whether the difference is chance: ask for more.";
  }
  const interval = `The 95 % interval of the difference is ${signed(by - half, decimals)} to ${
    signed(by + half, decimals)
  }`;
  if (p === null || adjusted === null) return `${interval}; all seeds differ alike.`;
  return `${interval}, p ${probability(p)}; ${
    probability(adjusted)
  } when corrected for the number of trials, ${
    adjusted < 0.05
      ? "so it is more than chance."
      : "so that chance alone may have put one of so many this far ahead."
  }`;
}

/** Mean and interval, and the replicates behind them. */
function figure(values: readonly number[], decimals: number): Html {
  if (values.length === 0) return html`–`;
  const half = halfWidth(values);
  return html`${fixed(mean(values), decimals)}${half !== null && ` ± ${fixed(half, decimals)}`}${
    values.length > 1 &&
    html`<br><small>${values.map((v) => fixed(v, decimals)).join(", ")}</small>`
  }`;
}

/** Text with a place for the script's button. */
function copied(id: string, text: string): Html {
  return html`
    <div class="copied">
      <pre id="${id}" tabindex="0"><code>${text}</code></pre>
    </div>
  `;
}

function command(base: string, sets: readonly string[]): string {
  const words = sets.map((one) => `  --set ${quoted(one)}`);
  return [`deno task run ${quoted(base)}`, ...words].join(" \\\n");
}
