/** Two hosts that make the same: the second waits for the first, also where no lock keeps it out. */
import assert from "node:assert/strict";
import { holderLine } from "../../pipelines/store/holder.ts";
import { Store } from "../../pipelines/store/local.ts";
import { mark } from "../../pipelines/store/marker.ts";
import { outcomes, Workplace } from "../rig.ts";
import { CONFIG, own } from "../run_stages.ts";
import { Cluster, Site, SLURM, until } from "./rig.ts";

Deno.test(
  "a lock that names a running job of another host is waited for, and one of a job that is gone is not",
  SLURM,
  async () => {
    await using cluster = await Cluster.start();
    await using place = await Workplace.copy();
    own(place, "");
    await place.run([CONFIG]);
    const key = new Store(place.store).readRuns()[0]?.nodes[0]?.key;
    assert.ok(key);
    const site = new Site(cluster, "locks", place.root);
    // A job that says nothing to the lock itself, as from a host whose locks are not seen here.
    const sleep = site.write("sleep.sh", "#!/bin/sh\nsleep 600\n");
    const job = (await cluster.slurm("sbatch", ["--parsable", "--output=none", sleep])).trim();
    const line = holderLine({ run: "other", host: "n1", slurm: job, engine: 1, pid: 2 });
    const store = new Store(site.store);
    mark(site.store);
    Deno.mkdirSync(`${site.store}/locks`, { recursive: true });
    Deno.writeTextFileSync(store.lockPath(key), line);
    await until(
      "it runs",
      async () =>
        /RUNNING/.test(await cluster.slurm("squeue", ["--noheader", "--format=%T"])) || null,
    );

    const lines: string[] = [];
    const run = site.do(["run", CONFIG, "--json"], {
      onLine: (text) => void lines.push(text),
    });
    await until(
      "it waits",
      () => lines.some((text) => text.includes(`Waits for job ${job} on n1`)) || null,
    );
    assert.equal(Deno.readTextFileSync(store.lockPath(key)), line);
    await cluster.slurm("scancel", [job]);
    const { code, stdout } = await run;
    assert.equal(code, 0);
    const events = stdout.trimEnd().split("\n").map((text) => JSON.parse(text));
    assert.deepEqual(outcomes(events), { ran: ["one"] });
    // It has ended, so that nobody has to ask.
    assert.throws(() => Deno.statSync(store.lockPath(key)), Deno.errors.NotFound);

    // Of a job that is gone nothing is waited for.
    Deno.writeTextFileSync(store.lockPath(key), line);
    const again = await site.do(["run", CONFIG, "--force", "one", "--json"]);
    assert.equal(again.code, 0);
    assert.doesNotMatch(again.stdout, /Waits for/);
  },
);
