/** However a task ends, it is told why and what to do, and what was done stays. */
import assert from "node:assert/strict";
import { Store } from "../../pipelines/store/local.ts";
import { listProgress } from "../../pipelines/store/progress.ts";
import { type Holder, parseHolder } from "../../pipelines/store/holder.ts";
import type { SubmissionStanding } from "../../pipelines/submit/standing.ts";
import { digests, Workplace } from "../rig.ts";
import { stageText } from "../run_stages.ts";
import { Cluster, Site, SLURM, until } from "./rig.ts";
import { COUNTS, TAKES, TRAINING, WAITS } from "./stages.ts";

/** Each array with the standings of its tasks. */
function standings({ arrays }: SubmissionStanding): Record<string, string> {
  return Object.fromEntries(
    arrays.map(({ name, tasks }) => [name, tasks.map(({ standing }) => standing).join(" ")]),
  );
}

function whyOf({ arrays }: SubmissionStanding, array: string): string {
  const why = arrays.find(({ name }) => name === array)?.tasks[0]?.why;
  assert.ok(why, `"${array}" failed`);
  return `${why.message}; ${why.help}`;
}

/** Who holds the lock of a stage of this submission, once its log says these words. */
async function holderOf(
  site: Site,
  id: string,
  node: string,
  says: RegExp,
): Promise<Holder & { readonly pid: number }> {
  return await until(`${node} runs`, () => {
    if (!says.test(logOf(site, id, node))) return null;
    for (const { name, isFile } of Deno.readDirSync(`${site.store}/locks`)) {
      if (!isFile) continue;
      const holder = parseHolder(Deno.readTextFileSync(`${site.store}/locks/${name}`));
      if (holder?.run === id && holder.pid !== null) return { ...holder, pid: holder.pid };
    }
    return null;
  });
}

/** Empty where there is none yet. */
function logOf(site: Site, id: string, node: string): string {
  try {
    return Deno.readTextFileSync(`${site.store}/logs/${id}/${node}.log`);
  } catch {
    return "";
  }
}

/** Where the node's runs began to count. */
function begins(site: Site, id: string, node: string): number[] {
  return [...logOf(site, id, node).matchAll(/begins at (\d+)/g)].map(([, at]) => Number(at));
}

async function parentOf(pid: number): Promise<number> {
  // Deno itself reads this file only with the right to everything.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  return Number(/^PPid:\s+(\d+)$/m.exec(new TextDecoder().decode(stdout))?.[1]);
}

/** Writes a config with these stages. */
function configIn(place: Workplace, name: string, ...stages: readonly string[]): string {
  return place.write(
    `configs/${name}.yaml`,
    `stages:\n${stages.map((line) => `  ${line}\n`).join("")}`,
  );
}

/** A stage that counts to so much. */
function count(name: string, value: number, more = ""): string {
  return `${name}: { uses: ./counts.ts, with: { value: ${value} }${more} }`;
}

