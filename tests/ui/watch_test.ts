/** Real runs as somebody sees them who has the page open. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { TINY, Workplace } from "../rig.ts";
import { inBrowser, look, Server, until } from "./rig.ts";

const badge = (page: Page, status: string) =>
  page.locator("#name .badge", { hasText: new RegExp(`^${status}$`) }).waitFor();

/** A training that does not end by itself. */
const ENDLESS = [TINY, "train@baseline", "--set", "train.epochs=1000000"];

inBrowser(
  "a run appears by itself and is shown until its end, with graph, curves and logs",
  async () => {
    await using place = await Workplace.here();
    await using server = await Server.start(place.store);
    await look(server.url, {}, async (page) => {
      await page.locator("#nothing", { hasText: "No run has told anything yet" }).waitFor();
      const run = place.run([TINY]);
      await page.locator("#runs li", { hasText: "tiny" }).waitFor();
      await run;
      await badge(page, "done");
      const boxes = page.locator("#graph button");
      assert.deepEqual(await boxes.locator("strong").allInnerTexts(), [
        "shapes",
        "preprocess",
        "augment",
        "train",
        "evaluate",
        "report",
      ]);
      assert.deepEqual(await boxes.evaluateAll((all) => all.map((box) => box.dataset.state)), [
        ...Array.from({ length: 6 }, () => "ran"),
      ]);
      assert.equal(await boxes.nth(3).locator("small").innerText(), "3 of 3 done");
      assert.equal(await page.locator("#graph path").count(), 10);
      const bar = page.locator("#done");
      assert.equal(await bar.getAttribute("aria-valuenow"), "11");
      assert.match(await page.locator("#sum").innerText(), /^11 of 11 done +· +took \d/);

      const loss = page.locator("#curves figure", { hasText: "loss" });
      // Training's and validation's, each a line, or a point where it was told once.
      assert.equal(await loss.locator("path.line, circle").count(), 6);
      const keys = await loss.locator("li").allInnerTexts();
      assert.match(keys.find((key) => key.includes("baseline")) ?? "", /^train@\w+ \d\.\d+$/);
      assert.equal(keys.filter((key) => /^train@\w+, validation \d\.\d+$/.test(key)).length, 3);
      // Colours are those of the page: by the variants' places in the config, whichever came first.
      const colourOf = (variant: string) =>
        loss.locator("li", { hasText: variant }).first().getAttribute("class");
      assert.deepEqual(
        [await colourOf("baseline"), await colourOf("logits"), await colourOf("augmented")],
        ["c0", "c1", "c2"],
      );
      // No box is cut.
      const cut = "(() => { const g = document.querySelector('#graph'); " +
        "return g.scrollWidth - g.clientWidth; })()";
      assert.equal(await page.evaluate(cut), 0);
      await page.setViewportSize({ width: 1280, height: 900 });
      await until(async () => await page.evaluate(cut) === 0);
      const link = page.locator("#pages a");
      const href = await link.getAttribute("href");
      const report = await fetch(new URL(href ?? "", server.url));
      assert.match(await report.text(), /<h1>Tiny<\/h1>/);

      // By keyboard alone, as far as the log.
      await boxes.nth(3).focus();
      await page.keyboard.press("Enter");
      assert.equal(await boxes.nth(3).getAttribute("aria-expanded"), "true");
      await page.locator("#cells tbody tr").nth(2).waitFor();
      assert.match(
        await page.locator("#cells tbody").innerText(),
        /train@baseline\s+ran\s+step 8\/8 epoch 2\/2 loss \d/,
      );
      await page.getByLabel("log of train@logits").focus();
      await page.keyboard.press("Enter");
      await page.locator("#log code", { hasText: 'Model: "sequential"' }).waitFor();
      await page.keyboard.press("Escape");
      await page.locator("#log").waitFor({ state: "hidden" });
    });
  },
);

inBrowser(
  "an engine that is killed is told as broken off, and its next run is shown without a reload",
  async () => {
    await using place = await Workplace.here();
    await using server = await Server.start(place.store);
    await look(server.url, {}, async (page) => {
      let engine: Deno.ChildProcess | null = null;
      const killed = place.do(["run", ...ENDLESS], { onStart: (process) => engine = process });
      const row = page.locator("#running tbody tr", { hasText: "train@baseline" });
      await row.waitFor();
      await badge(page, "running");
      // Its curve grows while it runs.
      const line = page.locator("#curves figure", { hasText: "loss" })
        .locator("path.line:not(.dashed)");
      await line.waitFor();
      const before = await line.getAttribute("d");
      await until(async () => await line.getAttribute("d") !== before);
      // Its log is followed.
      await page.getByLabel("log of train@baseline").click();
      await page.locator("#log-state", { hasText: "follows" }).waitFor();
      await page.keyboard.press("Escape");

      assert.ok(engine);
      (engine as Deno.ChildProcess).kill("SIGKILL"); // set by `onStart`, which the compiler does not follow
      await killed;
      await badge(page, "broken off");
      assert.match(await page.locator("#sum").innerText(), /the same command goes on from there/);
      assert.match(await page.locator("#running").innerText(), /^Was running[^]*broken off/);
      await page.evaluate("globalThis.sameDocument = true");
      const again = place.run([TINY]);
      await page.locator("#runs li").nth(1).waitFor();
      await again;
      await badge(page, "done");
      const all = await page.locator("#runs li").allInnerTexts();
      assert.equal(all.length, 2);
      assert.match(all[0] ?? "", /done\n11 of 11 done/);
      assert.match(all[1] ?? "", /broken off/);
      assert.equal(await page.evaluate("globalThis.sameDocument"), true);

      // A run that is chosen stays, until the newest is followed again.
      await page.locator("#runs button").nth(1).click();
      await badge(page, "broken off");
      await page.getByRole("button", { name: "Follow the newest" }).click();
      await badge(page, "done");
    });
  },
);

inBrowser("a server that is started again goes on where the page stands", async () => {
  await using place = await Workplace.here();
  const first = await Server.start(place.store);
  await look(first.url, {}, async (page) => {
    await page.evaluate("globalThis.sameDocument = true");
    await page.locator("#link", { hasText: "Live" }).waitFor();
    await first[Symbol.asyncDispose]();
    await page.locator("#link", { hasText: "waiting for it" }).waitFor();
    await place.run([TINY]);
    await using _second = await Server.start(place.store, first.port);
    await badge(page, "done");
    await page.locator("#link", { hasText: "Live" }).waitFor();
    assert.equal(await page.evaluate("globalThis.sameDocument"), true);
  }, /ERR_(?:CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET)/);
});
