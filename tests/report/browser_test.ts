import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { json } from "../../pipelines/report/html.ts";
import { renderPage } from "../../pipelines/report/page.ts";
import { inBrowser as inPage, type Look } from "./browser_rig.ts";
import { client, HOSTILE, LINEAGE, madeUp } from "./rig.ts";

const published = async () =>
  (await renderPage(madeUp(), await client()))
    .replace('id="crisol-lineage">null', () => `id="crisol-lineage">${json(LINEAGE).text}`);

const inBrowser = (name: string, how: Look, see: (page: Page) => Promise<void>) =>
  inPage(published, name, how, see);

inBrowser(
  "Every chart is drawn, and becomes interactive where the reader looks",
  {},
  async (page) => {
    const charts = page.locator("figure.chart[id]:not(#times)");
    const count = await charts.count();
    assert.ok(count > 15);
    for (let i = 0; i < count; i++) {
      const chart = charts.nth(i);
      await chart.scrollIntoViewIfNeeded();
      await chart.and(page.locator("[data-live]")).waitFor();
      assert.ok(await chart.locator("svg path, svg rect").count() > 3);
    }
  },
);

inBrowser("A mark's tooltip tells its values as text", {}, async (page) => {
  const chart = page.locator("#confusion-0");
  await chart.scrollIntoViewIfNeeded();
  await page.locator("#confusion-0[data-live]").waitFor();
  const cell = chart.locator(".mark-rect.role-mark path").nth(4 * 7 + 4);
  // Away from the number in its middle, and from the filter at the window's top.
  await cell.evaluate("(e) => e.scrollIntoView({ block: 'center' })");
  await cell.hover({ position: { x: 4, y: 4 } });
  const tip = page.locator("#tip");
  await tip.waitFor();
  const text = await tip.innerText();
  assert.ok(text.includes(`truth: ${HOSTILE}`), text);
  assert.match(text, /count: \d+/);
});

inBrowser("The variant filter works by keyboard, in tables and charts", {}, async (page) => {
  const row = page.locator("#variants tbody tr", { hasText: "sparse" });
  const dots = page.locator("#accuracy .mark-symbol.role-mark path");
  const bars = page.locator("#class-f1 .mark-rect.role-mark path");
  // A dot a variant, a ring a seed of the one that has several.
  assert.equal(await dots.count(), 7);
  const all = await bars.count();
  await page.locator(".filter input[value=sparse]").focus();
  await page.keyboard.press("Space");
  await row.waitFor({ state: "hidden" });
  await page.waitForFunction(
    "document.querySelectorAll('#class-f1 .mark-rect.role-mark path').length === 21",
  );
  assert.equal(await dots.count(), 6);
  assert.equal(all, 28);
  assert.equal(await page.locator("#paired tbody tr:visible").count(), 3);
  await page.keyboard.press("Space");
  await row.waitFor({ state: "visible" });
  await page.waitForFunction(
    "document.querySelectorAll('#class-f1 .mark-rect.role-mark path').length === 28",
  );
});

inBrowser("Lineage is written down: command, times, outcomes", {}, async (page) => {
  const text = await page.locator("#lineage").innerText();
  assert.ok(text.includes("deno task run 'configs/my fashion.yaml'"), text);
  for (const part of ["train@sparse", "2 min 5 s", "hit", "with uncommitted changes", "2.9.0"]) {
    assert.ok(text.includes(part), part);
  }
  for (
    const part of [
      "accepted by hand: only its log changed ",
      "version 2 stands for its code",
      "layers.2.dropout was 0.3, is 0.4",
      "it gave another result than run x from the same key",
    ]
  ) assert.ok(text.includes(part), text);
  assert.equal(await page.locator("#times rect").count(), 2);
  assert.equal(await page.locator('#variants [data-time="sparse"]').innerText(), "2 min 8 s");
});

inBrowser("What was asked of the variants differs first, the rest is folded", {}, async (page) => {
  const rows = page.locator("#asked > .scroll tbody tr");
  const texts = (await rows.allInnerTexts()).map((text) => text.replace(/\s*\n\s*/g, " / "));
  const cells = texts.map((text) => text.split("\t"));
  assert.deepEqual(cells.map((row) => row.map((one) => one.trim())), [
    ["train input train", "download.train", "download.train", "augment.images", "download.train"],
    ["train optimizer.learningRate", "0.001", "0.01", "0.001", "0.001"],
    [
      "train layers",
      "dense units 64 / dense units 10",
      "dense units 64 / dense units 10",
      "dense units 64 / dense units 10",
      "dense units 64 / dense units 32 / dense units 10",
    ],
  ]);
  assert.deepEqual(await rows.locator("strong").allInnerTexts(), ["dense units 32"]);
  const rest = page.locator("#asked details");
  assert.equal(await rest.locator("table").isVisible(), false);
  await rest.locator("summary").click();
  assert.match(await rest.innerText(), /train optimizer\.type\s+adam/);
});

inBrowser("Without JavaScript all drawings are there", { script: false }, async (page) => {
  const charts = page.locator("figure.chart");
  assert.equal(await charts.count(), await page.locator("figure.chart > svg").count());
  assert.ok(await page.locator("noscript").first().isVisible());
  assert.equal(await page.locator(".filter").isVisible(), false);
});

