/** A config on a cluster comes to the bits of a run on this machine, and nobody has to watch it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Store } from "../../pipelines/store/local.ts";
import { digests, isThere, TINY, Workplace } from "../rig.ts";
import { stageText } from "../run_stages.ts";
import { Cluster, Site, SLURM, until } from "./rig.ts";
import { COUNTS } from "./stages.ts";

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
    for (const folder of ["models", "kernels"]) {
      await Deno.remove(join(place.root, folder), { recursive: true });
    }
    const gc = await site.do(["gc", "--keep-runs", "1"]);
    assert.match(gc.stderr, /^error: (?:The submission \S+ is not over|A run is in progress)/);
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
    assert.ok(isThere(join(site.reports, "_tests/configs/tiny.html")));
    assert.equal((await site.do(["gc", "--keep-runs", "1"])).code, 0);
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

Deno.test(
  "run --executor slurm submits and watches; Ctrl-C ends the watching alone",
  SLURM,
  async () => {
    await using cluster = await Cluster.start();
    await using place = await Workplace.copy();
    place.write("configs/counts.ts", stageText(COUNTS));
    const config = (value: number) =>
      place.write(
        "configs/counts.yaml",
        `stages:\n  one: { uses: ./counts.ts, with: { value: ${value} } }\n`,
      );
    const site = new Site(cluster, "watched", place.root);
    const done = await site.do(["run", config(10), "--executor", "slurm"]);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /^submitted \S+: 1 node in 1 task of 1 array\n/);
    assert.match(done.stdout, /it is over\narray .*\none +\d+ +1 +1\npage +\d+ +1 +1\n/);

    let process: Deno.ChildProcess | undefined;
    const left = await site.do(["run", config(60), "--executor", "slurm"], {
      onStart: (started) => process = started,
      onLine: (line) => {
        if (line.startsWith("one ")) process?.kill("SIGINT");
      },
    });
    assert.equal(left.code, 130);
    assert.match(left.stdout, / goes on: `deno task watch \S+` follows it again, /);
    const watched = await site.do(["watch"]);
    assert.equal(watched.code, 0);
    // All of it is there now: nothing is submitted, and the run is one of hits.
    const again = await site.do(["run", config(60), "--executor", "slurm"]);
    assert.equal(again.code, 0);
    assert.match(again.stdout, /^All results are there/);
    const refused = await site.do(["run", config(60), "--executor", "slurm", "--frozen"]);
    assert.match(refused.stderr, /^error: --frozen and --executor slurm do not go together/);
    const unknown = await site.do(["run", config(60), "--executor", "slrum"]);
    assert.match(
      unknown.stderr,
      /^error: There is no executor "slrum"\n {2}help: Did you mean "slurm"\?/,
    );
  },
);
