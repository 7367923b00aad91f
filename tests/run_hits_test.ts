/** What runs again after a change, and what does not: tests/configs/tiny.yaml in copies of the project. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { digests, outcomes, TINY, Workplace } from "./rig.ts";

const TRANSFORMS = "stages/datasets/transforms.ts";

Deno.test("a second run is all hits and starts no stage process", async () => {
  await using place = await Workplace.here();
  const first = await place.run([TINY]);
  const second = await place.run([TINY]);
  assert.deepEqual(Object.keys(outcomes(first)), ["ran"]);
  assert.deepEqual(outcomes(second), { hit: outcomes(first)["ran"]?.toSorted(byOrder(second)) });
  const logs = [...Deno.readDirSync(join(place.store, "logs"))];
  assert.equal(logs.length, 1, "only the first run has logs");
});

/** In the order in which the other run's events name them. */
function byOrder(events: Parameters<typeof outcomes>[0]) {
  const order = Object.values(outcomes(events)).flat();
  return (a: string, b: string) => order.indexOf(a) - order.indexOf(b);
}

Deno.test("changing one variant runs that variant's train and evaluate, and the report", async () => {
  await using place = await Workplace.here();
  await place.run([TINY]);
  const events = await place.run([TINY, "--set", "train@logits.layers.4.dropout=0.3"]);
  assert.deepEqual(outcomes(events)["ran"], ["train@logits", "evaluate@logits", "report"]);
});

Deno.test("comments, types, layout and unused exports run nothing", async () => {
  await using place = await Workplace.copy();
  await place.run([TINY]);
  // Layout that a bundler likes to keep: lists and calls broken over lines, trailing commas, quotes.
  place.edit(
    "stages/train.ts",
    "const MEGABYTE = 1024 * 1024;",
    "// A comment.\nconst MEGABYTE =\n\n  1024 *\n  1024;",
  );
  place.edit(
    "stages/shapes.ts",
    'const SPLITS = ["train", "test"] as const;',
    "const SPLITS = [\n  'train',\n  'test',\n] as const;",
  );
  place.edit(TRANSFORMS, "export function", "export const UNUSED = 1;\n\nexport function");
  for (const stage of ["shapes", "preprocess", "augment", "evaluate", "report"]) {
    place.edit(
      `stages/${stage}.ts`,
      `name: "${stage}",`,
      `name:\n      '${stage}', // here, too\n`,
    );
  }
  place.edit(
    "models/loop.ts",
    "export async function train(",
    "export interface Unused { readonly nothing: string }\n\nexport async function train(",
  );
  assert.deepEqual(Object.keys(outcomes(await place.run([TINY]))), ["hit"]);
});

Deno.test("a change that only augment reaches runs augment, and what follows only if its output changed", async () => {
  await using place = await Workplace.copy();
  await place.run([TINY]);
  const before = digests(place.store);
  place.edit(
    TRANSFORMS,
    "export function drawTransforms(",
    "function same(value: number): number {\n  return value === 0 ? 0 : value;\n}\n\n" +
      "export function drawTransforms(",
  );
  place.edit(TRANSFORMS, "  const ", "  if (same(count) !== count) throw new Error();\n  const ");
  const events = await place.run([TINY]);
  assert.deepEqual(outcomes(events)["ran"]?.sort(), ["augment@pass=0", "augment@pass=1"]);
  assert.deepEqual(digests(place.store), before);

  const changed = await place.run([TINY, "--set", "augment.rotation=11"]);
  assert.deepEqual(outcomes(changed)["ran"]?.sort(), [
    "augment@pass=0",
    "augment@pass=1",
    "evaluate@augmented",
    "report",
    "train@augmented",
  ]);
});

Deno.test("two copies in different folders, with other --jobs, come to the same digests", async () => {
  await using one = await Workplace.copy();
  await using other = await Workplace.copy();
  await one.run([TINY, "--jobs", "1"]);
  await other.run([TINY, "--jobs", "4"]);
  assert.ok(Object.keys(digests(one.store)).length > 15);
  assert.deepEqual(digests(one.store), digests(other.store));
});

Deno.test("renaming a node or a variant re-trains nothing; the page, which shows the names, is drawn again", async () => {
  await using place = await Workplace.copy();
  await place.run([TINY]);
  const text = await Deno.readTextFile(join(place.root, TINY));
  place.write(
    TINY,
    text.replaceAll("logits:", "raw:").replace("\n  train:\n", "\n  fit:\n")
      .replaceAll("train.model", "fit.model").replace("train.history", "fit.history"),
  );
  const events = await place.run([TINY]);
  assert.deepEqual(outcomes(events)["ran"], ["report"]);
  assert.ok(outcomes(events)["hit"]?.includes("fit@raw"));
});

Deno.test("more passes of augment keep the old ones", async () => {
  await using place = await Workplace.here();
  await place.run([TINY, "augment"]);
  const events = await place.run([TINY, "augment", "--set", "augment.passes=4"]);
  assert.deepEqual(outcomes(events)["ran"]?.sort(), ["augment@pass=2", "augment@pass=3"]);
});
