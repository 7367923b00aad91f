/** A sweep in, one self-contained HTML file out. The same data give the same bytes. */
import { draw } from "./draw.ts";
import { type Html, html, json } from "./html.ts";
import { importances, TREES } from "./importance.ts";
import { figure, sha256 } from "./page.ts";
import * as charts from "./sweep_charts.ts";
import { count, type Linked } from "./sweep_columns.ts";
import type { SweepData } from "./sweep_data.ts";
import { parallel, slice } from "./sweep_linked.ts";
import { rank } from "./sweep_ranking.ts";
import { SWEEP_STYLE } from "./sweep_style.ts";
import * as tables from "./sweep_tables.ts";
import { winner } from "./sweep_winner.ts";
import { STYLE } from "./theme.ts";

/** Draws a sweep's page. `client` is the page's own script, the build "sweep-client" of build.ts. */
export async function renderSweepPage(data: SweepData, client: string): Promise<string> {
  const linked = rank(data);
  const important = importances(linked);
  const curves = charts.curveCharts(data, linked);
  const drawings = await draw([
    charts.progressChart(data, linked),
    charts.rungsChart(data, linked),
    important === null ? null : charts.importanceChart(important),
    ...curves,
  ].filter((chart) => chart !== null));
  const chart = (id: string) => figure(drawings.get(id), null);

  const sections: [id: string, title: string, content: readonly (Html | null)[]][] = [
    ["winner", "The winner", [winner(data, linked)]],
    ["progress-part", "Best so far", [
      chart("progress"),
      drawings.has("progress")
        ? note(
          "A dot a trial, by its number; crosses were pruned or are not over. The line is the best so far.",
        )
        : null,
    ]],
    ["rungs-part", "Rungs", [chart("rungs"), tables.rungs(data, linked)]],
    ["params", "All trials at once", linkedCharts(linked)],
    ["ranking", "Ranking", [data.trials.length > 0 ? tables.ranking(data, linked) : null]],
    ["importance-part", "Which params matter", [
      chart("importance"),
      important === null ? null : importanceNote(important.trials),
    ]],
    ["curves", "Learning curves of the ten best", [
      curves.length === 0
        ? null
        : html`<div class="grid">${curves.map(({ id }) => chart(id))}</div>`,
    ]],
    ["failures", "Failures", [tables.failures(data)]],
    ["cost", "What it cost", [tables.cost(data)]],
    ["space", "What was searched", [tables.space(data)]],
  ];
  const present = sections.filter(([, , content]) => content.some((c) => c !== null));
  const body = html`
    <a class="skip" href="#winner">Skip to the winner</a>
    <header>
      <h1>Sweep ${data.name}</h1>
      <p class="lead">${lead(data)}</p>
      ${remarks(data)}
      <nav aria-label="Sections">${present.map(([id, title]) =>
        html`<a href="#${id}">${title}</a>`
      )}</nav>
    </header>
    <main>${present.map(([id, title, content]) =>
      html`
        <section id="${id}"
          aria-labelledby="h-${id}"><h2 id="h-${id}">${title}</h2>${content}</section>
      `
    )}</main>
    <footer>
      <p
        class="note">Drawn by Crisol from the results of <code>${data.file}</code> over <code>${data
          .base}</code>.</p>
    </footer>
  `;
  // The hash lets this script run and no other, whatever else finds its way into the page.
  const script = client.replaceAll("</script", "<\\/script");
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
    `script-src 'sha256-${await sha256(script)}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${html`Sweep ${data.name}`.text}</title><link rel="icon" href="data:,">
<style>${STYLE}
${SWEEP_STYLE}</style></head>
<body>
${body.text}
<script type="application/json" id="crisol-sweep">${json(linked).text}</script>
<script>${script}</script>
</body></html>
`;
}

const note = (text: string | Html) => html`<p class="note">${text}</p>`;

/** The page's first sentences: what was tried, how, and for which figure. */
function lead(data: SweepData): string {
  const { trials, replicates, goal, metric, on, strategy } = data;
  const of = (state: string) => trials.filter((trial) => trial.state === state).length;
  const parts = (["done", "pruned", "failed", "running"] as const)
    .filter((state) => of(state) > 0)
    .map((state) => `${count(of(state))} ${state === "running" ? "not over" : state}`);
  const seeds = replicates === 1 ? "one seed each" : `${replicates} seeds each`;
  return `${count(trials.length)} ${trials.length === 1 ? "trial" : "trials"}, ${seeds}${
    parts.length > 0 ? ` (${parts.join(", ")})` : ""
  }, to ${goal} ${metric}${on === "" ? "" : ` on ${on}`}. ${strategy}.`;
}

function remarks({ asynchronous, left }: SweepData): (Html | false)[] {
  return [
    left > 0 && html`
      <p
        class="remark">The sweep is not over: its budget has ${count(left)} more ${left === 1
          ? "trial"
          : "trials"}. The same command goes on with it.</p>
    `,
    asynchronous &&
    html`<p class="remark">It ran asynchronously: which trials were tried depends on how long each
took, so the same sweep may try others elsewhere. What each trial gave does not.</p>`,
  ];
}

function linkedCharts(linked: Linked): Html[] {
  if (linked.rows.length === 0) return [];
  const { axes, rows } = linked;
  const isPruned = rows.some(({ state }) => state === "pruned");
  return [
    html`<div id="chosen"></div>`,
    parallel(linked),
    html`<p class="note"><span class="key" style="background:var(--s2)"></span> the best
<span class="key" style="background:var(--s1)"></span> the best tenth
<span class="key" style="background:var(--soft)"></span> the others${
      isPruned && html`
        <span class="key cross">×</span> pruned
      `
    }. Choices are spread over their place; trials far from all others stand at the end of the ${
      axes.at(-1)?.title ?? ""
    } axis.<span id="how" hidden> Drag along an axis or over a chart to choose trials, in all charts and in the ranking;
click to let go.</span></p>`,
    html`<div id="values"></div>`,
    html`<div class="grid slices">${axes.slice(0, -1).map((_, i) => slice(linked, i))}</div>`,
  ];
}

function importanceNote(trials: number): Html {
  return note(
    `By functional ANOVA (Hutter, Hoos and Leyton-Brown 2014) of ${TREES} regression trees on the places of ${
      count(trials)
    } trials in the ranking: which part of the places’ variance a param decides alone, averaged over all others. ` +
      "Lines are the middle 80 % of trees; orange ticks what trees on shuffled rankings reach in 5 % of cases: a bar " +
      "below its tick is nothing. What params decide only together is not in it, nor what lies outside of the values " +
      "tried; failed trials are left out; a param that is set only for one choice counts as far as it is set.",
  );
}
