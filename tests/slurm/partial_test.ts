/** One task that fails does not cost the page of what the others have made. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Store } from "../../pipelines/store/local.ts";
import { isThere, Workplace } from "../rig.ts";
import { gatherText, stageText } from "../run_stages.ts";
import { Cluster, Site, SLURM } from "./rig.ts";

Deno.test(
  "what can do with less runs on what there is, and publishes a page of its own",
  SLURM,
  async () => {
    await using cluster = await Cluster.start();
    await using place = await Workplace.copy();
    place.write(
      "configs/own.ts",
      stageText('if (params.text === "fail") throw new Error("Asked to fail");'),
    );
    place.write("configs/gather.ts", gatherText("partial: true"));
    const config = (text: string) =>
      place.write(
        "configs/part.yaml",
        `stages:
  other: { uses: ./own.ts, with: { value: 9 } }
  make: { uses: ./own.ts, variants: { a: {}, b: { with: { value: 2, text: ${text} } } } }
  next: { uses: ./own.ts, inputs: { before: make }, resources: { cpus: 2 } }
  page: { uses: ./gather.ts, inputs: { all: next, also: make, one: other } }
`,
      );
    const site = new Site(cluster, "part", place.root);
    const { arrays } = await site.over(await site.submit([config("fail")]));
    assert.deepEqual(
      arrays.map(({ name, tasks }) =>
        `${name}: ${tasks.map(({ standing }) => standing).join(" ")}`
      ),
      ["other: done", "make: done failed", "next: done blocked", "page: done", "@end: done"],
    );
    // Behind the policy that is put before it.
    const page = (name: string) =>
      Deno.readTextFileSync(join(site.reports, name)).replace(/^<!doctype.*\n/, "").split("<")[0];
    assert.equal(page("part.partial.html"), "all: a; also: a");
    assert.ok(!isThere(join(site.reports, "part.html")));
    assert.ok(!isThere(join(place.root, "configs/part.lock.yaml")));
    const [record] = new Store(site.store).readRuns();
    const missing = record?.nodes.find(({ node }) => node === "page")?.missing;
    assert.deepEqual(missing, ["next@b", "make@b"]);
    assert.equal(record?.nodes.filter(({ outcome }) => outcome === "failed").length, 1);
    // Mended, what is missing is done, and the page is a whole one.
    await site.over(await site.submit([config("fine")]));
    assert.equal(page("part.html"), "all: a b; also: a b");
  },
);
