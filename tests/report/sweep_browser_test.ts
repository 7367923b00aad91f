import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { axisX, parallelFrame } from "../../pipelines/report/sweep_frames.ts";
import { inBrowser, type Look } from "./browser_rig.ts";
import { HOSTILE, type Made, madePage, madeSweep } from "./sweep_rig.ts";

const inPage = (made: Made) => (name: string, how: Look, see: (page: Page) => Promise<void>) =>
  inBrowser(() => madePage(madeSweep(made)), name, how, see);
const small = inPage({ trials: 120 }), large = inPage({ trials: 2000 });

/** Parts of a page, as the texts below make them. */
const PIXELS = (figure: string) => `document.querySelector("#${figure} canvas").toDataURL()`;
/** A copy, since reading a canvas itself makes the browser complain. */
const READ = `const read = (canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const at = copy.getContext("2d", { willReadFrequently: true });
  at.drawImage(canvas, 0, 0);
  return at.getImageData(0, 0, canvas.width, canvas.height).data;
};`;
const DRAWN = `(() => {
  ${READ}
  return [...document.querySelectorAll(".linked")].every((figure) => {
    const canvas = figure.querySelector("canvas");
    return canvas !== null && read(canvas).some((byte) => byte !== 0);
  });
})()`;
/** Where in a figure's canvas a pixel of just this colour is; null: nowhere. */
const AT = (figure: string, [r, g, b]: readonly number[]) =>
  `(() => {
  ${READ}
  const canvas = document.querySelector("#${figure} canvas");
  const data = read(canvas);
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] === ${r} && data[i + 1] === ${g} && data[i + 2] === ${b} && data[i + 3] === 255) {
      return [i / 4 % canvas.width, Math.floor(i / 4 / canvas.width)];
    }
  }
  return null;
})()`;

/** Waits until the text is true in the page; the page's policy forbids the driver's own way. */
async function until(page: Page, text: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (!await page.evaluate(text)) {
    assert.ok(performance.now() < end, `not within ten seconds: ${text.slice(0, 200)}`);
    await page.evaluate("new Promise(requestAnimationFrame)");
  }
}

/** Drags from one point of a figure's canvas to another, in pixels from its upper left corner. */
async function drag(page: Page, figure: string, from: [number, number], to: [number, number]) {
  const canvas = page.locator(`#${figure} canvas`);
  await page.evaluate(
    `document.querySelector("#${figure} canvas").scrollIntoView({ block: "center" })`,
  );
  const box = await canvas.boundingBox();
  assert.ok(box !== null);
  await page.mouse.move(box.x + from[0], box.y + from[1]);
  await page.mouse.down();
  await page.mouse.move(box.x + to[0], box.y + to[1], { steps: 4 });
  await page.mouse.up();
}

/** Column of the ranking's rows in sight, as text. */
const column = async (page: Page, title: string): Promise<string[]> => {
  const heads = await page.locator("#ranking-table thead th").allInnerTexts();
  const at = heads.findIndex((head) => head.startsWith(title));
  assert.ok(at >= 0, `${title}: ${heads}`);
  return await page.locator(`#ranking-table tbody td:nth-child(${at + 1})`).allInnerTexts();
};

large(
  "a page of 2,000 trials draws all its charts, and follows a drag at once",
  {},
  async (page) => {
    await until(page, DRAWN);
    const drawn = Number(await page.evaluate("performance.now()"));
    const longest = await page.evaluate(`new Promise((done) => {
    const canvas = document.querySelector("#parallel canvas");
    canvas.scrollIntoView();
    const { left, top } = canvas.getBoundingClientRect();
    const send = (type, y) => canvas.dispatchEvent(new PointerEvent(type,
      { clientX: left + 84, clientY: top + y, pointerId: 1, button: 0, bubbles: true }));
    canvas.setPointerCapture = () => {};
    send("pointerdown", 60);
    let y = 60, last = performance.now(), longest = 0;
    const step = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      send("pointermove", y += 12);
      if (y < 300) requestAnimationFrame(step);
      else { send("pointerup", y); done(longest); }
    };
    requestAnimationFrame(step);
  })`);
    console.log(
      `2,000 trials: charts drawn ${Math.round(drawn)} ms after the page was asked for, ` +
        `longest frame of a drag ${Math.round(Number(longest))} ms`,
    );
    const says = await page.locator("#chosen output").innerText();
    const chosen = Number(/^([\d,]+) of 2,000 trials$/.exec(says)?.[1]?.replace(",", ""));
    assert.ok(chosen > 100 && chosen < 2000, says);
  },
);

