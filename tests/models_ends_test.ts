/** Last activations and losses: which pairs are refused, with what help, and that the others learn. */
import assert from "node:assert/strict";
import { endIssue } from "../models/ends.ts";
import { inMemory } from "../models/examples.ts";
import { layersOf } from "../models/layers.ts";
import { evaluateAll, train } from "../models/loop.ts";
import type { ActivationName } from "../models/model.ts";
import { trainSchema } from "../models/schema.ts";
import train_ from "../stages/train.ts";
import { settingsOf, someExamples, wasmTrainer } from "./models_rig.ts";
import { checkStage, MemoryArtifact, runStage } from "./stages_rig.ts";

const ACTIVATIONS: readonly ActivationName[] = [
  "linear",
  "relu",
  "sigmoid",
  "tanh",
  "softmax",
  "elu",
  "softplus",
  "leakyRelu",
  "swish",
];
const CLASSES = ["sparseCategoricalCrossentropy", "categoricalCrossentropy"] as const;

const issueOf = (layers: readonly unknown[], loss: unknown) => {
  const settings = settingsOf({ layers, loss });
  return endIssue(layersOf(settings.model), settings.loss);
};
const last = (units: number, activation: ActivationName) => [
  "flatten",
  { dense: { units, activation } },
];
const isAllowed = (units: number, activation: ActivationName, loss: unknown) =>
  issueOf(last(units, activation), loss) === null;

/** Pairs that are right or merely unusual; all others are refused. */
const ALLOWED: readonly (readonly [string, boolean, readonly ActivationName[]])[] = [
  ...CLASSES.flatMap((type) =>
    [
      [type, true, ["linear", "elu", "softplus", "leakyRelu", "swish"]],
      [type, false, ["sigmoid", "softmax", "softplus"]],
    ] as const
  ),
  ["binaryCrossentropy", true, ["linear", "leakyRelu"]],
  ["binaryCrossentropy", false, ["sigmoid"]],
];

for (const [type, fromLogits, allowed] of ALLOWED) {
  const takes = fromLogits ? "logits" : "probabilities";
  const units = type === "binaryCrossentropy" ? 1 : 3;
  Deno.test(`${type} of ${takes} takes ${allowed.join(", ")}, which learn, and nothing else`, async () => {
    const loss = { type, fromLogits };
    assert.deepEqual(
      ACTIVATIONS.filter((activation) => isAllowed(units, activation, loss)),
      allowed,
    );
    const classes = Math.max(2, units);
    const dark = someExamples(12, [6, 5, 2], classes);
    // Each class is bright in a stripe of its own.
    const pixels = dark.pixels.map((byte, i) => {
      const stripe = Math.floor(i % 60 / 20), label = Math.floor(i / 60) % classes;
      return (byte >> 2) + (stripe === label ? 190 : 0);
    });
    const examples = { ...dark, pixels };
    for (const activation of allowed) {
      const layers = last(units, activation);
      const optimizer = { type: "adam", learningRate: 0.02 };
      const settings = trainSchema.parse({ layers, loss, optimizer, epochs: 150, batchSize: 4 });
      const trainer = await wasmTrainer({ layers, loss, optimizer });
      await train({ trainer, passes: [inMemory(examples)], settings, seed: 3 });
      const { loss: value, accuracy } = await evaluateAll(trainer, inMemory(examples), 4);
      assert.equal(accuracy, 1, `${activation}: accuracy ${accuracy}`);
      assert.ok(value < 0.3, `${activation}: loss ${value}`);
    }
  });
}

