/** The kernels' own functions, through the operations, in units in the last place of f32. */
import assert from "node:assert/strict";
import type { Activation } from "../kernels/ops.ts";
import { dropoutHash } from "../kernels/reference/dropout.ts";
import { createPair, loadModules } from "./kernels_rig.ts";

const modules = await loadModules();

/** How far apart two neighbours are at this value, in f32. */
function spacing(value: number): number {
  const size = Math.max(Math.abs(value), 2 ** -126);
  return 2 ** (Math.floor(Math.log2(size)) - 23);
}

/** The engine's functions serve as the oracle: their errors are far below f32's. */
const ORACLES: readonly (readonly [Activation, (x: number) => number, number])[] = [
  ["sigmoid", (x) => 1 / (1 + Math.exp(-x)), 0.51],
  ["tanh", Math.tanh, 0.51],
  ["elu", (x) => x > 0 ? x : Math.expm1(x), 0.51],
  ["softplus", (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 0.51],
  ["swish", (x) => x / (1 + Math.exp(-x)), 0.51],
];

for (const [kind, oracle, most] of ORACLES) {
  Deno.test(`${kind} is within ${most} units in the last place, at every scale`, () => {
    const pair = createPair(modules, `ulp ${kind}`);
    const n = 60000, third = n / 3;
    const x = pair.floats(n, (i) => {
      const sign = i % 2 === 0 ? 1 : -1, along = (i % third) / third;
      // Spread evenly over what does not overflow, over the magnitudes that matter, and over all there are.
      if (i < third) return sign * along * 110;
      return sign * 2 ** (i < 2 * third ? -40 + 47 * along : -149 + 277 * along);
    });
    const y = pair.room(n);
    pair.compiled.activationForward(kind, n, x, y);
    const inputs = pair.read(pair.compiled, x, n), outputs = pair.read(pair.compiled, y, n);
    let worst = 0;
    inputs.forEach((input, i) => {
      const wanted = oracle(input);
      const error = Math.abs((outputs[i] ?? NaN) - wanted) / spacing(wanted);
      assert.ok(error <= most, `at ${input}: ${outputs[i]}, not ${wanted}: ${error} ulp`);
      worst = Math.max(worst, error);
    });
    assert.ok(worst > 0.4, "the points reach hard cases");
  });
}

Deno.test("log, seen through the loss of two logits, is within 0.51 units in the last place", () => {
  const pair = createPair(modules, "ulp log");
  const rows = 4000;
  // -ln(p / (p + q)) for a probability of its own p, q = 1: the sum is not 1, so it is divided.
  const p = pair.floats(rows * 2, (i) => i % 2 === 0 ? 2 ** (-20 + 40 * i / (2 * rows)) : 1);
  const labels = pair.integers(rows, () => 0), losses = pair.room(rows);
  const s = { rows, classes: 2, fromLogits: false };
  pair.compiled.categoricalCrossEntropy(s, p, labels, losses, 0);
  const inputs = pair.read(pair.compiled, p, rows * 2);
  pair.read(pair.compiled, losses, rows).forEach((loss, i) => {
    const own = inputs[2 * i] ?? NaN;
    const wanted = Math.log1p(1 / own);
    // The share itself was rounded in f64: relative to a loss near 0 that weighs more.
    const error = Math.abs(loss - wanted) / spacing(wanted);
    assert.ok(error <= 0.51 || Math.abs(loss - wanted) < 4e-16, `${own}: ${loss}, not ${wanted}`);
  });
});

Deno.test("dropout keeps its share, and neighbouring steps and elements share nothing", () => {
  const n = 1 << 16;
  const threshold = 0.3 * 2 ** 32;
  const mask = (key0: number, key1: number) =>
    Array.from({ length: n }, (_, i) => dropoutHash(i, key0, key1) >= threshold ? 1 : 0);
  const masks = [mask(1, 2), mask(1, 3), mask(2, 2), mask(0, 0)];
  // A share of n fair draws lies within five standard deviations.
  const tolerance = 5 * Math.sqrt(0.7 * 0.3 / n);
  const share = (bits: readonly number[]) => bits.reduce((sum, bit) => sum + bit, 0) / n;
  for (const [index, bits] of masks.entries()) {
    assert.ok(Math.abs(share(bits) - 0.7) < tolerance, `mask ${index} keeps ${share(bits)}`);
    for (const lag of [1, 2, 4, 64, 256]) {
      const both = share(bits.map((bit, i) => bit & (bits[(i + lag) % n] ?? 0)));
      assert.ok(
        Math.abs(both - 0.49) < 5 * Math.sqrt(0.49 * 0.51 / n) * 1.6,
        `lag ${lag}: ${both}`,
      );
    }
    for (const other of masks.slice(index + 1)) {
      const both = share(bits.map((bit, i) => bit & (other[i] ?? 0)));
      assert.ok(Math.abs(both - 0.49) < 5 * Math.sqrt(0.49 * 0.51 / n), `pair: ${both}`);
    }
  }
});