Deno.test(
  "tasks that are killed, requeued, cancelled, too large or too slow",
  SLURM,
  async (t) => {
    await using cluster = await Cluster.start();
    await using place = await Workplace.copy();
    await using here = await Workplace.here();
    place.write("configs/counts.ts", stageText(COUNTS));
    place.write("configs/takes.ts", stageText(TAKES));
    const site = new Site(cluster, "ends", place.root);
    const outputs = (id: string) =>
      new Store(site.store).readRuns().find((run) => run.id === id)?.nodes.map((node) =>
        node.outputs
      );

    // It hears that its minute is nearly over, some time before; the others run meanwhile.
    const late = await site.submit([
      configIn(place, "late", count("slow", 450, ", resources: { time: 1min }")),
    ]);

    // It hears the same, and cannot save where it stands.
    place.write("configs/waits.ts", stageText(WAITS));
    const stuck = await site.submit([
      configIn(place, "stuck", "stuck: { uses: ./waits.ts, resources: { time: 1min } }"),
    ]);

    await t.step("a stage that is killed fails its task, and blocks what it feeds", async () => {
      const id = await site.submit([
        configIn(
          place,
          "killed",
          count("first", 301),
          count("second", 1, ", inputs: { before: first }, resources: { cpus: 2 }"),
        ),
      ]);
      const { pid, host, slurm } = await holderOf(site, id, "first", /begins/);
      assert.match(`${host} ${slurm}`, /^n[12] \d+_0$/);
      Deno.kill(pid, "SIGKILL");
      const standing = await site.over(id);
      assert.deepEqual(standings(standing), { first: "failed", second: "blocked", "@end": "done" });
      assert.match(
        whyOf(standing, "first"),
        /^first: The stage process was killed by SIGKILL; its own log: \S+first\.log$/,
      );
      const [record] = new Store(site.store).readRuns();
      assert.deepEqual(
        record?.nodes.map(({ node, outcome }) => `${node} ${outcome}`),
        ["first failed", "second blocked"],
      );
    });

    await t.step(
      "a task that is killed is told with the signal, and is done when it is submitted again",
      async () => {
        const file = configIn(place, "task", count("third", 30));
        const id = await site.submit([file]);
        const { pid } = await holderOf(site, id, "third", /begins/);
        Deno.kill(await parentOf(pid), "SIGKILL");
        const standing = await site.over(id);
        assert.match(
          whyOf(standing, "third"),
          /^It was killed by signal 9; where nobody did it, memory/,
        );
        assert.deepEqual(standings(await site.over(await site.submit([file]))), {
          third: "done",
          "@end": "done",
        });
      },
    );

    await t.step(
      "a stage that takes too much memory is told so",
      async () => {
        const id = await site.submit([
          configIn(
            place,
            "memory",
            "takes: { uses: ./takes.ts, with: { value: 900000000 }, resources: { memory: 64MB } }",
          ),
        ]);
        const standing = await site.over(id);
        assert.match(
          whyOf(standing, "takes"),
          /^takes: The stage ran out of memory/,
        );
      },
    );

    await t.step("a node that does not see the store says so", async () => {
      const id = await site.submit([
        configIn(place, "blind", count("unseen", 1, ", resources: { partition: blind }")),
      ]);
      const standing = await site.over(id);
      assert.match(
        whyOf(standing, "unseen"),
        /^The node n3 could not write its log: it does not see the store; put the store/,
      );
    });

    await t.step(
      "a training that is requeued goes on from its checkpoint, to the same bits",
      async () => {
        const file = configIn(place, "training", ...TRAINING);
        const site = new Site(cluster, "training", place.root);
        const id = await site.submit([file]);
        const slurm = await until("there is a checkpoint", async () => {
          if (!listProgress(site.store).some(({ bytes }) => bytes > 0)) return null;
          return (await holderOf(site, id, "train", /./)).slurm;
        });
        await cluster.again(slurm);
        assert.deepEqual(standings(await site.over(id)), { shapes: "done", "@end": "done" });
        assert.match(logOf(site, id, "train"), /Goes on from step \d+/);
        await here.run([file]);
        assert.deepEqual(digests(site.store), digests(here.store));
      },
    );

    await t.step("cancel ends what runs and what waits, and keeps where it stands", async () => {
      const file = configIn(
        place,
        "cancelled",
        count("ended", 1000),
        count("never", 1, ", inputs: { before: ended }, resources: { cpus: 2 }"),
      );
      const id = await site.submit([file]);
      await holderOf(site, id, "ended", /begins/);
      const { code, stdout } = await site.do(["cancel", id]);
      assert.equal(code, 0);
      assert.match(stdout, /^cancelled \S+: what is done stays/);
      assert.deepEqual(standings(await site.over(id)), {
        ended: "cancelled",
        never: "cancelled",
        "@end": "cancelled",
      });
    });

    await t.step("a task whose time is over goes on in a new job, to the same result", async () => {
      const job = (await site.status(late)).arrays[0]?.job ?? "";
      await until("it was told", async () => {
        await cluster.hurry(`${job}_0`);
        return begins(site, late, "slow").length > 1 || null;
      });
      const standing = await until("it is over", async () => {
        await cluster.hurry(`${job}_0`);
        const standing = await site.status(late);
        return standing.isOver ? standing : null;
      });
      assert.deepEqual(standings(standing), { slow: "done", "@end": "done" });
      const [first, second = 0] = begins(site, late, "slow");
      assert.equal(first, 0);
      assert.ok(second > 0);
      // What a stage that does not count makes of the same.
      place.write("configs/plain.ts", stageText(""));
      const plain = configIn(place, "plain", "slow: { uses: ./plain.ts, with: { value: 450 } }");
      const run = await site.over(await site.submit([plain]));
      assert.deepEqual(outputs(late), outputs(run.submission.id));
    });

    await t.step("one that did nothing in its time is not begun again", async () => {
      assert.match(
        whyOf(await site.over(stuck), "stuck"),
        /^Its time was over before it had come further; /,
      );
    });
  },
);

Deno.test("nodes that fail, and nodes that take no jobs", SLURM, async (t) => {
  await using cluster = await Cluster.start();
  await using place = await Workplace.copy();
  place.write("configs/counts.ts", stageText(COUNTS));
  const site = new Site(cluster, "nodes", place.root);

  await t.step("what ran on a node that fails runs on another one", async () => {
    const id = await site.submit([configIn(place, "node", count("moved", 100))]);
    const { host, slurm } = await holderOf(site, id, "moved", /begins/);
    await cluster.slurm("scontrol", ["update", `nodename=${host}`, "state=down", "reason=test"]);
    const again = await until("it runs elsewhere", async () => {
      await cluster.hurry(slurm ?? "");
      if (begins(site, id, "moved").length < 2) return null;
      return await holderOf(site, id, "moved", /./);
    });
    assert.notEqual(again.host, host);
    await cluster.slurm("scontrol", ["update", `nodename=${host}`, "state=resume"]);
    assert.deepEqual(standings(await site.over(id)), { moved: "done", "@end": "done" });
    assert.ok((begins(site, id, "moved")[1] ?? 0) > 0, "it goes on");
  });

  await t.step(
    "where no node takes jobs a task waits with the reason, until one does",
    async () => {
      await cluster.slurm("scontrol", [
        "update",
        "nodename=n[1-2]",
        "state=drain",
        "reason=test",
      ]);
      const id = await site.submit([configIn(place, "drained", count("waits", 1))]);
      const waits = await until(
        "there is a reason",
        async () => (await site.status(id)).arrays[0]?.tasks[0]?.waits ?? null,
      );
      assert.match(waits, /ReqNodeNotAvail|Nodes|Partition/);
      await cluster.slurm("scontrol", ["update", "nodename=n[1-2]", "state=resume"]);
      assert.deepEqual(standings(await site.over(id)), { waits: "done", "@end": "done" });
    },
  );
});
