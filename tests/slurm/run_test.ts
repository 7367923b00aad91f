/** A config on a cluster comes to the bits of a run on this machine, and nobody has to watch it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Store } from "../../pipelines/store/local.ts";
import { digests, isThere, TINY, Workplace } from "../rig.ts";
import { Cluster, Site, SLURM, until } from "./rig.ts";

Deno.test(
  "what is submitted comes to the bits of a local run, with its page and its record, and nobody watches",
  SLURM,
  async () => {
    await using cluster = await Cluster.start();
    await using place = await Workplace.copy();
    await Deno.remove(join(place.root, "tests/configs/tiny.lock.yaml"));
    const site = new Site(cluster, "tiny", place.root);
    const id = await site.submit([TINY]);
    // An edit after that is none of what was submitted.
    place.edit("stages/shapes.ts", "run(", "run (");
    place.edit(TINY, 'title: "Tiny"', "title: Other");
    await until(
      "the queue is empty",
      async () => (await cluster.slurm("squeue", ["--noheader"])) === "" || null,
    );
    const [record] = new Store(site.store).readRuns();
    assert.ok(record);
    assert.equal(record.id, id);
    assert.deepEqual(
      new Set(record.nodes.map(({ outcome }) => outcome)),
      new Set(["ran"]),
    );
    assert.ok(isThere(join(site.reports, "tiny.html")));
    assert.ok(isThere(join(place.root, "tests/configs/tiny.lock.yaml")));

    await using here = await Workplace.here();
    await here.run([TINY]);
    assert.deepEqual(digests(site.store), digests(here.store));

    const { isOver, arrays } = await site.status(id);
    assert.ok(isOver);
    const names = arrays.map(({ name, tasks }) => `${name} ${tasks.length}`);
    // What follows another stage cell by cell is done by the same tasks.
    assert.deepEqual(names, ["shapes 1", "augment 2", "train 3", "report 1", "@end 1"]);
  },
);
