/** What `show --program` says of a network. */
import assert from "node:assert/strict";
import { explain } from "../models/explain.ts";
import { trainSchema } from "../models/schema.ts";

function programOf(layers: readonly unknown[], imageShape: readonly number[]): string {
  const params = trainSchema.parse({
    layers,
    loss: "categoricalCrossentropy",
    epochs: 1,
    batchSize: 8,
  });
  return explain(params, imageShape).join("\n");
}

const conv = (filters: number, kernelSize: number, activation = "relu") => ({
  conv2d: { filters, kernelSize, padding: "same", activation },
});
const head = ["flatten", { dense: { units: 3, activation: "softmax" } }];

Deno.test("a program says what each convolution is taken together with, and why not", () => {
  const taken = programOf(
    [conv(8, 2), { maxPooling2d: 2 }, { dropout: 0.1 }, conv(16, 3), "batchNormalization", {
      maxPooling2d: 2,
    }, ...head],
    [12, 12, 1],
  );
  assert.match(taken, /conv2d: with relu, max-pool and dropout\. Forward by plain products/);
  assert.match(taken, /conv2d_1: with relu and the sums that batch_normalization needs/);
  const refused = programOf(
    [conv(9, 2), { maxPooling2d: 2 }, conv(8, 2), { maxPooling2d: 3 }, conv(8, 3, "tanh"), ...head],
    [12, 12, 3],
  );
  assert.match(refused, /conv2d: with relu, without a pool, since 9 filters are no multiple of 8/);
  assert.match(refused, /conv2d_1: .* since its windows are not 2x2, two apart/);
  assert.match(refused, /conv2d_2: alone, since no relu follows\. Forward by Winograd's F\(/);
});

Deno.test("a program's arithmetic is that of its layers", () => {
  const found = programOf([conv(4, 3, "tanh"), ...head], [60, 60, 2]);
  const images = 8, pixels = 3600, taps = 9 * 2, filters = 4, units = 3;
  // Nothing needs the gradient by the images.
  const convolution = 2 * (2 * images * pixels * taps * filters);
  const dense = 3 * (2 * images * pixels * filters * units);
  const million = Math.round((convolution + dense) / 1e6);
  assert.match(found, new RegExp(`phases, ${million} million`));
  for (const kernel of ["conv.forward", "dense.weightGradient", "optimizer.rmsprop"]) {
    assert.ok(found.includes(kernel), `${kernel} is not told`);
  }
});

Deno.test("a program says how a dense layer's gradients go, and where its weights are updated", () => {
  const found = programOf(
    [
      "flatten",
      { dense: { units: 8, activation: "tanh" } },
      { dense: { units: 8, activation: "relu" } },
      { dense: { units: 8, activation: "relu", kernelRegularizer: { l2: 0.1 } } },
      { dense: { units: 3, activation: "softmax" } },
    ],
    [4, 4, 1],
  );
  const line = (name: string) => found.split("\n").find((one) => one.startsWith(`  ${name}: `));
  assert.match(line("dense") ?? "", /plain products, .*; weights updated piece by piece behind/);
  assert.match(line("dense_1") ?? "", /lists of what .*; weights updated piece by piece behind/);
  assert.match(line("dense_2") ?? "", /lists of what .*; .* since their regularizer reads them/);
  assert.match(line("dense_3") ?? "", /plain products, .* since the gradient by the input reads/);
  assert.ok(found.includes("dense.weightGradientByLists optimizer.rmsprop"));
});