Deno.test("A pair that does not learn is refused with two ways out, each of which is taken", () => {
  for (const type of [...CLASSES, "binaryCrossentropy"]) {
    const units = type === "binaryCrossentropy" ? 1 : 3;
    const right = units === 1 ? "sigmoid" : "softmax";
    for (const fromLogits of [true, false]) {
      for (const activation of ACTIVATIONS) {
        const issue = issueOf(last(units, activation), { type, fromLogits });
        if (issue === null) continue;
        assert.equal(issue.position, 1);
        const [one = "", other = "", ...rest] = issue.help?.split(", or ") ?? [];
        assert.deepEqual(rest, [], issue.help);
        assert.equal(/the activation away/.test(one), activation !== "linear", one);
        assert.equal(
          one.includes(`say "loss: { type: ${type}, fromLogits: true }"`) ||
            one.startsWith("Say "),
          !fromLogits,
          one,
        );
        assert.equal(other.includes(`end with ${right}`), activation !== right, other);
        assert.equal(other.includes(`say "loss: ${type}"`), fromLogits, other);
      }
      assert.ok(isAllowed(units, "linear", { type, fromLogits: true }));
      assert.ok(isAllowed(units, right, type));
    }
  }
});

Deno.test("The last activation is seen through what stands behind it", () => {
  const loss = "categoricalCrossentropy", logits = { type: loss, fromLogits: true };
  const softmax = { activation: "softmax" }, dense = { dense: 3 };
  const at = (layers: readonly unknown[], of: unknown) => issueOf(layers, of)?.position ?? null;
  const conv = (activation: string) => ({ conv2d: { filters: 3, kernelSize: 3, activation } });
  assert.equal(at([conv("relu"), "flatten"], logits), 0);
  assert.equal(at([conv("softmax"), "flatten"], loss), null);
  assert.equal(at([conv("softmax"), { averagePooling2d: 2 }, "flatten"], logits), 0);
  // As SqueezeNet ends.
  assert.equal(at([conv("relu"), { averagePooling2d: 2 }, "flatten"], logits), null);
  assert.equal(at(["flatten", dense, softmax], loss), null);
  assert.equal(at(["flatten", dense, softmax, { activation: "linear" }], logits), 2);
  assert.equal(at(["flatten", dense, softmax, "batchNormalization"], loss), 3);
  // What is under the last softmax are the logits.
  assert.equal(at([...last(3, "softmax"), softmax], loss), 1);
  assert.equal(at([...last(3, "relu"), softmax], loss), 1);
  assert.equal(at([...last(3, "relu"), "batchNormalization", softmax], loss), null);
  assert.equal(at([...last(3, "softmax"), { dropout: 0.5 }], loss), 2);
  assert.equal(at([...last(3, "softmax"), { dropout: 0 }], loss), null);
  assert.equal(at(["flatten", dense, { dropout: 0.5 }], logits), null);
});

Deno.test("A pair that does not learn is refused in the plan, at the layer, and where no size was known in the run", async () => {
  const params = {
    layers: ["flatten", { dense: { units: 3, activation: "softmax" } }],
    loss: { type: "sparseCategoricalCrossentropy", fromLogits: true },
    epochs: 1,
  };
  const message = 'Layer "dense" ends the model with the activation softmax, and the loss takes ' +
    "logits: it gives probabilities, of which the loss makes probabilities again: no class can " +
    "have a probability near 1";
  const help = 'Take the activation away, or say "loss: sparseCategoricalCrossentropy"';
  const shape = [9, 4, 4, 1];
  const { issues } = checkStage(train_, params, {
    train: [{
      tensors: { images: { dtype: "uint8", shape }, labels: { dtype: "uint8", shape: [9] } },
    }],
  });
  assert.deepEqual(issues, [{ path: ["layers", 1], message, help }]);
  const artifact = new MemoryArtifact();
  await artifact.write("images", "uint8", [1, 4, 4, 1], new Uint8Array(16));
  await artifact.write("labels", "uint8", [1], new Uint8Array(1));
  artifact.setAttributes({ classes: ["a", "b", "c"], scaling: { subtract: 0, divide: 255 } });
  await assert.rejects(
    runStage(train_, { with: params, inputs: { train: [{ name: "", artifact }] } }),
    { message: `${message}; ${help}` },
  );
});
