import assert from "node:assert/strict";
import { CLIENTS } from "../../pipelines/report/build.ts";
import { escape } from "../../pipelines/report/html.ts";
import { HOSTILE, madePage, madeSweep } from "./sweep_rig.ts";
import { rank } from "../../pipelines/report/sweep_ranking.ts";
import { renderSweepPage } from "../../pipelines/report/sweep_page.ts";
import { MOST_DOTS, progressChart } from "../../pipelines/report/sweep_charts.ts";
import { importsOf } from "../imports.ts";

const MB = 1024 * 1024;

/** What a reader without script reads. */
const textOf = (page: string) =>
  page.replace(/<(script|style)[\s\S]*?<\/\1>/g, "").replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");

Deno.test("2,000 trials of six params with three replicates make a page below 8 MB", async () => {
  const data = madeSweep({ trials: 2000, replicates: 3 });
  const begun = performance.now();
  const page = await madePage(data);
  const bytes = new TextEncoder().encode(page).length;
  console.log(
    `a page of 2,000 trials: ${(bytes / MB).toFixed(2)} MB, drawn in ${
      ((performance.now() - begun) / 1000).toFixed(1)
    } s`,
  );
  assert.ok(bytes < 8 * MB, `${bytes} bytes`);
  // Each row is in the page, the first fifty as a table.
  assert.equal(page.match(/"trial":\d+/g)?.length, 2000);
  assert.equal(page.match(/<tr class="(best)?">/g)?.length, 50);
});

Deno.test("the same sweep gives the same page, byte for byte", async () => {
  assert.equal(await madePage(madeSweep()), await madePage(madeSweep()));
});

Deno.test("the winner's config and command stand in the page as they are", async () => {
  const data = madeSweep();
  assert.ok(data.winner !== null);
  const page = await madePage(data);
  assert.ok(page.includes(`<code>${escape(data.winner.yaml)}</code>`));
  const text = page.match(/<pre id="settings"[^>]*><code>([^<]*)<\/code>/)?.[1] ?? "";
  const won = data.trials.find(({ trial }) => trial === data.winner?.trial);
  assert.ok(text.startsWith("deno task run configs/fashion.yaml \\\n  --set "), text);
  assert.ok(text.includes(`--set train.batchSize=${won?.settings["train.batchSize"]}`), text);
  assert.ok(text.includes("&#39;train.optimizer={&quot;name&quot;:"), text);
});

Deno.test("one replicate gives no interval and no test, and the page says so", async () => {
  const text = textOf(await madePage(madeSweep({ replicates: 1 })));
  assert.ok(text.includes("there is no interval and no test"), text);
  assert.ok(text.includes("nobody can say whether the difference is chance"));
  assert.ok(!text.includes("p, Holm"));
  const three = textOf(await madePage(madeSweep({ replicates: 3 })));
  assert.ok(three.includes("p, Holm") && three.includes("winner’s curse"));
});

Deno.test("a sweep that is not over, or that depends on timing, says so first", async () => {
  const text = textOf(await madePage(madeSweep({ left: 1200, asynchronous: true })));
  const head = text.slice(0, text.indexOf("The winner"));
  assert.ok(head.includes("its budget has 1,200 more trials"), head);
  assert.ok(head.includes("It ran asynchronously"), head);
  const usual = textOf(await madePage(madeSweep()));
  assert.ok(!usual.includes("asynchronously") && !usual.includes("not over: its budget"));
});

Deno.test("equal failures are told once, with how many and the log of the first", async () => {
  const data = madeSweep({ trials: 300 });
  const failed = data.trials.filter(({ failure }) => failure !== null);
  const alike = failed.filter(({ failure }) => failure?.message.startsWith("It needed"));
  assert.ok(alike.length > 2 && failed.length > alike.length);
  const page = await madePage(data);
  const rows = page.slice(page.indexOf('id="failures-table"')).split("<tbody>")[1]
    ?.split("</tbody>")[0]?.split("</tr>") ?? [];
  assert.equal(rows.length - 1, 2);
  const row = rows.map(textOf).find((one) => one.includes("It needed more")) ?? "";
  assert.ok(row.startsWith(` ${alike.length} It needed more than its 2 GB of memory`), row);
  assert.ok(row.includes(alike[0]?.failure?.log ?? "-"), row);
});

