import assert from "node:assert/strict";
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

Deno.test("A variant is judged by the deviation that is given, and not at all without one", async () => {
  assert.match(page, />consistent</);
  const data = madeUp();
  const bare = data.variants.map((v) => {
    const { standardDeviation: _, ...reference } = v.reference ?? {};
    return { ...v, reference };
  });
  const other = await renderPage({ ...data, variants: bare }, "");
  assert.match(other, />not judged</);
  assert.doesNotMatch(other, />consistent</);
  const far = data.variants.map((v) => ({
    ...v,
    reference: v.reference && { ...v.reference, accuracy: 0.5 },
  }));
  assert.match(
    await renderPage({ ...data, variants: far }, ""),
    />loss consistent, accuracy not consistent</,
  );
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
