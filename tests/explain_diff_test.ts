/** Two runs beside each other: text, JSON and a page. */
import assert from "node:assert/strict";
import type { RunDiff } from "../pipelines/certificate/runs.ts";
import { renderDiff } from "../pipelines/report/diff.ts";
import { linesOf, TINY, Workplace } from "./rig.ts";

Deno.test("diff says what two runs were asked, and which figures, curves and digests differ", async (t) => {
  await using place = await Workplace.here();
  await place.run([TINY, "evaluate@baseline"]);
  await place.run([TINY, "evaluate@baseline", "evaluate@logits", "--set", "train.epochs=3"]);
  const diff = async (...words: string[]) => {
    const { code, stdout, stderr } = await place.do(["diff", ...words]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const [runs = {}, ...nodes] = linesOf(await diff("latest~1", "latest", "--json"));
  const found = { ...runs, nodes } as unknown as RunDiff; // as the command writes it
  const node = (name: string) => found.nodes.find((one) => one.node === name);

  await t.step("params, and only where they changed", () => {
    assert.deepEqual(node("train@baseline")?.changes, [
      { type: "params", path: "epochs", old: "2", new: "3" },
    ]);
    assert.deepEqual(node("preprocess"), {
      node: "preprocess",
      outcomes: ["ran", "hit"],
      changes: [],
      outputs: [],
      same: true,
    });
    assert.deepEqual(node("train@logits")?.outcomes, [null, "ran"]);
    assert.ok(
      found.environment.some(({ what, new: now }) =>
        what === "overrides" && now === "train.epochs=3"
      ),
    );
  });

  await t.step("curves and figures with their values, weights without", () => {
    const tensors = node("train@baseline")?.outputs.flatMap(({ tensors }) => tensors) ?? [];
    const loss = tensors.find(({ tensor }) => tensor === "loss")?.values;
    assert.deepEqual([loss?.old.length, loss?.new.length], [2, 3]);
    // The third epoch goes on from the second.
    assert.deepEqual(loss?.old, loss?.new.slice(0, 2));
    assert.equal(tensors.find(({ tensor }) => tensor === "dense/kernel")?.values, null);
    const metrics = node("evaluate@baseline")?.outputs.flatMap(({ tensors }) => tensors) ?? [];
    assert.equal(metrics.find(({ tensor }) => tensor === "loss")?.values?.new.length, 1);
  });

  await t.step("as text", async () => {
    const text = await diff("latest~1", "latest");
    assert.match(text, /\ntrain@baseline +other bits\n {2}param {2}epochs {2}2 > 3\n/);
    assert.match(text, /\n {2}history\.loss +2 > 3 values, last [\d.]+ > [\d.]+\n/);
    assert.match(text, /\n {2}metrics\.loss +[\d.]+ > [\d.]+\n/);
    assert.match(text, /\ntrain@logits +only in the second run: ran\n/);
    assert.match(await diff("latest", "latest"), /same bits 6, other bits 0\n$/);
  });

  await t.step("as a page that runs no script", async () => {
    const path = `${place.folder}/diff.html`;
    await diff("latest~1", "latest", "--html", path);
    const page = Deno.readTextFileSync(path);
    assert.match(page, /<th scope="row">evaluate@baseline\.metrics loss<\/th>/);
    assert.match(page, /train@baseline\.history val_loss/);
    assert.match(page, /<svg/);
    // Of each class by its name, in the order of the data.
    const precision = page.split('<figure class="chart"').find((one) =>
      one.includes("evaluate@baseline.metrics precision")
    );
    const labels = [...(precision ?? "").matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, t]) => t);
    const names = ["disc", "ring", "square", "frame", "triangle", "diamond", "plus", "cross"];
    assert.deepEqual(labels.filter((label) => names.includes(label ?? "")), names);
    assert.doesNotMatch(page, /<script/);
  });
});

Deno.test("what stands in a run record cannot put markup into the page", async () => {
  const evil = '<img src=x onerror="alert(1)">';
  const page = await renderDiff({
    before: evil,
    now: evil,
    summary: evil,
    environment: [{ what: evil, old: evil, new: evil }],
    nodes: [{ node: evil, outcomes: evil, differences: [evil] }],
    metrics: [{ name: evil, old: 1, new: 2 }],
    curves: [
      { name: evil, along: "epoch", names: null, old: [1, 2], new: [2, 3] },
      { name: evil, along: "class", names: [evil, "b"], old: [1, 2], new: [2, 3] },
    ],
    digests: [{ what: evil, old: evil, new: evil }],
  });
  assert.doesNotMatch(page, /<img/);
});
