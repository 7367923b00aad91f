/** Where values stand: what diagnostics of the plan underline. */
import assert from "node:assert/strict";
import type { Location } from "../pipelines/config/config.ts";
import type { ConfigSource } from "../pipelines/config/read.ts";
import { ConfigRig } from "./config_rig.ts";

const CONFIG = `stages:
  train:
    uses: train
    with:
      epochs: 10
      layers:
        - &conv { conv2d: { filters: 4 } }
        - flatten
        - dense: {
            units: 10,
          }
      empty:
      <<: { merged: [1, 22] }
    variants:
      sparse:
        with: { layers: [*conv, dense: 5] }
  evaluate: { uses: evaluate }
`;

async function source(): Promise<ConfigSource> {
  await using rig = await ConfigRig.make();
  return (await rig.read(CONFIG)).source;
}
const SOURCE = await source();

/** The text that a location underlines, with its place. */
function at({ line, column, length }: Location): string {
  const text = CONFIG.split("\n")[line - 1] ?? "";
  return `${line}:${column} ${text.slice(column - 1, column - 1 + length)}`;
}
const WITH = ["stages", "train", "with"];
const SPARSE = ["stages", "train", "variants", "sparse", "with"];

Deno.test("a value is underlined exactly, one over several lines on its first", () => {
  assert.equal(at(SOURCE.locate([...WITH, "epochs"])), "5:15 10");
  assert.equal(at(SOURCE.locate([...WITH, "layers", 0, "conv2d", "filters"])), "7:38 4");
  assert.equal(at(SOURCE.locate([...WITH, "layers", 1])), "8:11 flatten");
  assert.equal(at(SOURCE.locate([...WITH, "layers", 2, "dense"])), "9:18 {");
  assert.equal(at(SOURCE.locate([...WITH, "layers", 2, "dense", "units"])), "10:20 10");
  assert.equal(at(SOURCE.locate([...WITH, "merged", 1])), "13:25 22");
  assert.equal(at(SOURCE.locate(WITH)), "5:7 epochs: 10");
  assert.equal(at(SOURCE.locate([])), "1:1 stages:");
});

Deno.test("what is absent, or empty, is underlined at the key of the nearest parent", () => {
  assert.equal(at(SOURCE.locate([...WITH, "epoch"])), "4:5 with");
  assert.equal(at(SOURCE.locate([...WITH, "layers", 0, "conv2d", "kernelSize"])), "7:19 conv2d");
  assert.equal(at(SOURCE.locate([...WITH, "layers", 7])), "6:7 layers");
  assert.equal(at(SOURCE.locate([...WITH, "layers", 1, "units"])), "8:11 flatten");
  assert.equal(at(SOURCE.locate([...WITH, "empty"])), "12:7 empty");
  assert.equal(at(SOURCE.locate(["stages", "evaluate", "with", "x"])), "17:3 evaluate");
  assert.equal(at(SOURCE.locate(["stages", "none"])), "1:1 stages");
});

Deno.test("behind an alias everything is underlined at the place of use", () => {
  assert.equal(at(SOURCE.locate([...SPARSE, "layers", 0])), "16:26 *conv");
  assert.equal(at(SOURCE.locate([...SPARSE, "layers", 0, "conv2d", "filters"])), "16:26 *conv");
  assert.equal(at(SOURCE.locate([...SPARSE, "layers", 1, "dense"])), "16:40 5");
});

Deno.test("a key can be underlined instead of its value", () => {
  assert.equal(at(SOURCE.locateKey([...WITH, "epochs"])), "5:7 epochs");
  assert.equal(at(SOURCE.locateKey(["stages", "evaluate"])), "17:3 evaluate");
  const { location, help } = SOURCE.diagnose([...WITH, "epochs"], "Unknown key", {
    help: "Remove it",
    key: true,
  });
  assert.deepEqual(location, SOURCE.locateKey([...WITH, "epochs"]));
  assert.equal(help, "Remove it");
});

Deno.test("a value is there if the config has it, and not if a map's prototype does", () => {
  assert.equal(SOURCE.has([...WITH, "layers", 2, "dense", "units"]), true);
  assert.equal(SOURCE.has([...WITH, "empty"]), true);
  assert.equal(SOURCE.has([...SPARSE, "epochs"]), false);
  assert.equal(SOURCE.has([...WITH, "constructor"]), false);
  assert.equal(SOURCE.has([...WITH, "layers", "length"]), false);
});