small(
  "a drag along an axis chooses in all charts and in the ranking; a click lets go",
  {},
  async (page) => {
    await until(page, DRAWN);
    const frame = parallelFrame(7), x = axisX(frame, 0, 7);
    const before = await page.evaluate(PIXELS("slice-4"));
    const middle = (frame.top + frame.bottom) / 2;
    await drag(page, "parallel", [x, frame.top - 5], [x, middle]);
    await page.locator("#chosen button", { hasText: /learningRate: 0\.003\d* to 0\.1/ }).waitFor();
    const rates = (await column(page, "learningRate")).map(Number);
    assert.ok(rates.length > 10 && rates.every((rate) => rate >= 0.003), `${rates}`);
    assert.notEqual(await page.evaluate(PIXELS("slice-4")), before);
    const says = await page.locator(".pages [role=status]").innerText();
    assert.match(says, /^1 to (\d+) of (\d+) chosen, 120 in all$/);
    await drag(page, "parallel", [x, middle - 40], [x, middle - 40]);
    await page.locator("#chosen output", { hasText: "All 120 trials" }).waitFor();
    await page.mouse.move(2, 2);
    await until(page, `${PIXELS("slice-4")} === ${JSON.stringify(before)}`);
  },
);

small("a drag over a slice chooses by its param and by the metric", {}, async (page) => {
  const before = await page.evaluate(
    `new Promise(requestAnimationFrame).then(() => ${PIXELS("parallel")})`,
  );
  // Its left half, the upper third.
  await drag(page, "slice-4", [50, 8], [180, 60]);
  const reasons = await page.locator("#chosen button").allInnerTexts();
  assert.equal(reasons.length, 3, `${reasons}`);
  assert.match(
    `${reasons[0]}; ${reasons[1]}`,
    /^dropout: 0 to 0\.\d+ ✕; accuracy: 0\.\d+ to 0\.\d+ ✕$/,
  );
  const low = Number(/accuracy: (\S+)/.exec(reasons[1] ?? "")?.[1]);
  const found = (await column(page, "accuracy")).map((text) => Number(text.split(" ")[0]));
  assert.ok(found.length > 3 && found.every((value) => value >= low - 0.001), `${low}: ${found}`);
  const high = Number(/ to (\S+) ✕/.exec(reasons[0] ?? "")?.[1]);
  const dropouts = (await column(page, "dropout")).map(Number);
  assert.ok(dropouts.every((value) => value <= high + 0.001), `${high}: ${dropouts}`);
  await until(page, `${PIXELS("parallel")} !== ${JSON.stringify(before)}`);
  await page.locator("#chosen button", { hasText: "Let go of all" }).click();
  assert.equal(await page.locator("#chosen output").innerText(), "All 120 trials");
});

small("the ranking is sorted and turned by keyboard", {}, async (page) => {
  const button = page.locator("#ranking-table th button", { hasText: "units" });
  await button.focus();
  await page.keyboard.press("Enter");
  const up = (await column(page, "units")).map(Number);
  assert.deepEqual(up, [...up].sort((a, b) => a - b));
  assert.equal(await page.locator("#ranking-table th[aria-sort=ascending]").innerText(), "units");
  await page.keyboard.press("Enter");
  const down = (await column(page, "units")).map(Number);
  assert.deepEqual(down, [...down].sort((a, b) => b - a));
  assert.ok((down[0] ?? 0) > (up[0] ?? 0));
  await page.locator(".pages button", { hasText: "Next" }).focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".pages [role=status]").innerText(), "51 to 100 of 120");
  const next = (await column(page, "units")).map(Number);
  assert.ok((next[0] ?? 0) <= (down.at(-1) ?? 0));
});

small("trials are chosen by keyboard, by numbers and by names", {}, async (page) => {
  await page.locator("#values summary").focus();
  await page.keyboard.press("Enter");
  await page.locator('input[aria-label="dropout to"]').focus();
  await page.keyboard.type("0.2");
  await page.keyboard.press("Tab");
  const rows = (await column(page, "dropout")).map(Number);
  assert.ok(rows.length > 10 && rows.every((value) => value <= 0.2), `${rows}`);
  await page.locator('input[aria-label="sgd"]').focus();
  await page.keyboard.press("Space");
  assert.deepEqual([...new Set(await column(page, "name"))], ["sgd"]);
  await page.locator('input[aria-label="momentum not set"]').focus();
  await page.keyboard.press("Space");
  assert.equal(await page.locator(".pages [role=status]").innerText(), "No trial is chosen.");
  await page.locator("#chosen button", { hasText: "momentum: not set" }).press("Enter");
  assert.equal(await page.locator('input[aria-label="momentum not set"]').isChecked(), false);
  assert.ok((await column(page, "name")).length > 3);
});

