/** Results in, one self-contained HTML file out. The same results give the same bytes. */
import { nameOf } from "./chart_parts.ts";
import { accuracyChart, countsChart } from "./charts.ts";
import { calibrationChart, classChart, confusionChart } from "./class_charts.ts";
import { curveChart, rateChart, togetherChart } from "./curve_charts.ts";
import type { ReportData, Variant } from "./data.ts";
import { type Chart, draw } from "./draw.ts";
import { type Html, html, json, raw } from "./html.ts";
import { pairedTable } from "./pairs.ts";
import { augmentation, confusedPairs, firstLook, kernels } from "./pictures.ts";
import { mean } from "./statistics.ts";
import { percent, summaries, variantsOf, variantsTable, whole } from "./tables.ts";
import { SERIES, STYLE } from "./theme.ts";

/** The slot that the engine fills when it publishes a page. */
export const LINEAGE_SLOT = '<script type="application/json" id="crisol-lineage">null</script>';

/** Draws a report. `client` is the page's own script, built by build.ts. */
export async function renderPage(data: ReportData, client: string): Promise<string> {
  const { variants } = data;
  const each = <T>(chart: (variant: Variant, index: number) => T) => variants.map(chart);
  const charts = {
    accuracy: accuracyChart(data),
    together: [
      togetherChart(variants, "loss"),
      togetherChart(variants, "accuracy"),
      rateChart(variants),
    ],
    curves: each((_, i) => [curveChart(variants, i, "loss"), curveChart(variants, i, "accuracy")]),
    confusion: each((v, i) => confusionChart(v, i, data.classes)),
    calibration: each(calibrationChart),
    classes: (["precision", "recall", "f1"] as const).map((figure) => classChart(data, figure)),
    counts: countsChart(data),
  };
  const drawings = await draw(Object.values(charts).flat(2));
  const filtered = raw("data-filtered");
  const chart = (one: Chart | null) => drawings.place(one);
  const seeded = variants.some((v) => v.replicates.length > 1);

  const sections: [id: string, title: string, content: readonly (Html | null)[]][] = [
    ["results", "Results", [
      absence(data),
      ...runaways(variants),
      variantsTable(data),
      drawings.place(charts.accuracy, filtered),
      marks(data),
    ]],
    ["settings", variants.length > 1 ? "What was asked of them" : "Settings", [
      html`<div id="asked" data-names="${JSON.stringify(variants.map((v) => v.name))}">
    <noscript><p class="note">Settings are written by the page’s script, which is off. They stand in this
    file as JSON, in the element “crisol-lineage”.</p></noscript></div>`,
    ]],
    ["differences", "Do they differ?", [pairedTable(data)]],
    ["curves", "Learning curves", [
      ...charts.together.map((one) => drawings.place(one, filtered)),
      ...variants.map((v, i) => {
        const drawn = charts.curves[i]?.map(chart) ?? [];
        return drawn.every((d) => d === null)
          ? null
          : part(v, html`<div class="grid">${drawn}</div>`);
      }),
    ]],
    ["confusion", "Which classes are confused", [
      html`<div class="grid">${
        variants.map((v, i) => part(v, html`${chart(charts.confusion[i] ?? null)}`))
      }</div>`,
      note(`The shade is the part of the true class.${seeded ? " Seeds are summed." : ""}`),
    ]],
    ["classes", "Each class", [
      html`<div class="grid three">${
        charts.classes.map((one) => drawings.place(one, filtered))
      }</div>`,
      seeded ? note("Means over seeds.") : null,
    ]],
    ["pairs", "Most confused, seen", variants.map((v) => confusedPairs(data, v))],
    ["calibration", "Calibration", [
      grid(variants.map((v, i) => calibration(v, chart(charts.calibration[i] ?? null)))),
    ]],
    ["augmentation", "What augmentation made", augmentation(data)],
    ["kernels", "First-layer kernels", [grid(variants.map((v) => kernels(v)))]],
    ["models", "Models", summaries(data)],
    ["data", "First look at the data", [chart(charts.counts), firstLook(data)]],
  ];
  const shown = sections.filter(([, , content]) => content.some((c) => c !== null));
  const body = html`
    <a class="skip" href="#results">Skip to the results</a>
    <header>
      <h1>${data.title}</h1>
      <p class="lead">${lead(data)}</p>
      <nav aria-label="Sections">${shown.map(([id, title]) =>
        html`<a href="#${id}">${title}</a>`
      )}<a href="#origin">Lineage</a></nav>
    </header>
    <main>${filter(variants)}${shown.map(([id, title, content]) =>
      html`
        <section id="${id}"
          aria-labelledby="h-${id}"><h2 id="h-${id}">${title}</h2>${content}</section>
      `
    )}<section id="origin" aria-labelledby="h-origin"><h2 id="h-origin">Lineage</h2><div id="lineage">
    <noscript><p class="note">Lineage and times are written by the page’s script, which is off. They stand
    in this file as JSON, in the element “crisol-lineage”.</p></noscript></div></section></main>
    <footer>
      <p class="note">Drawn by Crisol from results alone. Equal settings under two names are one result,
    and variants share their random draws: differences between them are those of their settings.</p>
    </footer>
  `;
  drawings.checkPlaced();
  // The hash lets this script run and no other, whatever else finds its way into the page.
  const script = client.replaceAll("</script", "<\\/script");
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
    `script-src 'sha256-${await sha256(script)}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${
    html`${data.title}`.text
  }</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body>
${body.text}
<script type="application/json" id="crisol-charts">${json(drawings.specs()).text}</script>
${LINEAGE_SLOT}
<script>${script}</script>
</body></html>
`;
}

