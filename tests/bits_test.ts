/**
 * The digests of tests/golden.json, come to once more by other numbers of threads, other compilers, and another
 * kind of processor.
 */
import assert from "node:assert/strict";
import { again, arm, type Engine, tinyRun } from "./bits_rig.ts";
import { differences, type Golden, measure, readGolden } from "./golden.ts";
import { needs } from "./rig.ts";

const golden: Golden = await readGolden();
const place = await tinyRun();

/** What `engine` comes to, for nodes of these stages, is what is committed. */
async function same(engine: Engine, stages: readonly string[]): Promise<void> {
  const found = await again(place, engine, (node) => stages.includes(node.split("@")[0] ?? ""));
  const names = Object.keys(found);
  assert.ok(names.some((name) => name.startsWith("train@")), "no training was done");
  const wanted = Object.fromEntries(names.map((name) => [name, golden.tiny[name]]));
  assert.deepEqual(found, wanted);
}

for (const threads of [1, 2, 3, 8]) {
  Deno.test(`every training has the same digest, ${threads} threads`, () =>
    same({ threads }, ["train", "evaluate"]));
}

for (const jobs of [1, 2, 3]) {
  Deno.test(`every artifact has the same digest, --jobs ${jobs} in an empty store`, async () => {
    assert.deepEqual(differences(golden.tiny, await measure("tiny", ["--jobs", `${jobs}`])), []);
  });
}

const ALL = ["shapes", "preprocess", "augment", "train", "evaluate"];

for (
  const [what, v8] of [
    ["V8's baseline compiler for the kernels", ["--liftoff-only"]],
    ["its optimising compiler alone", ["--no-liftoff"]],
    ["its interpreter for JavaScript", ["--no-opt", "--no-maglev", "--no-sparkplug"]],
    ["its optimising compilers early", [
      "--always-sparkplug",
      "--invocation-count-for-turbofan=50",
    ]],
  ] as const
) {
  Deno.test(`every artifact has the same digest by ${what}`, () => same({ v8, threads: 2 }, ALL));
}

const engine = await arm();
Deno.test({
  name: "every training has the same digest on a 64-bit Arm processor",
  ...needs(
    typeof engine === "string" ? engine : "an Arm build of Deno",
    typeof engine !== "string",
  ),
  async fn() {
    if (typeof engine !== "string") await same({ ...engine, threads: 2 }, ["train"]);
  },
});

globalThis.addEventListener("unload", () => Deno.removeSync(place.folder, { recursive: true }));
