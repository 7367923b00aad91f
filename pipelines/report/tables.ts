/** The tables that a reader wants first: variants, and whether they differ. */
import { nameOf } from "./chart_parts.ts";
import type { ReportData, Variant } from "./data.ts";
import { type Html, html } from "./html.ts";
import { deviation, holm, judge, mean, paired } from "./statistics.ts";

export const percent = (x: number, digits = 2) => `${(100 * x).toFixed(digits)} %`;
export const whole = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
const points = (x: number) => `${x < 0 ? "−" : "+"}${Math.abs(100 * x).toFixed(2)}`;
export const variantsOf = (...variants: readonly Variant[]) => JSON.stringify(variants.map(nameOf));

function spread(values: readonly number[], show: (x: number) => string): Html {
  const sd = deviation(values);
  return html`${show(mean(values))}${
    sd !== null && html`
      <small>± ${show(sd)}</small>
    `
  }`;
}

export function variantsTable(data: ReportData): Html {
  const { variants } = data;
  const references = variants.some((v) => v.reference !== null);
  const seeds = variants.some((v) => v.replicates.length > 1);
  const rows = variants.map((v) => {
    const first = v.replicates[0];
    const loss = judge(v, v.reference, "loss"), accuracy = judge(v, v.reference, "accuracy");
    return html`<tr data-variants="${variantsOf(v)}"><th scope="row">${nameOf(v)}</th>
<td>${spread(v.replicates.map((r) => r.loss), (x) => x.toFixed(4))}</td>
<td>${spread(v.replicates.map((r) => r.accuracy), percent)}</td>
<td>${
      first?.interval
        ? html`<small>${percent(first.interval[0])} – ${percent(first.interval[1])}</small>`
        : "–"
    }</td>
${seeds && html`<td>${v.replicates.length}</td>`}
<td>${first?.model ? whole(first.model.parameters) : "–"}</td>
<td data-time="${v.name}">–</td>
${
      references && html`<td>${v.reference?.loss?.toFixed(4) ?? "–"}</td>
<td>${v.reference?.accuracy === undefined ? "–" : percent(v.reference.accuracy)}</td>
<td class="text">${v.reference === null ? "–" : verdict(loss.verdict, accuracy.verdict)}</td>`
    }</tr>`;
  });
  const sd = variants.map((v) => v.reference?.standardDeviation).find((s) => s !== undefined);
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Variants">
      <table id="variants" aria-describedby="variants-note">
        <thead>
          <tr><th scope="col">Variant</th>
        <th scope="col">Test loss</th><th scope="col">Accuracy</th><th scope="col">95 % interval</th>
        ${seeds && html`<th scope="col">Seeds</th>`}
        <th scope="col">Parameters</th><th scope="col">Time</th>
        ${references && html`
          <th scope="col">Ref. loss</th>
          <th scope="col">Ref. acc.</th>
          <th scope="col" class="text">Ours is</th>
        `}</tr>
        </thead>
        <tbody>${rows}</tbody>
      </table>
    </div>
    <p class="note"
      id="variants-note">${references &&
        (sd === undefined
          ? "The reference is not judged: no standard deviation over seeds was given. "
          : html`
            Consistent: |ours − reference| is at most 3√2 standard deviations over ${sd
              .seeds} seeds (loss ${sd.loss.toFixed(4)}, accuracy ${percent(sd.accuracy)}).
          `)}The interval is a 95 % bootstrap over the ${whole(
          data.test.labels.length,
        )} test images${seeds
        ? " of the first seed; ± is one standard deviation over seeds"
        : ""}. Time is that of the variant's own
    stage runs, whichever run they were part of.</p>
  `;
}

function verdict(loss: string, accuracy: string): string {
  return loss === accuracy ? loss : `loss ${loss}, accuracy ${accuracy}`;
}

/** All pairs of variants by the first seed of each, on the same test images. */
export function pairedTable(data: ReportData): Html | null {
  const { variants, test } = data;
  if (variants.length < 2) return null;
  const pairs = variants.flatMap((a, i) =>
    variants.slice(i + 1).flatMap((b) => {
      const one = a.replicates[0], two = b.replicates[0];
      return one === undefined || two === undefined
        ? []
        : [{ a, b, ...paired(test.labels, one.predicted, two.predicted) }];
    })
  );
  const adjusted = holm(pairs.map((p) => p.p));
  const seeded = variants.some((v) => v.replicates.length > 1);
  const rows = pairs.map((p, i) => {
    const q = adjusted[i] ?? 1;
    const [low, high] = p.interval;
    // Both must agree: a corrected test, and an interval that leaves 0 out.
    const differ = q < 0.05 && (low > 0 || high < 0);
    return html`
      <tr data-variants="${variantsOf(p.a, p.b)}">
        <th scope="row">${nameOf(p.b)} − ${nameOf(p.a)}</th>
        <td>${points(p.difference)}</td>
        <td><small>${points(low)} … ${points(high)}</small></td>
        <td>${p.onlyFirst}</td>
        <td>${p.onlySecond}</td>
        <td>${probability(p.p)}</td>
        <td>${probability(q)}</td>
        <td class="text">${differ
          ? `${nameOf(p.difference > 0 ? p.b : p.a)} is better on these images`
          : "no difference beyond noise"}</td>
      </tr>
    `;
  });
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Paired tests">
      <table id="paired" aria-describedby="paired-note">
        <thead>
          <tr>
            <th scope="col">Pair</th>
            <th scope="col">Points</th>
            <th scope="col">95 % interval</th>
            <th scope="col" title="Images that only the second of the pair got right">Lost</th>
            <th scope="col" title="Images that only the first of the pair got right">Won</th>
            <th scope="col">p</th>
            <th scope="col">p, Holm</th>
            <th scope="col" class="text">Verdict</th>
          </tr>
        </thead>
        <tbody>${rows}</tbody>
      </table>
    </div>
    <p class="note"
      id="paired-note">McNemar’s exact test on the same ${whole(
        test.labels.length,
      )} test images${seeded
        ? ", first seed of each variant"
        : ""}; won and lost are images that only the first, only the second of a pair got right; p is also shown corrected for the number of pairs (Holm). It sees the noise of the test set, not that of training${seeded
        ? ""
        : ": only seeds show that"}.</p>
  `;
}

const probability = (p: number) => p < 0.0001 ? "< 0.0001" : p.toFixed(4);

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
