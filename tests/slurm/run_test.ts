/** A config on a cluster comes to the bits of a run on this machine, and nobody has to watch it. */
import assert from "node:assert/strict";
import { digests, TINY, Workplace } from "../rig.ts";
import { Cluster, Site, SLURM } from "./rig.ts";

Deno.test(
  "what is submitted comes to the bits of a local run, and is not submitted twice",
  SLURM,
  async () => {
    await using cluster = await Cluster.start();
    await using place = await Workplace.here();
    const site = new Site(cluster, "tiny");
    const id = await site.submit([TINY]);
    const { arrays } = await site.over(id);
    console.log(
      JSON.stringify(arrays, null, 1).slice(0, 6000),
      (await site.do(["status", id])).stdout,
    );
    await place.run([TINY]);
    assert.deepEqual(digests(site.store), digests(place.store));
    const again = await site.do(["submit", TINY]);
    assert.equal(again.stdout, "All results are there: nothing is submitted\n");
  },
);
