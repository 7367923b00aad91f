/** A page that was drawn without what failed says so at its top, as text. */
import assert from "node:assert/strict";
import { json } from "../../pipelines/report/html.ts";
import { renderPage } from "../../pipelines/report/page.ts";
import { inBrowser } from "./browser_rig.ts";
import { client, HOSTILE, LINEAGE, madeUp } from "./rig.ts";

const [first] = LINEAGE.nodes;
assert.ok(first);
const FAILED = { node: "train@wild", key: null, outcome: "failed", milliseconds: 3 };
const PARTIAL = {
  ...LINEAGE,
  nodes: [
    ...LINEAGE.nodes,
    { ...FAILED, message: `Cannot go on: ${HOSTILE}\nmore` },
    { ...first, node: "report", missing: ["train@wild", "evaluate@wild"] },
  ],
};

const published = (lineage: unknown) => async () =>
  (await renderPage(madeUp(), await client()))
    .replace('id="crisol-lineage">null', () => `id="crisol-lineage">${json(lineage).text}`);

inBrowser(
  published(PARTIAL),
  "A page names what it was drawn without, and why",
  {},
  async (page) => {
    const text = await page.locator("#missing").innerText();
    assert.equal(
      text,
      "This page is not whole: it was drawn without train@wild, evaluate@wild.\n" +
        `train@wild failed: Cannot go on: ${HOSTILE}`,
    );
  },
);

inBrowser(published(LINEAGE), "A whole page names nothing", {}, async (page) => {
  await page.locator("#lineage table").first().waitFor({ state: "attached" });
  assert.equal(await page.locator("#missing").count(), 0);
});
