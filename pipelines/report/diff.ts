/** Two runs as one page: plain data in, HTML out, in the report's style. No script: nothing in it moves. */
import { round, spec } from "./chart_parts.ts";
import { type Chart, draw } from "./draw.ts";
import { type Html, html, raw } from "./html.ts";
import { ROLES, STYLE } from "./theme.ts";

export interface DiffPage {
  /** What the runs are called: the earlier or first named, and the other. */
  readonly before: string;
  readonly now: string;
  /** A sentence on what came of it. */
  readonly summary: string;
  readonly environment: readonly Row[];
  readonly nodes: readonly {
    readonly node: string;
    readonly outcomes: string;
    /** What it was asked and gave otherwise; empty: the same. */
    readonly differences: readonly string[];
  }[];
  readonly metrics: readonly {
    readonly name: string;
    readonly old: number;
    readonly new: number;
  }[];
  readonly curves: readonly {
    readonly name: string;
    /** What is counted along the curve. */
    readonly along: string;
    /** Of classes, in the order of the values; null: places along it are numbers. */
    readonly names: readonly string[] | null;
    readonly old: readonly number[];
    readonly new: readonly number[];
  }[];
  readonly digests: readonly Row[];
}

export interface Row {
  readonly what: string;
  readonly old: string;
  readonly new: string;
}

/** More charts than this are a page that nobody reads. */
const MOST_CURVES = 60;

export async function renderDiff(page: DiffPage): Promise<string> {
  const shown = page.curves.slice(0, MOST_CURVES);
  const charts = shown.map((curve, i) => curveOf(curve, i));
  const drawings = await draw(charts);
  const sections: [title: string, content: Html | null][] = [
    ["Figures", figures(page)],
    [
      "Curves",
      shown.length === 0 ? null : html`
        <p class="note">Dashed, and rings: ${page.before}. Drawn through, and dots: ${page
          .now}.${page.curves.length > shown.length &&
          ` The first ${shown.length} of ${page.curves.length} are drawn.`}</p>
        <div class="grid">${charts.map((chart) =>
          drawings.place(chart, html`role="img" aria-label="${chart.description}"`)
        )}</div>
      `,
    ],
    ["Nodes", nodes(page)],
    ["Where they were made", rows(page, page.environment, false)],
    ["Digests that differ", rows(page, page.digests, true)],
  ];
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
    "base-uri 'none'; form-action 'none'";
  const title = `${page.before} and ${page.now}`;
  const text = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${policy}">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <title>${title}</title>
        <link rel="icon" href="data:,">
        <style>${raw(STYLE)}</style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p class="lead">${page.summary}</p>
        </header>
        <main>${sections.map(([name, content]) =>
          content === null ? null : html`<section><h2>${name}</h2>${content}</section>`
        )}</main>
        <footer>
          <p class="note">Drawn by Crisol from two run records and what the store has of their
    results.</p>
        </footer>
      </body>
    </html>
  `;
  return text.text;
}

function table(head: readonly Html[], body: readonly Html[], label: string): Html | null {
  return body.length === 0 ? null : html`
    <div class="scroll" tabindex="0" role="region"
      aria-label="${label}">
      <table>
        <thead>
          <tr>${head}</tr>
        </thead>
        <tbody>${body}</tbody>
      </table>
    </div>
  `;
}

const column = (name: string, isText: boolean) =>
  html`
    <th scope="col" ${isText && raw(' class="text"')}>${name}</th>
  `;

function figures({ metrics, before, now }: DiffPage): Html | null {
  const say = (value: number) => Number.isFinite(value) ? value.toPrecision(6) : String(value);
  const body = metrics.map((one) => {
    const by = one.new - one.old;
    return html`
      <tr>
        <th scope="row">${one.name}</th>
        <td>${say(one.old)}</td>
        <td>${say(one.new)}</td>
        <td>${by < 0 ? "−" : "+"}${say(Math.abs(by))}</td>
      </tr>
    `;
  });
  const head = [column("Figure", true), ...[before, now, "By"].map((name) => column(name, false))];
  return table(head, body, "Figures");
}

function nodes({ nodes: all }: DiffPage): Html | null {
  const body = all.map(({ node, outcomes, differences }) =>
    html`
      <tr>
        <th scope="row">${node}</th>
        <td class="text">${outcomes}</td>
        <td class="text">${differences.length === 0
          ? html`<small>the same</small>`
          : differences.map((one, i) => html`${i > 0 && raw("<br>")}${one}`)}</td>
      </tr>
    `
  );
  const head = ["Node", "Outcomes", "What differs"].map((name) => column(name, true));
  return table(head, body, "Nodes");
}

function rows({ before, now }: DiffPage, all: readonly Row[], isCode: boolean): Html | null {
  const cell = (text: string) =>
    html`<td class="text">${isCode ? html`<code>${text}</code>` : text}</td>`;
  const body = all.map((one) =>
    html`<tr><th scope="row">${one.what}</th>${cell(one.old)}${cell(one.new)}</tr>`
  );
  return table(["", before, now].map((name) => column(name, true)), body, "Facts");
}

/** By a number: two lines. */
function curveOf(curve: DiffPage["curves"][number], i: number): Chart {
  const { name, along, names, old, new: now } = curve;
  const id = `curve-${i}`, description = `${name} of both runs`;
  if (names !== null) return { id, description, spec: classSpec(curve, names) };
  const layer = (values: readonly number[], colour: string, dash: readonly number[]) => ({
    data: { values: values.map((value, at) => ({ [along]: at + 1, value: round(value, 6) })) },
    mark: { type: "line", point: { size: 18, color: colour }, color: colour, strokeDash: dash },
    encoding: {
      x: {
        field: along,
        type: "quantitative",
        axis: { tickMinStep: 1, grid: false, format: "d" },
      },
      y: { field: "value", type: "quantitative", title: null, scale: { zero: false } },
    },
  });
  return {
    id,
    description,
    spec: spec({
      width: 300,
      height: 150,
      title: name,
      // The dashed one on top, so that both are seen where they are one.
      layer: [layer(now, ROLES.s1, []), layer(old, ROLES.ink, [4, 3])],
    }),
  };
}

/** By class: a dot and a ring in the row of each. */
function classSpec(
  { name, old, new: now }: DiffPage["curves"][number],
  names: readonly string[],
): Chart["spec"] {
  const layer = (values: readonly number[], mark: Record<string, unknown>) => ({
    data: {
      values: values.map((value, at) => ({ class: names[at] ?? at + 1, value: round(value, 6) })),
    },
    mark: { type: "point", size: 55, opacity: 1, ...mark },
    encoding: {
      y: {
        field: "class",
        type: "nominal",
        sort: names,
        title: null,
        axis: { grid: true, ticks: false, domain: false, labelLimit: 110, labelPadding: 10 },
      },
      x: { field: "value", type: "quantitative", title: null, scale: { zero: false } },
    },
  });
  return spec({
    width: 230,
    height: { step: 17 },
    title: name,
    layer: [
      layer(now, { filled: true, color: ROLES.s1 }),
      layer(old, { filled: false, color: ROLES.ink }),
    ],
  });
}
