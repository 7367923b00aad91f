/** The tables of variants and of their models. */
import { accuracyOf } from "./accuracy.ts";
import { nameOf } from "./chart_parts.ts";
import type { ReportData, Variant } from "./data.ts";
import { type Html, html } from "./html.ts";
import { describeJudgement, judge } from "./reference.ts";
import { mean } from "./statistics.ts";
import { halfWidth } from "./sweep_statistics.ts";

export const percent = (x: number, digits = 2) => `${(100 * x).toFixed(digits)} %`;
export const whole = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
export const variantsOf = (...variants: readonly Variant[]) => JSON.stringify(variants.map(nameOf));

/** A mean over seeds, and half its 95 % interval. */
function lossOf({ replicates }: Variant): Html {
  const values = replicates.map((r) => r.loss), half = halfWidth(values);
  return html`${mean(values).toFixed(4)}${
    half !== null && html`
      <small>± ${half.toFixed(4)}</small>
    `
  }`;
}

export function variantsTable(data: ReportData): Html {
  const { variants, test } = data;
  const references = variants.some((v) => v.reference !== null);
  const most = Math.max(0, ...variants.map((v) => v.replicates.length));
  const rows = variants.map((v) => {
    const loss = judge(v, "loss"), accuracy = judge(v, "accuracy");
    const { mean, interval: [low, high] } = accuracyOf(test.labels, v.replicates);
    const model = v.replicates[0]?.model;
    return html`<tr data-variants="${variantsOf(v)}"><th scope="row">${nameOf(v)}</th>
${most > 1 && html`<td>${v.replicates.length}</td>`}
<td>${lossOf(v)}</td>
<td>${percent(mean)}</td>
<td><small>${percent(low)} – ${percent(high)}</small></td>
<td>${model ? whole(model.parameters) : "–"}</td>
<td data-time="${v.name}">–</td>
${
      references && html`<td>${v.reference?.loss?.toFixed(4) ?? "–"}</td>
<td>${v.reference?.accuracy === undefined ? "–" : percent(v.reference.accuracy)}</td>
<td class="text">${v.reference === null ? "–" : verdict(loss.verdict, accuracy.verdict)}</td>`
    }</tr>`;
  });
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Variants">
      <table id="variants" aria-describedby="variants-note">
        <thead>
          <tr><th scope="col">Variant</th>
        ${most > 1 && html`<th scope="col">Seeds</th>`}
        <th scope="col">Test loss</th><th scope="col">Accuracy</th><th scope="col">95 % interval</th>
        <th scope="col">Parameters</th><th scope="col">Time</th>
        ${references && html`
          <th scope="col">Ref. loss</th>
          <th scope="col">Ref. acc.</th>
          <th scope="col" class="text">It is</th>
        `}</tr>
        </thead>
        <tbody>${rows}</tbody>
      </table>
    </div>
    <p class="note"
      id="variants-note">${references &&
        `${
          describeJudgement(variants, { loss: (x) => x.toFixed(4), accuracy: percent })
        } `}${chances(test.labels.length, most)} Time is that of the variant's own
    stage runs, whichever run they were part of.</p>
  `;
}

/** What the intervals of the first table know of. */
function chances(images: number, seeds: number): string {
  return seeds > 1
    ? "Figures are means over a variant’s seeds. The interval is the accuracy’s, for other seeds " +
      `(Student’s t) and other test images (Wilson, ${whole(images)} of them) together, in which ` +
      "few seeds make it wide; ± is half the loss’s, over seeds alone."
    : `The interval is the accuracy’s, for other test images (Wilson, ${whole(images)} of them). ` +
      "How much another seed would change is not in it: one network was trained of each variant.";
}

function verdict(loss: string, accuracy: string): string {
  return loss === accuracy ? loss : `loss ${loss}, accuracy ${accuracy}`;
}

/** What Keras' summary shows, folded away. */
export function summaries(data: ReportData): Html[] {
  return data.variants.flatMap((v) => {
    const model = v.replicates[0]?.model;
    if (model == null) return [];
    return [
      html`
        <details data-variants="${variantsOf(v)}">
          <summary>${nameOf(v)}: ${whole(model.parameters)} parameters</summary>
          <div class="scroll">
            <table>
              <caption>${whole(model.trainable)} trainable, ${whole(
                model.parameters - model.trainable,
              )} not</caption>
              <thead>
                <tr>
                  <th scope="col">Layer</th>
                  <th scope="col" class="text">Type</th>
                  <th scope="col">Output</th>
                  <th scope="col">Parameters</th>
                </tr>
              </thead>
              <tbody>${model.layers.map((l) =>
                html`
                  <tr>
                    <th scope="row">${l.name}</th>
                    <td class="text">${l.type}</td>
                    <td>${l.output}</td>
                    <td>${whole(l.parameters)}</td>
                  </tr>
                `
              )}</tbody>
            </table>
          </div>
        </details>
      `,
    ];
  });
}
