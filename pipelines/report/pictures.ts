/** The parts of the page that are made of pictures. */
import { nameOf } from "./chart_parts.ts";
import { confusionOf } from "./class_charts.ts";
import type { Images, ReportData, Variant } from "./data.ts";
import { type Html, html } from "./html.ts";
import { dataUri, encodePng, pictureUri } from "./png.ts";
import { mostConfused } from "./statistics.ts";
import { variantsOf } from "./tables.ts";

const PAIRS = 6;
const PER_PAIR = 7;
/** Filters of the first layer that are shown. */
const FILTERS = 128;

function picture(images: Images, i: number, alt: string): Html {
  return html`<img src="${
    pictureUri(images, i)
  }" width="${images.width}" height="${images.height}" alt="${alt}" loading="lazy">`;
}

/** The wrong answers that a variant gives most often over its seeds, with test images that most seeds gave them. */
export function confusedPairs(data: ReportData, variant: Variant): Html | null {
  const { replicates } = variant;
  const pairs = mostConfused(confusionOf(variant), PAIRS);
  if (pairs.length === 0) return null;
  const { labels, images } = data.test;
  const items = pairs.map(({ truth, predicted: answer, count }) => {
    const found = Array.from(labels, (label, i) => ({
      i,
      seeds: label === truth ? replicates.filter((r) => r.predicted[i] === answer).length : 0,
    })).filter(({ seeds }) => seeds > 0)
      .sort((a, b) => b.seeds - a.seeds || a.i - b.i).slice(0, PER_PAIR);
    const a = data.classes[truth] ?? String(truth), b = data.classes[answer] ?? String(answer);
    return html`
      <figure class="pair">
        <figcaption>${a} taken for ${b}: ${count}${replicates.length > 1 &&
          ` in ${replicates.length} seeds`}</figcaption>
        <div class="pictures">${found.map(({ i }) =>
          picture(images, i, `${a} taken for ${b}, test image ${i}`)
        )}</div>
      </figure>
    `;
  });
  return html`
    <div data-variants="${variantsOf(variant)}">
      <h3>${nameOf(variant)}</h3>
      <div class="pairs">${items}</div>
    </div>
  `;
}

export function augmentation(data: ReportData): Html[] {
  return data.augmented.map((sample) => {
    const rows = Array.from(
      { length: sample.originals.count },
      (_, i) =>
        html`<div class="strip">${
          picture(sample.originals, i, `original ${i}`)
        }<div class="pictures">${
          sample.passes.map((pass, p) => picture(pass, i, `original ${i} in pass ${p + 1}`))
        }</div></div>`,
    );
    return html`
      <h3>${sample.name}</h3>
      <figure class="augmented">${rows}
      <figcaption>Left the original; beside it what training saw, pass by pass.</figcaption></figure>
    `;
  });
}

export function firstLook(data: ReportData): Html | null {
  const { preview, classes } = data;
  if (preview === null) return null;
  const rows = classes.map((name, label) => {
    const own = Array.from(preview.sampleLabels).flatMap((l, i) => l === label ? [i] : []);
    return html`
      <figure>
        <figcaption>${name}</figcaption>
        <div class="pictures">${own.map((i) => picture(preview.samples, i, name))}</div>
      </figure>
    `;
  });
  return html`<div class="grid samples">${rows}</div>`;
}

/** Pictures in a row: at most 16, and so that the last row is full where that can be. */
function columnsOf(count: number): number {
  const most = Math.min(16, count);
  for (let columns = most; columns >= 8; columns--) if (count % columns === 0) return columns;
  return most;
}

/** The first convolution's filters: each scaled by the layer's largest weight, 0 as middle grey. */
export function kernels(variant: Variant): Html | null {
  const [first] = variant.replicates;
  const found = first?.model?.kernels;
  if (found == null) return null;
  const [height = 0, width = 0, channels = 0, filters = 0] = found.shape;
  const shown = channels === 3 ? 3 : 1;
  let largest = 0;
  for (const value of found.values) largest = Math.max(largest, Math.abs(value));
  if (!(largest > 0) || largest === Infinity) return null;
  const images = Array.from({ length: Math.min(filters, FILTERS) }, (_, f) => {
    const pixels = new Uint8Array(height * width * shown);
    for (let at = 0; at < height * width; at++) {
      for (let c = 0; c < shown; c++) {
        const weight = found.values[(at * channels + c) * filters + f] ?? 0;
        pixels[at * shown + c] = Math.round(127.5 + 127.5 * weight / largest);
      }
    }
    const uri = dataUri(encodePng(pixels, width, height, shown));
    return html`<img src="${uri}" width="${width}" height="${height}" alt="filter ${f}">`;
  });
  return html`
    <figure class="kernels" data-variants="${variantsOf(variant)}">
      <h3>${nameOf(variant)}</h3>
      <div class="pictures" style="--columns:${columnsOf(images.length)}">${images}</div>
      <figcaption>${filters} filters of ${height} × ${width}${channels > 1 &&
        ` × ${channels}${
          channels === 3 ? "" : ", first channel"
        }`}; darker is negative, brighter positive${variant.replicates.length > 1 &&
        `; of seed ${first?.seed}`}</figcaption>
    </figure>
  `;
}
