/** Many short stages: an array at first, few tasks once it is known that they are short. */
import assert from "node:assert/strict";
import { digests, Workplace } from "../rig.ts";
import { STAGE, stageText } from "../run_stages.ts";
import { Cluster, Site, SLURM } from "./rig.ts";

const CELLS = 12;

function config(from: number): string {
  const values = Array.from({ length: CELLS }, (_, index) => from + index);
  return `stages:\n  one: { uses: ./own.ts, matrix: { value: [${values.join(", ")}] } }\n`;
}

Deno.test(
  "a dozen cells are a dozen tasks, few at once; when they are known to be short, one",
  SLURM,
  async () => {
    await using cluster = await Cluster.start();
    await using place = await Workplace.copy();
    place.write(STAGE, stageText(""));
    const many = place.write("configs/many.yaml", config(0));
    const site = new Site(cluster, "many", place.root);
    const shown = await site.do(["submit", many, "-j", "6", "--dry-run"]);
    assert.match(shown.stdout, /--array=0-11%6 /);
    const first = await site.over(await site.submit([many, "-j", "6"]));
    assert.deepEqual(first.arrays.map(({ tasks }) => tasks.length), [CELLS, 1]);
    assert.ok(first.arrays[0]?.tasks.every(({ standing }) => standing === "done"));
    await place.run([many]);
    assert.deepEqual(digests(site.store), digests(place.store));

    // All others than before, of the same stage.
    place.write("configs/many.yaml", config(6));
    const second = await site.over(await site.submit([many]));
    assert.deepEqual(second.arrays.map(({ tasks }) => tasks.length), [1, 1]);
    const again = await site.do(["submit", many]);
    assert.equal(again.stdout, "All results are there: nothing is submitted\n");
  },
);
