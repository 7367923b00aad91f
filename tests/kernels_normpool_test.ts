/** A normalisation with the relu before it and the pool behind it, against the plain loops. */
import assert from "node:assert/strict";
import { dropoutKeys } from "../kernels/dropout.ts";
import type { ConvShape, NormPoolShape } from "../kernels/ops.ts";
import { both, createPair, loadModules } from "./kernels_rig.ts";

const modules = await loadModules();
/** f32 sums of a few hundred products, against f64. */
const SUMS = 2e-6;

for (
  const [batch, height, width, channels] of [
    [3, 8, 6, 64],
    [2, 7, 9, 8],
    [17, 2, 2, 24],
    [1, 5, 4, 16],
  ] as const
) {
  Deno.test(`normalisation and pool at once agree with plain loops: ${batch}x${height}x${width}x${channels}`, () => {
    const pair = createPair(modules, `normpool ${batch} ${height} ${width} ${channels}`);
    const s: NormPoolShape = { batch, height, width, channels };
    const conv: ConvShape = {
      batch,
      inHeight: height,
      inWidth: width,
      inChannels: 2,
      kernelHeight: 1,
      kernelWidth: 1,
      strideY: 1,
      strideX: 1,
      padTop: 0,
      padLeft: 0,
      outHeight: height,
      outWidth: width,
      filters: channels,
    };
    const n = batch * height * width * channels;
    const pooled = batch * (height >> 1) * (width >> 1) * channels;
    // Halves, so that both sides find the same maxima and the same ties.
    const input = pair.floats(n * 2 / channels, (i) => (i * i * 7919 % 23 % 9 - 3) / 2);
    const w = pair.floats(2 * channels, (i) => (i * 31 % 7 - 3) / 2);
    const x = pair.room(n), dy = pair.floats(pooled), dx = pair.room(n);
    const gamma = pair.floats(channels, (i) => 0.5 + i / 50);
    const beta = pair.floats(channels, (i) => i % 3 - 1);
    const movingMean = pair.floats(channels);
    const movingVariance = pair.floats(channels, (i) => 1 + i / 10);
    const y = pair.room(pooled), still = pair.room(pooled);
    const dgamma = pair.room(channels), dbeta = pair.room(channels);
    const keys = pair.words(dropoutKeys({ seedLow: 1, seedHigh: 2, layer: 3, step: 4 }));
    const room = {
      moments: pair.room(batch * channels * 4),
      mean: pair.room(channels),
      variance: pair.room(channels),
      terms: pair.room(3 * channels),
      codes: pair.bytes(pooled, () => 77),
      picked: pair.room(pooled),
    };
    const convRoom = pair.roomOf(conv), guard = pair.floats(16);
    for (const rate of [0.4, 0]) {
      const dropping = rate === 0 ? null : { rate, keys };
      both(pair, (ops) => {
        ops.conv2dForward(conv, input, w, 0, true, x, room.moments, convRoom);
        const moving = [movingMean, movingVariance] as const;
        ops.normPoolForward(s, 1e-3, 0.9, dropping, x, gamma, beta, ...moving, y, room);
        ops.normPoolBackward(s, 1e-3, rate, x, gamma, dy, dx, dgamma, dbeta, room);
      });
      const places = pair.readBytes(pair.compiled, room.codes, pooled);
      assert.deepEqual(places, pair.readBytes(pair.reference, room.codes, pooled));
      assert.ok(new Set(places).size > 1);
      both(pair, (ops) => {
        const moving = [movingMean, movingVariance] as const;
        ops.normPoolInference(s, 1e-3, x, gamma, 0, ...moving, still, room);
      });
      for (
        const [what, address, count] of [
          ["convolution", x, n],
          ["mean", room.mean, channels],
          ["variance", room.variance, channels],
          ["moving mean", movingMean, channels],
          ["moving variance", movingVariance, channels],
          ["output", y, pooled],
          ["inference", still, pooled],
          ["dgamma", dgamma, channels],
          ["dbeta", dbeta, channels],
          ["dx", dx, n],
        ] as const
      ) pair.agree(`${what}, rate ${rate}`, address, count, SUMS);
      pair.agree("what follows the rooms", guard, 16, 0);
    }
  });
}