export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

function grid(parts: readonly (Html | null)[]): Html | null {
  return parts.every((p) => p === null) ? null : html`<div class="grid">${parts}</div>`;
}

const note = (text: string) => html`<p class="note">${text}</p>`;

function part(variant: Variant, content: Html): Html {
  return html`<div class="part" data-variants="${variantsOf(variant)}"><h3>${
    nameOf(variant)
  }</h3>${content}</div>`;
}

/** A split by which some class is not trained, validated or tested makes the figures mean little. */
function absence({ preview }: ReportData): Html | null {
  return preview === null || preview.absent === null
    ? null
    : html`<p class="note"><strong>Of the data’s parts: ${preview.absent}.</strong></p>`;
}

/** A kept epoch of a training that ran away is a result, but not one of a sound setting. */
function runaways(variants: readonly Variant[]): Html[] {
  return variants.flatMap((variant) =>
    variant.replicates.flatMap(({ seed, ranAway }) =>
      ranAway === undefined ? [] : [
        html`<p class="note"><strong>The training of “${nameOf(variant)}”${
          seed === "" ? "" : `, seed ${seed},`
        } ran away: ${ranAway}.</strong></p>`,
      ]
    )
  );
}

/** What stands for what in the chart of accuracies. */
function marks({ variants }: ReportData): Html {
  const isSeeded = variants.some((v) => v.replicates.length > 1);
  const isCompared = variants.some((v) => v.reference?.accuracy !== undefined);
  return note(
    `Dots are the accuracies above, lines their 95 % intervals${
      isSeeded ? ", rings the seeds" : ""
    }${isCompared ? ", upright ticks the reference" : ""}.`,
  );
}

/** The page's first sentence: what was compared, on what. */
function lead(data: ReportData): string {
  const { variants } = data;
  const count = `${variants.length} ${variants.length === 1 ? "variant" : "variants"}`;
  const runs = variants.reduce((sum, v) => sum + v.replicates.length, 0);
  return `${count}${runs > variants.length ? `, ${runs} networks in all` : ""}, tested on ${
    whole(data.test.labels.length)
  } images of ${data.classes.length} classes.`;
}

/** Hidden until the page's script runs: without it a filter would do nothing. */
function filter(variants: readonly Variant[]): Html | null {
  if (variants.length < 2) return null;
  return html`<fieldset class="filter" hidden><legend>Show&ensp;</legend>${
    variants.map((v, i) =>
      html`<label><input type="checkbox" checked value="${nameOf(v)}">
<span class="key" style="background:var(--s${i % SERIES.length + 1})"></span>${nameOf(v)}</label>`
    )
  }</fieldset>`;
}

function calibration(variant: Variant, drawn: Html | null): Html | null {
  if (drawn === null) return null;
  const errors = variant.replicates.flatMap(({ ece }) => ece ?? []);
  return part(
    variant,
    html`${drawn}${
      errors.length > 0 &&
      note(
        `Expected calibration error ${percent(mean(errors))}${
          errors.length > 1 ? `, mean over ${errors.length} seeds` : ""
        }`,
      )
    }`,
  );
}
