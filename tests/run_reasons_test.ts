/** Why a node is not a hit: each reason with what it says, before a run and in it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { MissReason, NodeStatus } from "../pipelines/plan/plan.ts";
import { outcomes, Workplace } from "./rig.ts";
import { STAGE, stageText } from "./run_stages.ts";

const CONFIG = "configs/chain.yaml";
const YAML = `
stages:
  first:
    uses: ./own.ts
  second:
    uses: ./own.ts
    inputs: { before: first }
  drawn:
    uses: ./drawn.ts
  third:
    uses: ./own.ts
    with: { text: third }
    inputs: { before: second }
`;
const DRAWN = stageText(
  "numbers[0] = (arguments[0] as { seed: number }).seed;",
  "random: true,",
).replace('name: "own"', 'name: "drawn"');
const ALL = ["first", "second", "drawn", "third"];

async function chain(): Promise<Workplace> {
  const place = await Workplace.copy();
  place.write(STAGE, stageText(""));
  place.write("configs/drawn.ts", DRAWN);
  place.write(CONFIG, YAML);
  return place;
}

/** What a dry run says, by node: "hit", the reason of a miss, or who may change it. */
async function planned(place: Workplace, ...words: string[]) {
  const result = await place.do(["plan", CONFIG, "--json", ...words]);
  assert.equal(result.code, 0, result.stderr);
  const found: Record<string, MissReason | string> = {};
  for (const line of result.stdout.trim().split("\n")) {
    const status: NodeStatus & { node: string } = JSON.parse(line);
    found[status.node] = status.type === "miss"
      ? status.reason
      : status.type === "hit"
      ? "hit"
      : `waits for ${status.for}`;
  }
  return found;
}

const HITS = Object.fromEntries(ALL.map((node) => [node, "hit"]));

