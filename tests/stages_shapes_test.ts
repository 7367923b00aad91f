/** The data set that needs no network: pictures as functions of seed, split and index. */
import assert from "node:assert/strict";
import shapes from "../stages/shapes.ts";
import { CLASSES, drawShape } from "../stages/datasets/drawing.ts";
import { sha256 } from "../stages/datasets/sources.ts";
import { checkStage, type MemoryArtifact, runStage, shapesOf } from "./stages_rig.ts";

async function draw(train: number, test: number, size: number, seed = 1) {
  const { outputs } = await runStage(shapes, { with: { train, test, size }, seed });
  assert.ok(outputs["train"] && outputs["test"]);
  return { train: outputs["train"], test: outputs["test"] };
}

const pixels = (artifact: MemoryArtifact) => artifact.tensor("images", "uint8").read();
const labels = (artifact: MemoryArtifact) => artifact.tensor("labels", "uint8").read();

/** SHA-256 of the images that seed 1 draws: a change of these redraws the data set of every user. */
const TRAIN = "bf8cb723d4668f26fc1b5a8118a561bbd08c85cbd308aeb233a8bafc3137d37b";
const TEST = "3db18d454e9fdb2cf30ddc81860d19fdea967a3489b3b224cdfb52756a91f12e";

Deno.test("the same seed draws the same bytes, everywhere", async () => {
  const { train, test } = await draw(20, 10, 12);
  assert.equal(await sha256(await pixels(train)), TRAIN);
  assert.equal(await sha256(await pixels(test)), TEST);
  assert.deepEqual([...await labels(test)], [2, 8, 7, 9, 3, 1, 6, 4, 0, 5]);
});

Deno.test("another seed, split or index draws another picture", async () => {
  const { train, test } = await draw(20, 20, 12);
  const other = await draw(20, 20, 12, 2);
  assert.notDeepEqual(await pixels(train), await pixels(test));
  assert.notDeepEqual(await pixels(train), await pixels(other.train));
  assert.notDeepEqual(drawShape(1, "train", 0, 3, 12), drawShape(1, "train", 1, 3, 12));
});

Deno.test("there is no class after the last", () => {
  assert.throws(() => drawShape(7, "test", 5, CLASSES.length, 28), {
    message: "Cannot draw class 10: there is none",
  });
});

Deno.test("each class comes equally often, more than one chunk of images long", async () => {
  const { train, test } = await draw(1230, 17, 8);
  for (const [artifact, count] of [[train, 1230], [test, 17]] as const) {
    const counts = new Array<number>(CLASSES.length).fill(0);
    for (const label of await labels(artifact)) counts[label] = (counts[label] ?? 0) + 1;
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
    assert.equal(counts.reduce((a, b) => a + b), count);
  }
  assert.deepEqual(train.attributes, { classes: CLASSES });
});

Deno.test("with the same draws, a ring is its disc with a hole, and a frame its square", () => {
  const labelOf = (name: string) => CLASSES.indexOf(name);
  for (const [whole, holed] of [["disc", "ring"], ["square", "frame"]] as const) {
    for (let index = 0; index < 20; index++) {
      const full = drawShape(3, "train", index, labelOf(whole), 28);
      const part = drawShape(3, "train", index, labelOf(holed), 28);
      const hole = full.filter((byte, at) => byte > (part[at] ?? 0)).length;
      assert.ok(full.every((byte, at) => byte >= (part[at] ?? 0)), `${holed} ${index}`);
      assert.ok(hole >= 9 && hole < 28 * 28 / 4, `${hole} pixels of hole in ${holed} ${index}`);
    }
  }
});

Deno.test("no two classes look alike", () => {
  const pictures = CLASSES.map((_, label) => drawShape(3, "train", 0, label, 28).join());
  assert.equal(new Set(pictures).size, CLASSES.length);
});

Deno.test("check foretells the shapes that run writes", async () => {
  const { train, test } = await draw(20, 10, 12);
  assert.deepEqual(checkStage(shapes, { train: 20, test: 10, size: 12 }).outputs, {
    train: shapesOf(train),
    test: shapesOf(test),
  });
});
