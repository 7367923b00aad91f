/** A sweep in, one self-contained HTML file out. The same data give the same bytes. */
import { draw } from "./draw.ts";
import { type Html, html, json } from "./html.ts";
import { type Importances, importances, SHUFFLES, TREES } from "./importance.ts";
import { sha256 } from "./page.ts";
import * as charts from "./sweep_charts.ts";
import { count, type Linked } from "./sweep_columns.ts";
import { curveCharts } from "./sweep_curves.ts";
import type { SweepData } from "./sweep_data.ts";
import { parallel, slice } from "./sweep_linked.ts";
import { rank } from "./sweep_ranking.ts";
import { SWEEP_STYLE } from "./sweep_style.ts";
import * as tables from "./sweep_tables.ts";
import { winner } from "./sweep_winner.ts";
import { STYLE } from "./theme.ts";

/** What the dots are: of very many trials not all. */
const progressNote = (trials: number) =>
  `A dot a trial, by its number; grey crosses were pruned or are not over. The line is the best so far.${
    trials > charts.MOST_DOTS
      ? ` Of ${trials} trials ${charts.MOST_DOTS} are drawn, evenly, and all that were the best so far.`
      : ""
  }`;

type Section = readonly [id: string, title: string, content: readonly (Html | null)[]];

/** Draws a sweep's page. `client` is the page's own script, the build "sweep-client" of build.ts. */
export async function renderSweepPage(data: SweepData, client: string): Promise<string> {
  const linked = rank(data);
  const important = importances(linked);
  const curves = curveCharts(data, linked);
  const progress = charts.progressChart(data, linked), rungs = charts.rungsChart(data, linked);
  const importance = important === null ? null : charts.importanceChart(important);
  const drawings = await draw([progress, rungs, importance, ...curves]);

  const ranking: Section = ["ranking", "Ranking", [tables.ranking(data, linked)]];
  const sections: Section[] = [
    ["winner", "The winner", [winner(data, linked)]],
    ["progress-part", "Best so far", [
      drawings.place(progress),
      progress !== null ? note(progressNote(data.trials.length)) : null,
    ]],
    ["rungs-part", "Rungs", [drawings.place(rungs), tables.rungs(data, linked)]],
    // The ranking is a part of it, so that what is chosen stands above both.
    [
      "params",
      "All trials at once",
      data.trials.length === 0 ? [] : [...linkedCharts(linked), section(ranking)],
    ],
    ["importance-part", "Which params matter", [
      drawings.place(importance),
      important === null ? null : importanceNote(important),
    ]],
    ["curves", "Learning curves of the ten best", [
      curves.length === 0
        ? null
        : html`<div class="grid">${curves.map((curve) => drawings.place(curve))}</div>`,
    ]],
    ["failures", "Failures", [tables.failures(data)]],
    ["cost", "What it cost", [tables.cost(data)]],
    ["space", "What was searched", [tables.space(data)]],
  ];
  drawings.checkPlaced();
  const present = sections.filter(([, , content]) => content.some((part) => part !== null));
  const links = present.flatMap((one) => one[0] === "params" ? [one, ranking] : [one]);
  const body = html`
    <a class="skip" href="#winner">Skip to the winner</a>
    <header>
      <h1>Sweep ${data.name}</h1>
      <p class="lead">${lead(data)}</p>
      ${remarks(data)}
      <nav aria-label="Sections">${links.map(([id, title]) =>
        html`<a href="#${id}">${title}</a>`
      )}</nav>
    </header>
    <main>${present.map(section)}</main>
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

function section([id, title, content]: Section): Html {
  return html`
    <section id="${id}"
      aria-labelledby="h-${id}"><h2 id="h-${id}">${title}</h2>${content}</section>
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

function remarks({ asynchronous, left, limits = [] }: SweepData): (Html | false)[] {
  return [
    ...limits.map((text) => html`<p class="remark">${text}.</p>`),
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
  const { axes, rows } = linked;
  const key = (role: string, name: string) =>
    html`<span><span class="key" style="background:var(--${role})"></span> ${name}</span>`;
  const isPruned = rows.some(({ state }) => state === "pruned");
  return [
    html`<div id="chosen"></div>`,
    parallel(linked),
    html`<p class="note keys">${key("s2", "the best")}${key("s1", "the best tenth")}${
      key("soft", "the others")
    }${isPruned && html`<span>× pruned</span>`}</p>`,
    html`<p class="note">Choices are spread over their place; trials far worse than all others stand at the
end of the ${
      axes.at(-1)?.title ?? ""
    } axis.<span id="how" hidden> Drag along an axis or over a chart to choose trials,
in all charts and in the ranking; click to let go.</span></p>`,
    html`<div id="values"></div>`,
    html`<div class="grid slices">${axes.slice(0, -1).map((_, i) => slice(linked, i))}</div>`,
  ];
}

function importanceNote({ trials, params, together, chance }: Importances): Html {
  const percent = (part: number) => `${Math.round(100 * Math.min(1, part))} %`;
  const alone = params.reduce((sum, { share }) => sum + share, 0);
  return html`
    <p>
      Taken alone, the params decide ${percent(
        alone,
      )} of the ranking, added up. All together explain ${percent(
        together,
      )} of it, and up to ${percent(chance)} of a ranking that was shuffled, which is noise.
    </p>
    <p class="note">
      By functional ANOVA (Hutter, Hoos and Leyton-Brown 2014) of ${TREES} regression trees on the
      places of ${count(trials)} trials in the ranking: which part of the places’ variance a param
      decides alone, averaged over all others. Lines: the middle 80 % of trees. Orange ticks: the
      most that it reached in ${SHUFFLES} shuffled rankings, so a bar that ends before its tick is
      nothing. What params decide only together is in no bar. It knows nothing of values that were not tried. Failed trials are left out. A param
      that is set only with one choice counts as far as it is set.
    </p>
  `;
}
