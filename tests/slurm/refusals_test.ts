/** What a cluster refuses is told in the user's words, and nothing of it is left. */
import assert from "node:assert/strict";
import { namesIn } from "../../pipelines/store/files.ts";
import { Workplace } from "../rig.ts";
import { STAGE, stageText } from "../run_stages.ts";
import { writeSweep } from "../sweep_rig.ts";
import { Cluster, Site, SLURM, until } from "./rig.ts";

Deno.test(
  "what a cluster refuses is named, with what to do, and nothing stays in its queue",
  SLURM,
  async () => {
    await using cluster = await Cluster.start();
    await using place = await Workplace.copy();
    place.write(STAGE, stageText(""));
    const site = new Site(cluster, "refused", place.root);
    const refused = async (resources: string, env: Record<string, string> = {}) => {
      const file = place.write(
        "configs/refused.yaml",
        "stages:\n  first: { uses: ./own.ts }\n" +
          `  second: { uses: ./own.ts, inputs: { before: first }, resources: { ${resources} } }\n`,
      );
      const { code, stderr, stdout } = await site.do(["submit", file], { env });
      assert.deepEqual([code, stdout], [1, ""], stderr);
      // The first array was taken before the second was refused.
      await until(
        "the queue is empty",
        async () => (await cluster.slurm("squeue", ["--noheader"])) === "" || null,
      );
      assert.deepEqual(namesIn(`${site.store}/submissions`), []);
      return stderr.trimEnd();
    };
    // Where nobody listens.
    const silent = site.write(
      "silent.conf",
      Deno.readTextFileSync(cluster.config).replace(/^SlurmctldPort=.*$/m, "SlurmctldPort=1"),
    );
    assert.equal(
      await refused("partition: nowhere"),
      'error: The cluster has no such partition: sbatch said "invalid partition specified: nowhere; ' +
        'Batch job submission failed: Invalid partition name specified"\n' +
        "  help: `sinfo -s` lists them; name one by `resources: { partition }`",
    );
    assert.match(
      await refused("memory: 500GB"),
      /^error: No node .*asked for: sbatch said "Memory spec/,
    );
    assert.match(
      await refused("gpus: 2"),
      /^error: No node of the cluster has what is asked for: /,
    );
    assert.match(
      await refused('sbatch: ["--nonsense=1"]'),
      /^error: sbatch does not know an option: /,
    );
    assert.match(
      await refused("cpus: 1", { PATH: "/nowhere" }),
      /^error: There is no program "scontrol" here\n {2}help: submit on a login node/,
    );
    assert.match(
      await refused("cpus: 1", { SLURM_CONF: silent }),
      /^error: Slurm's controller does not answer: scontrol said /,
    );
  },
);

Deno.test("what was never submitted cannot be asked for", SLURM, async () => {
  await using place = await Workplace.here();
  for (const name of ["status", "watch", "cancel"]) {
    const { code, stderr } = await place.do([name]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: Nothing was submitted yet\n {2}help: `deno task submit CONFIG`/);
  }
});

Deno.test("a sweep that its tasks could not decide alike, or not copy, is not submitted", async () => {
  await using place = await Workplace.copy();
  const refused = async (path: string) => (await place.do(["submit", path])).stderr;
  await using outside = await Workplace.here();
  assert.match(
    (await outside.do(["submit", writeSweep(outside)])).stderr,
    /^error: "\S+tuning\.yaml" lies outside of the project, of which a copy is submitted\n {2}help: /,
  );
  const sweep = place.write(
    "configs/tuning.yaml",
    "base: ../tests/configs/tiny.yaml\nstage: train@logits\nspace: { batchSize: [16, 32] }\n" +
      "strategy: grid\nasynchronous: true\n",
  );
  assert.match(
    await refused(sweep),
    /^error: A sweep with `asynchronous: true` cannot be submitted/,
  );
  const part = await place.do(["submit", sweep, "train"]);
  assert.match(part.stderr, /^error: A sweep takes no nodes, and no --force/);
});
