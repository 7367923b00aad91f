/** Sweeps on a cluster: the trials and their ranking are those of a sweep on this machine. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { SweepData } from "../../pipelines/report/sweep_data.ts";
import { isThere, Workplace } from "../rig.ts";
import { ranking, runSweep, stateOf, writeSweep } from "../sweep_rig.ts";
import { Cluster, Site, SLURM } from "./rig.ts";

/** The ranking, and the winner's config without where its stages lie from there. */
function ranked(data: SweepData): unknown {
  return JSON.parse(JSON.stringify(ranking(data)).replaceAll(/uses: [./\w-]*\/sweep\//g, "uses: "));
}

function state(site: Site): SweepData {
  const text = Deno.readTextFileSync(join(site.store, "sweeps", "_sweep", "tuning", "state.json"));
  return JSON.parse(text) as SweepData; // written by the last job
}

Deno.test(
  "sixty trials on a cluster are ranked as on one machine, and are not tried again",
  SLURM,
  async () => {
    await using cluster = await Cluster.start();
    await using place = await Workplace.copy();
    const sweep = writeSweep(place, {
      strategy: "random",
      budget: "{ trials: 60 }",
      replicates: "1",
    });
    const site = new Site(cluster, "sixty", place.root);
    const id = await site.submit([sweep, "-j", "6"]);
    // What is edited after that is none of it.
    place.edit("sweep/work.ts", "0.3", "0.7");
    place.edit("sweep/base.yaml", "seed: 1", "seed: 2");
    const standing = await site.over(id);
    const names = standing.arrays.map(({ name, tasks }) => `${name} ${tasks.length}`);
    assert.deepEqual(names, ["data 1", "work 1", "@trials-1 60", "@end 1"]);
    assert.ok(standing.arrays.every(({ tasks }) => tasks.every((one) => one.standing === "done")));
    assert.ok(isThere(join(site.reports, "sweeps", "_sweep", "tuning.html")));
    // The winner's config names the project's own stages, not those of the copy that ran.
    const winner = Deno.readTextFileSync(
      join(site.reports, "sweeps", "_sweep", "tuning-winner.yaml"),
    );
    const [, work = ""] = /uses: (\S+\/work\.ts)/.exec(winner) ?? [];
    assert.equal(
      join(site.reports, "sweeps", "_sweep", work),
      join(place.root, "sweep", "work.ts"),
    );
    place.edit("sweep/work.ts", "0.7", "0.3");
    place.edit("sweep/base.yaml", "seed: 2", "seed: 1");
    const again = await site.do(["submit", sweep]);
    assert.equal(again.stdout, "All results are there: nothing is submitted\n", again.stderr);
    await runSweep(place, [sweep]);
    assert.deepEqual(ranked(state(site)), ranked(stateOf(place)));
  },
);

Deno.test(
  "the rungs of halving are arrays that follow each other, and a trial that fails goes on to none",
  SLURM,
  async () => {
    await using cluster = await Cluster.start();
    await using place = await Workplace.copy();
    const sweep = writeSweep(place, {
      space: "{ x: { float: [0, 1] }, y: { int: [1, 10] }, kind: [plain, plain2, bad] }"
        .replace("plain2, ", ""),
      strategy: "{ type: halving, eta: 3, rungs: [1, 3, 9], of: work.epochs }",
      budget: "{ trials: 9 }",
      seed: "2",
    });
    const site = new Site(cluster, "halving", place.root);
    const standing = await site.over(await site.submit([sweep]));
    const names = standing.arrays.map(({ name, tasks }) => `${name} ${tasks.length}`);
    assert.deepEqual(names, [
      "data 1",
      "work 1",
      "@trials-1 9",
      "@trials-2 3",
      "@trials-3 1",
      "@end 1",
    ]);
    await runSweep(place, [sweep]);
    assert.deepEqual(ranked(state(site)), ranked(stateOf(place)));
    const failed = state(site).trials.filter((one) => one.state === "failed").length;
    assert.ok(failed > 0 && failed < 9);
    const told = standing.arrays[2]?.tasks.filter((one) => one.standing === "failed") ?? [];
    assert.equal(told.length, failed);
    assert.match(told[0]?.why?.message ?? "", /^work@trial=[\d.]+: This kind is bad$/);
  },
);
