/** What a reader of the morning reads: the ranking, what failed, what it cost. */
import { type Html, html } from "./html.ts";
import { duration } from "./lineage.ts";
import {
  type Column,
  columnsOf,
  compact,
  count,
  fixed,
  type Linked,
  PAGE,
  type Ranked,
  shown,
} from "./sweep_columns.ts";
import type { SweepData, SweepTrial } from "./sweep_data.ts";
import { metricOf } from "./sweep_ranking.ts";

const note = (text: string | Html) => html`<p class="note">${text}</p>`;

export function scrolled(
  label: string,
  id: string,
  head: readonly Html[],
  rows: readonly Html[],
): Html {
  return html`
    <div class="scroll" tabindex="0" role="region"
      aria-label="${label}">
      <table id="${id}">
        ${head.length > 0 && html`
          <thead>
            <tr>${head}</tr>
          </thead>
        `}
        <tbody>${rows}</tbody>
      </table>
    </div>
  `;
}

export const heading = (title: string, isText = false, says = "") =>
  html`<th scope="col" class="${isText ? "text" : ""}" title="${says}">${title}</th>`;

/** The ranking's first page; the script turns the pages, sorts and filters. */
export function ranking(data: SweepData, linked: Linked): Html {
  const columns = columnsOf(linked), { rows } = linked;
  const table = scrolled(
    "Ranking",
    "ranking-table",
    columns.map(({ title, isText, says }) => heading(title, isText, says)),
    rows.slice(0, PAGE).map((row) => rankingRow(columns, row)),
  );
  return html`${table}<div id="pages">${
    rows.length > PAGE && html`<noscript>${
      note(
        `The first ${PAGE} of ${
          count(rows.length)
        } trials. The others are shown by the page’s script, ` +
          "which is off; they stand in this file as JSON, in the element “crisol-sweep”.",
      )
    }</noscript>`
  }</div>${rankingNotes(data, linked)}`;
}

function rankingRow(columns: readonly Column[], row: Ranked): Html {
  return html`<tr class="${row.rank === 1 ? "best" : ""}">${
    columns.map(({ isText, cell }) => html`<td class="${isText ? "text" : ""}">${cell(row)}</td>`)
  }</tr>`;
}

function rankingNotes({ baseline, replicates }: SweepData, { rows }: Linked): Html {
  const ranked = rows.filter(({ rank }) => rank !== null).length;
  const tested = rows.filter(({ difference }) => difference?.p != null).length;
  const intervals = replicates < 2
    ? "There is one replicate a trial, so there is no interval and no test: how much of a difference " +
      "is chance cannot be told from this sweep. Ask for more with replicates."
    : `± is half a 95 % interval by Student’s t over ${replicates} replicates, which is wide where they ` +
      "are few.";
  const tests = baseline === null
    ? "There is no baseline (yet) to compare with."
    : replicates < 2
    ? ""
    : `p is of a paired t-test against the baseline over equal seeds, also shown corrected for the ${tested} ` +
      "trials tested (Holm). Where all differences are equal there is no spread to test against, and no p.";
  return html`${note(`${intervals} ${tests}`)}${
    ranked > 1 &&
    note(
      `The best of ${
        count(ranked)
      } is in part the luckiest: its figure here is too good on average (the ` +
        "winner’s curse). That is why the test set is touched once, by the winner alone.",
    )
  }`;
}

/** Rung by rung: how many came there, how many went on. */
export function rungs({ rungs: all, trials, goal }: SweepData, { decimals }: Linked): Html | null {
  if (all === null) return null;
  const rows = all.values.map((value, i) => {
    const came = trials.filter((t) => t.reached !== null && t.reached >= value);
    const stopped = came.filter((t) => t.reached === value);
    const values = stopped.flatMap((t) => t.state === "failed" ? [] : metricOf(t) ?? []);
    const best = goal === "maximize" ? Math.max(...values) : Math.min(...values);
    return html`
      <tr>
        <td>${value}</td>
        <td>${count(came.length)}</td>
        <td>${i === all.values.length - 1 ? "–" : count(came.length - stopped.length)}</td>
        <td>${values.length === 0 ? "–" : fixed(best, decimals)}</td>
      </tr>
    `;
  });
  return html`${
    scrolled(
      "Rungs",
      "rungs-table",
      [
        heading(all.param, true),
        heading("Came here"),
        heading("Went on"),
        heading("Best that stopped here"),
      ],
      rows,
    )
  }`;
}

/** Equal messages are told once. */
export function failures({ trials }: SweepData): Html | null {
  const groups = new Map<string, SweepTrial[]>();
  for (const trial of trials) {
    if (trial.failure === null) continue;
    const line = firstLine(trial.failure.message);
    const group = groups.get(line);
    if (group === undefined) groups.set(line, [trial]);
    else group.push(trial);
  }
  if (groups.size === 0) return null;
  const most = 12;
  const rows = [...groups].sort(([, a], [, b]) => b.length - a.length).map(([line, group]) => {
    const failure = group[0]?.failure;
    const numbers = group.slice(0, most).map(({ trial }) => trial).join(", ");
    return html`
      <tr>
        <td>${count(group.length)}</td>
        <td class="text message"><code>${line}</code></td>
        <td class="text message">${numbers}${group.length > most &&
          ` and ${count(group.length - most)} more`}</td>
        <td class="text message"><code>${failure?.node ?? ""}</code>${failure?.log != null &&
          html`<br><small>${failure.log}</small>`}</td>
      </tr>
    `;
  });
  const ended = trials.filter(({ failure }) => failure !== null).length;
  return html`<p>${
    ended === 1 ? "One trial" : `${count(ended)} trials`
  } failed; the others went on.</p>${
    scrolled("Failures", "failures-table", [
      heading("Trials", true),
      heading("What it said", true),
      heading("Which", true),
      heading("Node and log of the first", true),
    ], rows)
  }`;
}

const firstLine = (message: string) => message.split("\n", 1)[0]?.slice(0, 400) ?? "";

export function cost({ cost: spent, trials }: SweepData): Html {
  const time = (seconds: number) => duration(1000 * seconds);
  const facts: [string, string][] = [
    ["Stage runs made for this sweep", count(spent.ran)],
    ["Stage runs that were there already", count(spent.hits)],
    ["Time of all stage runs", time(spent.seconds)],
    ["Time that hits saved", time(spent.saved)],
    ["Since the command began", time(spent.wall)],
    ...(trials.length === 0 ? [] : [
      [
        "A trial, on average",
        time(trials.reduce((sum, { seconds }) => sum + seconds, 0) / trials.length),
      ] satisfies [string, string],
    ]),
  ];
  return scrolled(
    "Cost",
    "cost-table",
    [],
    facts.map(([name, value]) =>
      html`
        <tr>
          <th scope="row">${name}</th>
          <td>${value}</td>
        </tr>
      `
    ),
  );
}

/** What the search space was. */
export function space({ parameters }: SweepData): Html {
  return scrolled(
    "Space",
    "space-table",
    [heading("Param", true), heading("Values", true)],
    parameters.map(({ path, type, log, domain }) =>
      html`
        <tr>
          <th scope="row"><code>${path}</code></th>
          <td class="text message">${type === "choice"
            ? domain.map((v) => shown(v)).join(", ")
            : `${domain.map((v) => typeof v === "number" ? compact(v) : v).join(" to ")}${
              type === "int" ? ", whole numbers" : ""
            }${log ? ", log scale" : ""}`}</td>
        </tr>
      `
    ),
  );
}
