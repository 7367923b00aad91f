import assert from "node:assert/strict";
import { spec } from "../../pipelines/report/chart_parts.ts";
import { rateChart } from "../../pipelines/report/curve_charts.ts";
import { type Chart, draw } from "../../pipelines/report/draw.ts";
import type { Reference } from "../../pipelines/report/data.ts";
import { renderPage } from "../../pipelines/report/page.ts";
import { client, HOSTILE, madeUp } from "./rig.ts";

const page = await renderPage(madeUp(), await client());

Deno.test("The same results give the same page, byte for byte", async () => {
  assert.equal(await renderPage(madeUp(), await client()), page);
});

Deno.test("A page with everything in it stays under 5 MB", () => {
  assert.ok(new TextEncoder().encode(page).length < 5e6);
});

Deno.test("What comes from outside is escaped wherever it stands", () => {
  assert.ok(!page.includes(HOSTILE));
  assert.ok(!page.includes("<b>results</b>"));
  assert.ok(page.includes("Made-up &lt;b&gt;results&lt;/b&gt; &amp; their report"));
});

Deno.test("A page names nothing that would be fetched, and forbids it", () => {
  const markup = page.slice(0, page.lastIndexOf("<script>"));
  assert.equal(markup.match(/(?:src|href)="(?!#|data:)[^"]*"/g), null);
  assert.match(page, /Content-Security-Policy" content="default-src 'none'; img-src data:/);
  assert.ok(!page.includes("unsafe-eval"));
});

Deno.test("The slot for lineage is there once, empty", () => {
  assert.equal(
    page.split('<script type="application/json" id="crisol-lineage">null</script>').length,
    2,
  );
});

Deno.test("Ids are unique, those inside drawings too", () => {
  const ids = [...page.slice(0, page.indexOf('id="crisol-charts"')).matchAll(/ id="([^"]+)"/g)]
    .map((m) => m[1]);
  assert.ok(ids.length > 30);
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("A reference is judged by figures over seeds, and the words say what was compared", async () => {
  assert.match(page, />consistent</);
  assert.match(page, /95 of 100 further runs of ours are expected, by what our seeds gave/);
  // Student's t of 3 degrees: 0.309 ± 3.1824 * 0.0077460 * sqrt(5 / 4)
  assert.match(page, /loss 0\.2814 to 0\.3366 \(4 seeds\)/);
  const data = madeUp();
  const withReference = (reference: Partial<Reference>, seeds = 3) =>
    renderPage({
      ...data,
      variants: data.variants.map((v) => ({
        ...v,
        replicates: v.replicates.slice(0, seeds),
        reference: v.reference && { ...v.reference, ...reference },
      })),
    }, "");
  assert.match(
    await withReference({ accuracy: 0.5 }),
    />loss consistent, accuracy not consistent</,
  );
  // Without figures the variant's own seeds stand for them; of one seed nothing follows.
  assert.match(await withReference({ seeds: undefined }), /\(3 seeds\)/);
  const alone = await withReference({ seeds: undefined }, 1);
  assert.match(alone, />not judged</);
  assert.match(alone, /of baseline there are no figures over seeds/);
});

Deno.test("Parts without data are left out, and one unnamed variant needs no filter", async () => {
  const data = madeUp();
  const bare = await renderPage({
    ...data,
    preview: null,
    augmented: [],
    variants: data.variants.slice(1, 2).map((v) => ({
      ...v,
      name: "",
      replicates: v.replicates.map((r) => ({ ...r, calibration: [], model: null })),
    })),
  }, "");
  for (const id of ["augmentation", "kernels", "models", "calibration", "data", "differences"]) {
    assert.ok(!bare.includes(`<section id="${id}"`), id);
  }
  assert.ok(!bare.includes("<fieldset"));
});

/** The cells of a variant's row in the first table. */
function cells(html: string, name: string): string[] {
  const row = new RegExp(`<tr data-variants="\\[&quot;${name}&quot;\\]">[^]*?</tr>`).exec(html)
    ?.[0];
  return [...(row ?? "").matchAll(/<t[dh][^>]*>([^]*?)<\/t[dh]>/g)]
    .map((cell) => (cell[1] ?? "").replace(/<[^>]+>/g, "").replace(/\s+/g, " ").trim());
}

Deno.test("With seeds the mean and its interval are of all of them, and the words say so", () => {
  const seeds = madeUp().variants[0]?.replicates.map((r) => r.accuracy) ?? [];
  const mean = 100 * seeds.reduce((sum, x) => sum + x, 0) / seeds.length;
  const [, count, loss, accuracy, interval] = cells(page, "baseline");
  assert.equal(count, "3");
  assert.match(loss ?? "", /^0\.\d{4} ± 0\.\d{4}$/);
  assert.equal(accuracy, `${mean.toFixed(2)} %`);
  const [low = NaN, high = NaN] = interval?.split(" – ").map(parseFloat) ?? [];
  assert.ok(low < Math.min(...seeds) * 100 && Math.max(...seeds) * 100 < high, interval);
  assert.match(page, /for other seeds \(Student’s t\) and other test images/);
  assert.doesNotMatch(page, /first seed/);
});

Deno.test("A pair that shares seeds is tested over them", async () => {
  const data = madeUp();
  const [first] = data.variants;
  assert.ok(first);
  const worse = {
    ...first,
    name: "worse",
    replicates: first.replicates.map((r, i) => ({
      ...r,
      predicted: Array.from(r.predicted, (p, at) => at < 30 + i ? 99 : p),
    })),
  };
  const html = await renderPage({ ...data, variants: [first, worse] }, "");
  assert.match(html, /p is of a paired t-test over the seeds that both have/);
  assert.match(html, /baseline is better over seeds/);
  assert.doesNotMatch(html, /McNemar/);
});

Deno.test("A chart has one place on the page: one that is not there, or nowhere, is an error", async () => {
  const chart = (id: string): Chart => ({
    id,
    description: "",
    spec: spec({ data: { values: [{ a: 1 }] }, mark: "point", encoding: {} }),
  });
  const one = chart("one");
  const drawings = await draw([one, null]);
  assert.equal(drawings.place(null), null);
  assert.throws(() => drawings.checkPlaced(), {
    message: 'The chart "one" has no place on the page',
  });
  assert.throws(() => drawings.place(chart("onee")), {
    message: 'Cannot place the chart "onee": it was not drawn',
  });
  assert.match(drawings.place(one)?.text ?? "", /^<figure class="chart" id="one"/);
  drawings.checkPlaced();
  assert.throws(() => drawings.place(one), /has a place already/);
  await assert.rejects(draw([one, chart("one")]), { message: 'Two charts are called "one"' });
});

Deno.test("A line of one epoch is drawn as its point", async () => {
  const data = madeUp();
  const html = await renderPage({
    ...data,
    variants: data.variants.map((v) => ({
      ...v,
      reference: v.reference && { ...v.reference, curves: { val_loss: [0.5] } },
      replicates: v.replicates.map((r) => ({ ...r, curves: { loss: [0.7], val_loss: [0.6] } })),
    })),
  }, "");
  const chart = /<figure class="chart" id="curve-loss-0"[^]*?<\/figure>/.exec(html)?.[0] ?? "";
  const points = [...chart.matchAll(/<path [^>]*aria-roledescription="point"[^>]*>/g)]
    .map(([path]) => path);
  // Three seeds' training and validation, and the reference.
  assert.equal(points.filter((path) => !/opacity="0"/.test(path)).length, 7, chart);
});

Deno.test("All variants' curves share a chart and an axis; the learning rate is drawn where it changes", async () => {
  const data = madeUp();
  const withRates = (rates: readonly number[], take = 4) =>
    renderPage({
      ...data,
      variants: data.variants.slice(0, take).map((v, i) => ({
        ...v,
        replicates: v.replicates.map((r) => ({
          ...r,
          curves: { ...r.curves, learning_rate: i === 0 ? rates : [0.001, 0.001] },
        })),
      })),
    }, "");
  const changing = await withRates([0.001, 0.0005]);
  assert.match(changing, /<figure class="chart" id="curves-rate"/);
  assert.match(changing, /<figure class="chart" id="curves-loss"/);
  const ends = [...changing.matchAll(
    /id="curve-loss-\d"[^]*?Y-axis titled 'loss' for a linear scale with values from ([\d.]+ to [\d.]+)/g,
  )].map(([, range]) => range);
  assert.equal(ends.length, 4);
  assert.equal(new Set(ends).size, 1);
  const constant = await withRates([0.001, 0.001], 1);
  assert.doesNotMatch(constant, /id="curves-/);
});

Deno.test("Learning rates of more epochs, over all seeds, than a call takes arguments are drawn", () => {
  const learning_rate = Array.from({ length: 200_000 }, (_, i) => i < 1000 ? 0.001 : 0.0005);
  const variants = madeUp().variants.map((v) => ({
    ...v,
    replicates: v.replicates.map((r) => ({ ...r, curves: { learning_rate } })),
  }));
  assert.equal(rateChart(variants.slice(0, 1))?.id, "curves-rate");
});
