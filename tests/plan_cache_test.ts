/** Plans that are kept: of the very text that they were made from, or not at all. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { beforePlan, readPlan, writePlan } from "../pipelines/plan/cache.ts";
import type { Plan } from "../pipelines/plan/plan.ts";
import { Sources } from "../pipelines/plan/sources.ts";
import { Store } from "../pipelines/store/local.ts";
import { importsOf } from "./imports.ts";
import { TINY, Workplace } from "./rig.ts";

const SOURCE = "stages/train.ts";

/** Keeps a plan for whose making SOURCE was read, with edits before and after that reading. */
async function keep(place: Workplace, edits: { early?: () => void; late?: () => void } = {}) {
  const store = new Store(place.store);
  const asked = { path: join(place.root, TINY), overrides: [], root: place.root };
  const before = await beforePlan(asked);
  edits.early?.();
  const sources = new Sources();
  await sources.read(await sources.find(join(place.root, SOURCE)));
  edits.late?.();
  const plan: Plan = {
    config: { path: asked.path, name: "tiny", place: "tiny", page: "tiny", seed: 1, stages: [] },
    nodes: [],
  };
  await writePlan(asked, store, plan, before, await sources.states());
  return { plan, read: (more = {}) => readPlan({ ...asked, ...more }, store) };
}

Deno.test("a plan is kept until a file that it was made from changes, and comes back with the file", async () => {
  await using place = await Workplace.copy();
  const { plan, read } = await keep(place);
  assert.deepEqual(await read(), plan);
  assert.equal(await read({ overrides: ["train.epochs=1"] }), null);
  for (
    const path of [
      TINY,
      SOURCE,
      "deno.json",
      "deno.lock",
      "pipelines/plan/make.ts",
      "pipelines/host/guard.ts",
      "kernels/build.ts",
      "kernels/assembly/data.ts",
    ]
  ) {
    const text = Deno.readTextFileSync(join(place.root, path));
    place.write(path, `${text} `);
    assert.equal(await read(), null, path);
    place.write(path, text);
    assert.deepEqual(await read(), plan, path);
  }
  place.write("kernels/assembly/another.ts", "");
  assert.equal(await read(), null, "a new file of kernels");
});

Deno.test("a plan during whose making a file was edited is not kept, for it is of the old text", async (t) => {
  for (const path of [TINY, SOURCE, "deno.lock", "kernels/assembly/data.ts"]) {
    await t.step(path, async () => {
      await using place = await Workplace.copy();
      const text = Deno.readTextFileSync(join(place.root, path));
      const { read } = await keep(place, { late: () => place.write(path, `${text} `) });
      assert.equal(await read(), null);
      place.write(path, text);
      assert.equal(await read(), null);
    });
  }
  await t.step("but one that was edited before it was read is of the new text", async () => {
    await using place = await Workplace.copy();
    const { plan, read } = await keep(place, {
      early: () => place.edit(SOURCE, "1024", "1023 + 1"),
    });
    assert.deepEqual(await read(), plan);
  });
});

/** What a plan is made by, and what the bundles in it are made of beside the stages. */
const MAKERS = [
  "kernels/build.ts",
  "pipelines/config/read.ts",
  "pipelines/host/guard.ts",
  "pipelines/host/main.ts",
  "pipelines/plan/make.ts",
  "pipelines/report/client.ts",
];

/** Only for its types. */
const TYPES = ["pipelines/run/event.ts"];

Deno.test("an edit of any of the engine's files that decide a plan ends it", async () => {
  await using place = await Workplace.copy();
  const { plan, read } = await keep(place);
  const files = [...(await importsOf(MAKERS)).keys()].filter((path) => !TYPES.includes(path));
  assert.ok(files.length > 60, `${files.length} files`);
  const wrong: string[] = [];
  for (const path of files) {
    const text = Deno.readTextFileSync(join(place.root, path));
    place.write(path, `${text} `);
    if (await read() !== null) wrong.push(path);
    place.write(path, text);
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(await read(), plan);
});