inBrowser("On paper what is folded is unfolded", {}, async (page) => {
  const height = "document.querySelector('#models table').getBoundingClientRect().height";
  assert.equal(await page.locator("#models table").first().isVisible(), false);
  await page.emulateMedia({ media: "print" });
  assert.ok(await page.locator("#models table").first().isVisible());
  assert.ok(Number(await page.evaluate(height)) > 40);
});

inBrowser("On a phone letters stay as large as they are, and what is cut has a shadow", {
  width: 400,
}, async (page) => {
  for (const id of ["accuracy", "curves-loss", "confusion-0", "counts"]) {
    const chart = page.locator(`#${id}`);
    await chart.scrollIntoViewIfNeeded();
    await page.locator(`#${id}[data-live]`).waitFor();
    const height = await page.evaluate(`(() => {
      const text = document.querySelector("#${id} text");
      return text.getBoundingClientRect().height / parseFloat(getComputedStyle(text).fontSize);
    })()`);
    assert.ok(Number(height) > 0.95, `${id} ${height}`);
  }
  // Narrower where it can be, so that nothing of it is cut.
  const cut = (id: string) =>
    page.evaluate(`(() => { const e = document.querySelector("${id}");
      return e.scrollWidth - e.clientWidth; })()`);
  assert.equal(await cut("#accuracy"), 0);
  assert.ok(Number(await cut("#results .scroll")) > 0);
  const shadow = "getComputedStyle(document.querySelector('#results .scroll')).backgroundImage";
  assert.match(String(await page.evaluate(shadow)), /linear-gradient/);
});

inBrowser("A phone scrolls down, never sideways", { width: 360 }, async (page) => {
  assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
});

inBrowser("Dark mode recolours the page and the drawings in it", { dark: true }, async (page) => {
  const colour = (at: string, what: string) =>
    page.evaluate(`getComputedStyle(document.querySelector('${at}')).${what}`);
  assert.equal(await colour("body", "backgroundColor"), "rgb(23, 23, 22)");
  assert.equal(
    await colour("#accuracy .mark-symbol path:not([fill=transparent])", "fill"),
    "rgb(91, 176, 230)",
  );
});

/** What a reader sees of the flame chart: how far its bars reach, and of which colours they are. */
const FLAME = `(() => {
  const chart = document.querySelector("figure.flame > svg");
  const whole = chart.getBoundingClientRect();
  return [...chart.querySelectorAll("rect")].map((bar) => {
    const { left, right } = bar.getBoundingClientRect();
    return {
      depth: bar.dataset.depth,
      part: bar.getAttribute("class"),
      colour: getComputedStyle(bar).fill,
      start: (left - whole.left) / whole.width,
      end: (right - whole.left) / whole.width,
      title: bar.parentNode.querySelector("title").textContent,
    };
  });
})()`;

for (const how of [{}, { width: 360, dark: true }] satisfies Look[]) {
  inBrowser(
    `A profile is a flame chart with a bar for each operation${
      how.dark ? ", on a dark phone" : ""
    }`,
    how,
    async (page) => {
      const bars = await page.evaluate(FLAME) as {
        depth: string;
        part: string;
        colour: string;
        start: number;
        end: number;
        title: string;
      }[]; // as the text above makes it
      const row = (depth: number) => bars.filter((bar) => bar.depth === String(depth));
      const profile = LINEAGE.profiles[0];
      assert.ok(profile);
      assert.deepEqual(
        row(3).map(({ title }) => title),
        profile.lines.map(({ part, operation, milliseconds }) =>
          `${part}, ${operation}: ${milliseconds.toFixed(3)} ms, ${
            (10 * milliseconds).toFixed(1)
          } %`
        ),
      );
      assert.deepEqual(row(2).map(({ title }) => title.split(":")[0]), [
        "outside, loop",
        "forward, conv2d",
        "forward, dense",
        "backward, dense",
        "update, dense",
      ]);
      assert.deepEqual([row(1).length, row(0).length], [4, 1]);
      for (const depth of [0, 1, 2, 3]) {
        let end = 0;
        for (const bar of row(depth)) {
          assert.ok(Math.abs(bar.start - end) < 0.01, JSON.stringify(bar));
          end = bar.end;
        }
        assert.ok(Math.abs(end - 1) < 0.01, `row ${depth} ends at ${end}`);
      }
      assert.equal(new Set(row(1).map(({ colour }) => colour)).size, 4);
      await page.locator("summary", { hasText: "The same as numbers" }).click();
      const cells = page.locator("details[open] tbody tr");
      assert.equal(await cells.count(), profile.lines.length);
      assert.match(
        await cells.nth(1).innerText(),
        /conv2dForward\s+3\.000 ms\s+2\.000 ms\s+30\.0 %/,
      );
      assert.match(await page.locator("figure.flame figcaption").innerText(), /<script>alert\(1\)/);
      const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.ok(Number(overflow) <= 0, `${overflow} pixels too wide`);
    },
  );
}
