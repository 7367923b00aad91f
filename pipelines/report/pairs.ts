/** Whether variants differ: all pairs of them, seed by seed on the same test images. */
import { compare, type Compared } from "./accuracy.ts";
import { nameOf } from "./chart_parts.ts";
import type { ReportData, Variant } from "./data.ts";
import { type Html, html } from "./html.ts";
import { holm } from "./statistics.ts";
import { probability } from "./sweep_columns.ts";
import { variantsOf, whole } from "./tables.ts";

interface Pair extends Compared {
  readonly a: Variant;
  readonly b: Variant;
  /** p, corrected for the number of pairs. */
  readonly adjusted: number | null;
}

const points = (x: number) => `${x < 0 ? "−" : "+"}${Math.abs(100 * x).toFixed(2)}`;

function pairsOf({ variants, test }: ReportData): Pair[] {
  const found = variants.flatMap((a, i) =>
    variants.slice(i + 1).flatMap((b) => {
      const compared = compare(test.labels, a.replicates, b.replicates);
      return compared === null ? [] : [{ a, b, ...compared }];
    })
  );
  const tested = found.filter(({ p }) => p !== null);
  const corrected = holm(tested.map(({ p }) => p ?? 1));
  return found.map((one) => ({ ...one, adjusted: corrected[tested.indexOf(one)] ?? null }));
}

export function pairedTable(data: ReportData): Html | null {
  const pairs = pairsOf(data);
  if (pairs.length === 0) return null;
  const seeded = data.variants.some((v) => v.replicates.length > 1);
  const images = (x: number) => x.toFixed(seeded ? 1 : 0);
  const rows = pairs.map((pair) =>
    html`
      <tr data-variants="${variantsOf(pair.a, pair.b)}">
        <th scope="row">${nameOf(pair.b)} − ${nameOf(pair.a)}</th>
        ${seeded && html`<td>${pair.seeds}</td>`}
        <td>${points(pair.mean)}</td>
        <td><small>${points(pair.interval[0])} … ${points(pair.interval[1])}</small></td>
        <td>${images(pair.onlyFirst)}</td>
        <td>${images(pair.onlySecond)}</td>
        <td>${probability(pair.p)}</td>
        <td>${probability(pair.adjusted)}</td>
        <td class="text">${verdict(pair)}</td>
      </tr>
    `
  );
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Paired tests">
      <table id="paired" aria-describedby="paired-note">
        <thead>
          <tr>
            <th scope="col">Pair</th>
            ${seeded && html`<th scope="col">Seeds</th>`}
            <th scope="col">Points</th>
            <th scope="col">95 % interval</th>
            <th scope="col" title="Images that only the right one of the pair got right">Lost</th>
            <th scope="col" title="Images that only the left one of the pair got right">Won</th>
            <th scope="col">p</th>
            <th scope="col">p, Holm</th>
            <th scope="col" class="text">Verdict</th>
          </tr>
        </thead>
        <tbody>${rows}</tbody>
      </table>
    </div>
    <p class="note" id="paired-note">${words(pairs, data.test.labels.length)}</p>
  `;
}

/** Both must agree: a corrected test, and an interval that leaves 0 out. */
function verdict({ a, b, seeds, mean, interval: [low, high], p, adjusted }: Pair): string {
  if (p === null || adjusted === null) {
    return mean === 0 ? "equally good with each seed" : "not tested: each seed differs alike";
  }
  if (adjusted >= 0.05 || (low <= 0 && high >= 0)) return "no difference beyond noise";
  return `${nameOf(mean > 0 ? b : a)} is better ${seeds > 1 ? "over seeds" : "on these images"}`;
}

function words(pairs: readonly Pair[], images: number): string {
  const bySeed = pairs.some(({ seeds }) => seeds > 1), byImage = pairs.some((p) => p.seeds === 1);
  return [
    `Each pair is its left variant minus its right one on the same ${whole(images)} test images` +
    (bySeed ? ", seed by seed." : "."),
    ...bySeed
      ? [
        "p is of a paired t-test over the seeds that both have; the interval is for other seeds and " +
        "other test images together.",
      ]
      : [],
    ...byImage
      ? [
        `${
          bySeed ? "With one seed p" : "p"
        } is McNemar’s exact test, and the interval is for other ` +
        "test images: neither sees the noise of training, which only more seeds in common show.",
      ]
      : [],
    `Lost and won are images that only the right one, only the left one got right${
      bySeed ? ", on average over seeds" : ""
    }; p is also shown corrected for the number of pairs (Holm).`,
  ].join(" ");
}