Deno.test("each reason for which a node is not a hit is told with what changed", async (t) => {
  await using place = await chain();

  await t.step("nothing has ever run: the rest waits for what is before it", async () => {
    assert.deepEqual(await planned(place), {
      first: { type: "never-run" },
      second: "waits for first",
      drawn: { type: "never-run" },
      third: "waits for second",
    });
    assert.deepEqual(Object.keys(outcomes(await place.run([CONFIG]))), ["ran"]);
    assert.deepEqual(await planned(place), HITS);
  });

  await t.step("a param: where, what it was, what it is, and how many more", async () => {
    const changed = await planned(place, "--set", "first.value=5", "--set", "third.text=x");
    assert.deepEqual(changed, {
      ...HITS,
      first: { type: "params", path: "value", old: "1", new: "5", more: 0 },
      second: "waits for first",
      third: "waits for second",
    });
    const more = await planned(place, "--set", "third.value=5", "--set", "third.text=x");
    assert.deepEqual(more, {
      ...HITS,
      third: { type: "params", path: "value", old: "1", new: "5", more: 1 },
    });
  });

  await t.step("a default that is written out is no change", async () => {
    assert.deepEqual(await planned(place, "--set", "first.value=1"), HITS);
  });

  await t.step("a seed, of those stages alone that are random", async () => {
    place.edit(CONFIG, "stages:", "seed: 7\nstages:");
    assert.deepEqual(await planned(place), { ...HITS, drawn: { type: "seed", old: 1, new: 7 } });
    place.write(CONFIG, YAML);
  });

  await t.step("force, of a stage or a node; what follows waits", async () => {
    assert.deepEqual(await planned(place, "--force", "second"), {
      ...HITS,
      second: { type: "forced" },
      third: "waits for second",
    });
    const ran = outcomes(await place.run([CONFIG, "--force", "second"]));
    assert.deepEqual(ran, { ran: ["second"], hit: ["first", "drawn", "third"] });
  });

  await t.step("cache: false runs each time", async () => {
    place.edit(CONFIG, "  second:\n", "  second:\n    cache: false\n");
    assert.deepEqual(await planned(place), {
      ...HITS,
      second: { type: "not-cached" },
      third: "waits for second",
    });
    place.write(CONFIG, YAML);
  });

  await t.step("an input: which, and who gave it", async () => {
    const events = await place.run([CONFIG, "--set", "first.value=5"]);
    const reasons = Object.fromEntries(
      events.flatMap((event) => event.type === "node-started" ? [[event.node, event.reason]] : []),
    );
    // The second writes the same as ever, so that the third is a hit.
    assert.deepEqual(reasons, {
      first: { type: "params", path: "value", old: "1", new: "5", more: 0 },
      second: { type: "input", input: "before", node: "first" },
    });
    // Now those runs are the last ones, and the earlier results are still hits.
    assert.deepEqual(await planned(place), HITS);
    await place.run([CONFIG]);
  });

  await t.step("code: which module, and how many more", async () => {
    place.write("configs/helper.ts", "export const extra = 1;\n");
    place.write(
      "configs/drawn.ts",
      `import { extra } from "./helper.ts";\n${DRAWN}`.replace("[0] =", "[0] = extra *"),
    );
    assert.deepEqual(await planned(place), {
      ...HITS,
      drawn: { type: "code", module: "configs/drawn.ts", more: 1 },
    });
    assert.deepEqual(outcomes(await place.run([CONFIG]))["ran"], ["drawn"]);
    place.edit("configs/helper.ts", "1", "2");
    assert.deepEqual(await planned(place), {
      ...HITS,
      drawn: { type: "code", module: "configs/helper.ts", more: 0 },
    });
    // Back to what it was: known still.
    place.edit("configs/helper.ts", "2", "1");
    assert.deepEqual(await planned(place), HITS);
  });

  await t.step("a stage whose version is given is not asked for its code", async () => {
    place.edit(CONFIG, "uses: ./drawn.ts", "uses: ./drawn.ts\n    version: 1");
    assert.deepEqual(await planned(place), {
      ...HITS,
      drawn: { type: "version", old: "none", new: "1" },
    });
    await place.run([CONFIG]);
    place.edit(
      "configs/drawn.ts",
      "Float64Array.of(params.value, 2, 3)",
      "Float64Array.of(4, 5, 6)",
    );
    assert.deepEqual(await planned(place), HITS);
    place.edit(CONFIG, "version: 1", "version: 2");
    assert.deepEqual(await planned(place), {
      ...HITS,
      drawn: { type: "version", old: "1", new: "2" },
    });
    place.write("configs/drawn.ts", DRAWN);
    place.edit(CONFIG, "\n    version: 2", "");
    await place.run([CONFIG]);
  });

  await t.step("a package: which, and both versions", async () => {
    // Packages of ours need two versions of this one, so that they are there.
    const locked = JSON.parse(Deno.readTextFileSync(join(place.root, "deno.lock")));
    const [old = "", next = ""] = Object.keys(locked.npm)
      .flatMap((key) => /^long@(.*)/.exec(key)?.[1] ?? []).sort();
    const use = (version: string) => {
      const config = JSON.parse(Deno.readTextFileSync(join(place.root, "deno.json")));
      config.imports.long = `npm:long@${version}`;
      place.write("deno.json", JSON.stringify(config));
      const lock = JSON.parse(Deno.readTextFileSync(join(place.root, "deno.lock")));
      const others = lock.workspace.dependencies.filter((one: string) => !one.includes(":long@"));
      lock.workspace.dependencies = [...others, `npm:long@${version}`].sort();
      lock.specifiers[`npm:long@${version}`] = version;
      place.write("deno.lock", JSON.stringify(lock));
    };
    use(old);
    assert.deepEqual(await planned(place), HITS, "a package that no stage imports changes nothing");
    place.write(
      "configs/drawn.ts",
      `import * as long from "long";\n${DRAWN}`.replace(
        "[0] =",
        "[0] = (long as object) === null ? 0 :",
      ),
    );
    await place.run([CONFIG]);
    use(next);
    assert.deepEqual(await planned(place), {
      ...HITS,
      drawn: { type: "package", package: "long", old, new: next },
    });
    assert.deepEqual(outcomes(await place.run([CONFIG]))["ran"], ["drawn"]);
  });
});

Deno.test("a plan that was kept is the one that is made anew, and an edit of any of its files ends it", async () => {
  await using place = await chain();
  const kept = () => {
    const folder = join(place.store, "cache", "plans");
    const texts = [...Deno.readDirSync(folder)].map(({ name }) =>
      Deno.readTextFileSync(join(folder, name))
    );
    assert.equal(texts.length, 1);
    // The first line is the sum of the rest.
    return (texts[0] ?? "").split("\n").slice(1).join("\n");
  };
  await planned(place);
  const first = kept();
  await place.run([CONFIG]);
  assert.equal(kept(), first, "a run takes the plan that is there");
  Deno.removeSync(join(place.store, "cache"), { recursive: true });
  assert.deepEqual(await planned(place), HITS);
  assert.deepEqual(JSON.parse(kept()), JSON.parse(first));
  for (const path of ["configs/own.ts", "deno.json", "pipelines/host/main.ts", CONFIG]) {
    const text = Deno.readTextFileSync(join(place.root, path));
    place.write(path, `${text}\n`);
    await planned(place);
    assert.notEqual(kept(), first, path);
    place.write(path, text);
    await planned(place);
    assert.deepEqual(JSON.parse(kept()), JSON.parse(first), path);
  }
});