small(
  "the pointer on a row of the ranking marks its trial in the charts, and the other way",
  {},
  async (page) => {
    const ink = [27, 27, 26];
    await until(page, DRAWN);
    assert.equal(await page.evaluate(AT("slice-0", ink)), null);
    await page.locator("#ranking-table tbody tr").nth(4).hover();
    await until(page, AT("slice-0", ink));
    await until(page, AT("parallel", ink));
    // Rank 1 stands where the best is drawn: on top of its dot.
    const place = await page.evaluate(AT("slice-0", [196, 82, 0]));
    const [x, y] = place as [number, number]; // as its text makes it; it is drawn
    await page.locator("#slice-0 canvas").hover({ position: { x, y: y + 3 } });
    const tip = await page.locator("#tip").innerText();
    assert.match(tip, /^Rank: 1\nTrial: \d+\naccuracy: 0\.\d+ ± /);
    assert.equal(await page.locator("#ranking-table tr.marked td").first().innerText(), "1");
  },
);

small("a chart's mark tells its words", {}, async (page) => {
  await page.locator("#importance .mark-rect path").first().hover();
  assert.match(
    await page.locator("#tip").innerText(),
    /^learningRate: \d+\.\d %, of 80 % of trees/,
  );
});

small("the winner's command is copied, or selected for copying", {}, async (page) => {
  await page.locator(".copied button").first().click();
  const says = page.locator(".copied button", { hasText: /^(Copied|Selected: copy it)$/ }).first();
  await says.waitFor();
  if (await says.innerText() !== "Copied") {
    assert.match(String(await page.evaluate("String(getSelection())")), /^deno task run /);
  }
});

inPage({ trials: 300, hostile: HOSTILE })(
  "hostile names are shown as text, wherever they come to lie",
  {},
  async (page) => {
    await until(page, DRAWN);
    assert.ok((await page.locator("h1").innerText()).includes(HOSTILE));
    assert.ok((await column(page, "name")).includes(HOSTILE));
    await page.locator("#values summary").click();
    await page.locator(".values label", { hasText: HOSTILE }).click();
    await page.locator("#chosen button", { hasText: HOSTILE }).waitFor();
    await page.locator("#failures").scrollIntoViewIfNeeded();
    assert.ok((await page.locator("#failures-table").innerText()).includes(HOSTILE));
    assert.equal(await page.locator("img").count(), 0);
  },
);

small(
  "without JavaScript winner, charts and the ranking's head are there",
  { script: false },
  async (page) => {
    assert.match(
      await page.locator("#winner .result").innerText(),
      /^Trial \d+: evaluate\.accuracy 0\.9/,
    );
    assert.equal(await page.locator("#ranking-table tbody tr").count(), 50);
    assert.ok(await page.locator("#pages noscript").isVisible());
    for (const id of ["parallel", "slice-0", "slice-5"]) {
      assert.ok(await page.locator(`#${id} .marks path`).first().isVisible(), id);
    }
    for (const id of ["progress", "importance", "curve-0"]) {
      assert.ok(await page.locator(`#${id} > svg path`).count() > 5, id);
    }
    assert.equal(await page.locator("#how").isVisible(), false);
  },
);

small("on paper the drawings take the place of the canvases", {}, async (page) => {
  await until(page, DRAWN);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#parallel canvas").isVisible(), false);
  assert.ok(await page.locator("#parallel .marks path").first().isVisible());
  assert.equal(await page.locator("#chosen").isVisible(), false);
});

small("a phone scrolls down, never sideways", { width: 390 }, async (page) => {
  await until(page, DRAWN);
  assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 390);
});

small("dark mode recolours the canvases as well", { dark: true }, async (page) => {
  await until(page, DRAWN);
  assert.ok(await page.evaluate(AT("slice-0", [240, 140, 60])));
  await page.emulateMedia({ colorScheme: "light" });
  await until(page, AT("slice-0", [196, 82, 0]));
});
