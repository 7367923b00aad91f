/** A cluster that takes fewer tasks than it says: they do more each, until it takes them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { namesIn } from "../../pipelines/store/files.ts";
import { Workplace } from "../rig.ts";
import { STAGE, stageText } from "../run_stages.ts";

/** Slurm's commands with a quality of service that takes `most` tasks of a user, all arrays together. */
function programs(place: Workplace, most: number): Record<string, string> {
  const bin = join(place.folder, "bin"), state = join(place.folder, "submitted");
  Deno.writeTextFileSync(state, "");
  const write = (name: string, text: string) => {
    Deno.mkdirSync(bin, { recursive: true });
    Deno.writeTextFileSync(join(bin, name), `#!/bin/sh\n${text}`, { mode: 0o755 });
  };
  write("scontrol", 'echo "MaxArraySize            = 1001"\n');
  write("scancel", `: > "${state}"\n`);
  // A line of the state is an array: how many tasks it has.
  write(
    "sbatch",
    `for word; do case $word in --array=0-*) last=\${word#--array=0-}; esac; done
sum=$((\${last%%%*} + 1))
while read -r tasks; do sum=$((sum + tasks)); done < "${state}"
if [ $sum -gt ${most} ]; then
  echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2
  echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)" >&2
  exit 1
fi
echo $((\${last%%%*} + 1)) >> "${state}"
echo $((100 + sum))
`,
  );
  return { PATH: `${bin}:${Deno.env.get("PATH") ?? ""}` };
}

const CELLS = `stages:
  one: { uses: ./own.ts, matrix: { value: [1, 2, 3, 4, 5, 6, 7, 8, 9] } }
  two: { uses: ./own.ts, inputs: { before: one }, resources: { cpus: 2 } }
`;

Deno.test("where a QOS takes fewer tasks they do several cells, and what it does not take leaves nothing", async () => {
  await using place = await Workplace.copy();
  place.write(STAGE, stageText(""));
  const config = place.write("configs/many.yaml", CELLS);
  const env = programs(place, 9);
  const { code, stdout, stderr } = await place.do(["submit", config], { env });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^submitted \S+: 18 nodes in 6 tasks of 2 arrays$/m);
  assert.match(
    stdout,
    /^ {2}the cluster does not take 18 tasks from you now: some do several cells$/m,
  );
  // Three tasks of three cells each, twice, and the one that publishes.
  const tasks = Deno.readTextFileSync(join(place.folder, "submitted")).trim().split("\n");
  assert.deepEqual(tasks, ["3", "3", "1"]);
  const refused = await place.do(["submit", config], { env: programs(place, 2) });
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /^error: The cluster does not take so many jobs, or so much at once/,
  );
  assert.equal(namesIn(join(place.store, "submissions")).length, 1);
});

Deno.test("an array has no more tasks than the config says", async () => {
  await using place = await Workplace.copy();
  place.write(STAGE, stageText(""));
  const config = place.write(
    "configs/many.yaml",
    `resources: { tasks: 4, memoryPer: cpu }\n${CELLS}`,
  );
  const { stdout, stderr } = await place.do(["submit", config, "--dry-run"], {
    env: programs(place, 1000),
  });
  const arrays = stdout.trim().split("\n").map((line) => /--array=0-(\d+)/.exec(line)?.[1]);
  assert.deepEqual(arrays, ["2", "2", "0"], stderr);
  assert.match(stdout, /--cpus-per-task=2 --mem-per-cpu=768M/);
  assert.doesNotMatch(stdout, /--mem=/);
});