Deno.test("halving's rungs tell how many came and went on", async () => {
  const data = madeSweep({ trials: 90, rungs: true });
  const text = textOf(await madePage(data));
  const rungs = text.slice(text.indexOf("Came here"));
  assert.match(
    rungs,
    /^Came here Went on Best that stopped here 4 90 30 0\.\d+ 12 30 10 0\.\d+ 36 10 –/,
  );
});

Deno.test("a sweep without results still has a page, which says why there is no winner", async () => {
  const none = { ...madeSweep({ trials: 1 }), trials: [], winner: null, baseline: null };
  assert.ok(textOf(await madePage(none)).includes("No trial has begun"));
  const failed = madeSweep({ trials: 3 }).trials.map((trial) => ({
    ...trial,
    state: "failed" as const,
    metrics: [],
    failure: { node: "train@trial=0", message: "No", log: null },
  }));
  const text = textOf(await madePage({ ...none, trials: failed }));
  assert.ok(text.includes("All trials failed") && text.includes("3 No 0, 1, 2"), text);
});

Deno.test("names and messages from outside stay text", async () => {
  const page = await madePage(madeSweep({ trials: 200, hostile: HOSTILE }));
  assert.ok(page.includes(escape(HOSTILE)));
  assert.ok(!page.includes(HOSTILE));
  assert.equal(page.match(/<script/g)?.length, 2);
  assert.equal(page.match(/<img/g), null);
});

for (const [name, sources] of Object.entries(CLIENTS)) {
  Deno.test(`${name} is built anew when any of its sources changes`, async () => {
    const imports = await importsOf([`pipelines/report/${sources[0]}`]);
    const folder = "pipelines/report/";
    const reached = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const one of imports.get(path) ?? []) if (imports.has(one)) visit(one);
    };
    visit(`${folder}${sources[0]}`);
    const listed = sources.map((one) => new URL(one, `file:///${folder}`).pathname.slice(1));
    // Types alone leave nothing in a script.
    const types = [
      "pipelines/stage.ts",
      "pipelines/names.ts",
      "pipelines/json.ts",
      `${folder}sweep_data.ts`,
    ];
    assert.deepEqual([...reached].filter((one) => !types.includes(one)).sort(), listed.sort());
  });
}

Deno.test("of very many trials the best and every k-th have a dot, and the page says so", () => {
  const data = madeSweep({ trials: 3 * MOST_DOTS });
  // A spec holds plain JSON.
  const { layer } = progressChart(data, rank(data))?.spec as unknown as {
    layer: { data: { values: { trial: number; value: number }[] } }[];
  };
  const [dots = [], steps = []] = layer.map((one) => one.data.values);
  assert.ok(dots.length > MOST_DOTS / 2 && dots.length < MOST_DOTS + 100, `${dots.length}`);
  const drawn = new Set(dots.map(({ trial }) => trial));
  // The last step is where the line ends.
  assert.ok(steps.slice(0, -1).every(({ trial }) => drawn.has(trial)));
});

Deno.test("a trial of one epoch is a point among the curves", async () => {
  const data = madeSweep({ trials: 12 });
  const trials = data.trials.map((one) => ({
    ...one,
    curves: one.curves && { loss: [0.7], val_loss: [0.6] },
  }));
  const html = await renderSweepPage({ ...data, trials }, "");
  const chart = /<figure class="chart" id="curve-0"[^]*?<\/figure>/.exec(html)?.[0] ?? "";
  const points = [...chart.matchAll(/<path [^>]*aria-roledescription="point"[^>]*>/g)];
  const seen = points.filter(([path]) => !path.includes('opacity="0"'));
  // The winner's training beside the validation of all.
  assert.equal(seen.length, 1 + trials.filter(({ curves }) => curves !== null).length);
});
