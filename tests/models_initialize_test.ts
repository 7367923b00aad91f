/** First weights: Keras' distributions, and each value a function of its place alone. */
import assert from "node:assert/strict";
import { fans, initialize, initialValues } from "../models/initialize.ts";
import { layersOf } from "../models/layers.ts";
import type { Initializer } from "../models/model.ts";
import { settingsOf } from "./models_rig.ts";

const SHAPE = [3, 2, 40, 100];
const values = (initializer: Initializer, seed = 1, position = 0, name = "kernel") =>
  initialValues(
    { name, shape: SHAPE, size: SHAPE.reduce((product, n) => product * n), initializer },
    seed,
    position,
  );

/** Keras 3: variance = scale / fan, of which a uniform one reaches to sqrt(3 variance). */
const VARIANCES: Readonly<Record<Exclude<Initializer, "zeros" | "ones">, number>> = {
  glorotUniform: 2 / (240 + 600),
  glorotNormal: 2 / (240 + 600),
  heUniform: 2 / 240,
  heNormal: 2 / 240,
  lecunUniform: 1 / 240,
  lecunNormal: 1 / 240,
};

for (const [name, variance] of Object.entries(VARIANCES)) {
  Deno.test(`${name} has Keras' mean, variance and bounds`, () => {
    const drawn = values(name as keyof typeof VARIANCES); // the keys of the table
    const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
    const spread = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length;
    // Six standard errors of 24,000 draws; the seed is fixed, so that this holds or does not.
    assert.ok(Math.abs(mean) < 6 * Math.sqrt(variance / drawn.length), `mean ${mean}`);
    assert.ok(Math.abs(spread / variance - 1) < 0.05, `variance ${spread}, not ${variance}`);
    // A cut normal ends at two deviations of the uncut one, which is 0.8796 times as wide when cut.
    const bound = name.endsWith("Uniform")
      ? Math.sqrt(3 * variance)
      : 2 * Math.sqrt(variance) / 0.87962566103423978;
    const most = drawn.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    assert.ok(most <= bound * (1 + 1e-7) && most > 0.99 * bound, `reaches ${most} of ${bound}`);
  });
}

Deno.test("The fans are Keras': of a convolution with its window, of a dense layer its sides", () => {
  assert.deepEqual(fans([3, 2, 40, 100]), { in: 240, out: 600 });
  assert.deepEqual(fans([7, 9]), { in: 7, out: 9 });
  assert.deepEqual(fans([5]), { in: 5, out: 5 });
});

Deno.test("A seed, a layer's place and a weight's name each have draws of their own", () => {
  const first = values("heUniform");
  assert.deepEqual(values("heUniform"), first);
  const shared = (other: Float32Array) => first.filter((value, i) => value === other[i]).length;
  assert.ok(shared(values("heUniform", 2)) < 10);
  assert.ok(shared(values("heUniform", 1, 1)) < 10);
  assert.ok(shared(values("heUniform", 1, 0, "bias")) < 10);
});

Deno.test("A layer's first weights do not depend on what comes after it, nor on its name", () => {
  const of = (layers: readonly unknown[]) =>
    initialize(layersOf(settingsOf({ layers, loss: "categoricalCrossentropy" }).model), 9);
  const short = of(["flatten", { dense: 5 }]), long = of(["flatten", { dense: 5 }, { dense: 3 }]);
  assert.deepEqual(long.slice(0, 2), short);
  const [named] = of(["flatten", { dense: { units: 5, name: "other" } }]);
  assert.equal(named?.name, "other/kernel");
  assert.deepEqual(named?.values, short[0]?.values);
});

Deno.test("Biases begin at zero, and a normalisation as one that changes nothing", () => {
  const { model } = settingsOf({
    layers: ["batchNormalization", "flatten", { dense: 2 }],
    loss: "categoricalCrossentropy",
  });
  const first = initialize(layersOf(model), 9).map(({ name, values }) => [name, [...values]]);
  assert.deepEqual(first.slice(0, 4), [
    ["batch_normalization/gamma", [1, 1]],
    ["batch_normalization/beta", [0, 0]],
    ["batch_normalization/moving_mean", [0, 0]],
    ["batch_normalization/moving_variance", [1, 1]],
  ]);
  assert.deepEqual(first.at(-1), ["dense/bias", [0, 0]]);
});
