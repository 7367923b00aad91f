/** Published pages: what a run writes into the slot that the artifact leaves free. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Lineage } from "../pipelines/report/lineage.ts";
import { TINY, Workplace } from "./rig.ts";

Deno.test("a page knows what its nodes were asked and what feeds them, each set of params once", async () => {
  await using place = await Workplace.here();
  await place.run([TINY, "--set", "train.epochs=1"]);
  const [page = ""] = [...Deno.readDirSync(place.reports)].map(({ name }) => name);
  const text = Deno.readTextFileSync(join(place.reports, page));
  const slot = /id="crisol-lineage">(.*)<\/script>/.exec(text)?.[1] ?? "null";
  const { nodes, settings = [] }: Lineage = JSON.parse(slot);
  const of = (name: string) => {
    const node = nodes.find(({ node }) => node === name);
    return { params: settings[node?.settings ?? -1], feeds: node?.feeds };
  };
  const { params, feeds } = of("train@baseline");
  assert.equal((params as { epochs: number }).epochs, 1); // as train declares it
  assert.deepEqual(feeds, { train: ["preprocess.train"], validation: ["preprocess.validation"] });
  assert.deepEqual(of("train@augmented").feeds?.["train"], [
    "augment@pass=0.images",
    "augment@pass=1.images",
  ]);
  // Those of the evaluations are equal.
  const evaluations = nodes.filter(({ node }) => node.startsWith("evaluate@"));
  assert.deepEqual(new Set(evaluations.map((one) => one.settings)).size, 1);
  assert.equal(new Set(settings.map((one) => JSON.stringify(one))).size, settings.length);
});
