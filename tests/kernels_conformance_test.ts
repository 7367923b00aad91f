/** The compiled kernels against the plain loops, on shapes that tile and shapes that do not. */
import assert from "node:assert/strict";
import { DENSE_SCRATCH } from "../kernels/dense.ts";
import { dropoutKeys } from "../kernels/dropout.ts";
import type { Address, Ops, PoolShape } from "../kernels/ops.ts";
import { both, createPair, loadModules, type Padding, side } from "./kernels_rig.ts";

const modules = await loadModules();
/** f32 sums of a few hundred products, against f64. */
const SUMS = 2e-6;
/** An element's own rounding. */
const ELEMENTS = 1.2e-7;

for (
  const [rows, inputs, units] of [
    [64, 1568, 256],
    [64, 256, 10],
    [1, 7, 3],
    [5, 33, 17],
    [6, 4, 1],
    [3, 1, 9],
    [33, 130, 600],
  ] as const
) {
  Deno.test(`a dense layer agrees with plain loops: ${rows} rows, ${inputs} to ${units}`, () => {
    const pair = createPair(modules, `dense ${rows} ${inputs} ${units}`);
    const x = pair.floats(rows * inputs), w = pair.floats(inputs * units);
    const bias = pair.floats(units), dy = pair.floats(rows * units);
    const y = pair.room(rows * units), plain = pair.room(rows * units);
    const own = pair.room(DENSE_SCRATCH / 4);
    const dx = pair.room(rows * inputs), dw = pair.room(inputs * units), db = pair.room(units);
    both(pair, (ops) => {
      ops.denseForward(rows, inputs, units, x, w, bias, y, own);
      ops.denseForward(rows, inputs, units, x, w, 0, plain, own);
      ops.denseInputGradient(rows, inputs, units, dy, w, dx, null);
      ops.denseWeightGradient(rows, inputs, units, x, dy, dw, null, null);
      ops.biasGradient(rows, units, dy, db);
    });
    pair.agree("forward", y, rows * units, SUMS);
    pair.agree("forward without bias", plain, rows * units, SUMS);
    pair.agree("gradient by the input", dx, rows * inputs, SUMS);
    pair.agree("gradient by the weights", dw, inputs * units, SUMS);
    pair.agree("gradient by the bias", db, units, SUMS);
  });
}

Deno.test("a long bias gradient loses no more than a short one", () => {
  const pair = createPair(modules, "long bias");
  const dy = pair.floats(20000 * 5, (i) => 1 + (i % 7) / 7), db = pair.room(5);
  both(pair, (ops) => ops.biasGradient(20000, 5, dy, db));
  pair.agree("sums", db, 5, SUMS);
});

const ACTIVATIONS = [
  "relu",
  "sigmoid",
  "tanh",
  "elu",
  "softplus",
  "leakyRelu",
  "swish",
] as const;

for (const kind of ACTIVATIONS) {
  Deno.test(`${kind} and its gradient agree with plain loops, extremes and NaN included`, () => {
    const pair = createPair(modules, kind);
    const n = 1023;
    const extremes = [NaN, Infinity, -Infinity, -0, 0, 1e-30, -1e-30, 200, -200, 1e-5, -1e-5];
    const x = pair.floats(n, (i) => extremes[i] ?? (i - 500) / 37);
    const dy = pair.floats(n), y = pair.room(n), dx = pair.room(n);
    both(pair, (ops) => {
      ops.activationForward(kind, n, x, y);
      ops.activationBackward(kind, n, x, y, dy, dx);
    });
    const values = pair.read(pair.compiled, y, n);
    assert.ok(Number.isNaN(values[0]), "a NaN stays one");
    pair.agree("forward", y, n, ELEMENTS);
    pair.agree("backward", dx, n, 4 * ELEMENTS);
    both(pair, (ops) => ops.activationForward(kind, n, x, x));
    pair.agree("in place", x, n, ELEMENTS);
  });
}

Deno.test("softmax agrees with plain loops, and a NaN fills its row", () => {
  const pair = createPair(modules, "softmax");
  const n = 9 * 11;
  const x = pair.floats(n, (i) => i === 25 ? NaN : ((i * 37) % 101) / 5 - 10);
  const y = pair.room(n), dy = pair.floats(n), dx = pair.room(n);
  both(pair, (ops) => {
    ops.softmaxForward(9, 11, x, y);
    ops.softmaxBackward(9, 11, y, dy, dx);
  });
  pair.agree("forward", y, n, 2 * ELEMENTS);
  pair.agree("backward", dx, n, 8 * ELEMENTS);
  assert.ok(pair.read(pair.compiled, y, n).subarray(22, 33).every(Number.isNaN));
});

type Row = readonly [
  batch: number,
  size: readonly [number, number],
  window: readonly [number, number],
  stride: readonly [number, number],
  padding: Padding,
  channels: number,
];

const POOLS: readonly Row[] = [
  [2, [8, 8], [2, 2], [2, 2], "valid", 64],
  [1, [7, 9], [2, 2], [2, 2], "same", 5],
  [3, [7, 6], [3, 3], [2, 2], "same", 4],
  [1, [6, 7], [3, 2], [1, 1], "valid", 9],
  [1, [5, 5], [2, 2], [3, 3], "same", 3],
  [1, [4, 4], [7, 7], [1, 1], "same", 1],
];

for (const [batch, size, window, stride, padding, channels] of POOLS) {
  const name = `${batch}x${size.join("x")}x${channels}, window ${window.join("x")}, stride ` +
    `${stride.join("x")}, ${padding}`;
  Deno.test(`pooling agrees with plain loops: ${name}`, () => {
    const down = side(size[0], window[0], stride[0], padding);
    const across = side(size[1], window[1], stride[1], padding);
    const s: PoolShape = {
      batch,
      inHeight: size[0],
      inWidth: size[1],
      channels,
      poolHeight: window[0],
      poolWidth: window[1],
      strideY: stride[0],
      strideX: stride[1],
      padTop: down.pad,
      padLeft: across.pad,
      outHeight: down.out,
      outWidth: across.out,
    };
    const pair = createPair(modules, name);
    const inputs = batch * size[0] * size[1] * channels;
    const outputs = batch * down.out * across.out * channels;
    // Few values, so that there are ties; one NaN.
    const x = pair.floats(inputs, (i) => i === 10 ? NaN : (i * 7919 % 13) - 6);
    const finite = pair.floats(inputs);
    const dy = pair.floats(outputs);
    const y = pair.room(outputs), argmax = pair.room(outputs), dx = pair.room(inputs);
    const mean = pair.room(outputs), spread = pair.room(inputs);
    both(pair, (ops) => {
      ops.maxPoolForward(s, x, y, argmax);
      ops.maxPoolBackward(s, dy, argmax, dx);
      ops.averagePoolForward(s, finite, mean);
      ops.averagePoolBackward(s, dy, spread);
    });
    pair.agree("maximum", y, outputs, 0);
    assert.deepEqual(
      pair.readIntegers(pair.compiled, argmax, outputs),
      pair.readIntegers(pair.reference, argmax, outputs),
    );
    pair.agree("gradient of the maximum", dx, inputs, SUMS);
    pair.agree("mean", mean, outputs, SUMS);
    pair.agree("gradient of the mean", spread, inputs, SUMS);
  });
}

Deno.test("dropout gives the reference's bits, in place too", () => {
  const streams = [
    { seedLow: 0, seedHigh: 0, layer: 0, step: 0 },
    { seedLow: 0xffffffff, seedHigh: 0x80000000, layer: 7, step: 123456 },
  ];
  const pair = createPair(modules, "dropout");
  for (const stream of streams) {
    const keys = pair.words(dropoutKeys(stream));
    for (const rate of [0, 0.3, 0.5, 0.999]) {
      const n = 4099;
      const x = pair.floats(n), y = pair.room(n);
      both(pair, (ops) => ops.dropout(n, rate, keys, x, y));
      pair.agree(`rate ${rate}`, y, n, 0);
      both(pair, (ops) => ops.dropout(n, rate, keys, x, x));
      pair.agree(`rate ${rate} in place`, x, n, 0);
    }
  }
});

for (const [rows, channels] of [[50, 64], [7, 5], [1, 3], [333, 2]] as const) {
  Deno.test(`batch normalisation agrees with plain loops: ${rows} rows of ${channels}`, () => {
    const pair = createPair(modules, `norm ${rows} ${channels}`);
    const n = rows * channels, epsilon = 1e-3;
    const x = pair.floats(n), dy = pair.floats(n);
    const gamma = pair.floats(channels), beta = pair.floats(channels);
    const movingMean = pair.floats(channels);
    const movingVariance = pair.floats(channels, (i) => 1 + i / 10);
    const [mean, variance, dgamma, dbeta] = [0, 1, 2, 3].map(() => pair.room(channels)) as [
      Address,
      Address,
      Address,
      Address,
    ]; // four, as the list above has
    const y = pair.room(n), dx = pair.room(n), still = pair.room(n), plain = pair.room(n);
    const plainDx = pair.room(n);
    both(pair, (ops) => {
      ops.batchNormForward(
        rows,
        channels,
        epsilon,
        0.99,
        x,
        gamma,
        beta,
        movingMean,
        movingVariance,
        mean,
        variance,
        y,
      );
      ops.batchNormBackward(
        rows,
        channels,
        epsilon,
        x,
        gamma,
        mean,
        variance,
        dy,
        dx,
        dgamma,
        dbeta,
      );
      ops.batchNormInference(rows, channels, epsilon, x, 0, 0, movingMean, movingVariance, plain);
      ops.batchNormInference(
        rows,
        channels,
        epsilon,
        x,
        gamma,
        beta,
        movingMean,
        movingVariance,
        still,
      );
      ops.batchNormBackward(rows, channels, epsilon, x, 0, mean, variance, dy, plainDx, 0, 0);
    });
    for (
      const [what, address, count] of [
        ["mean", mean, channels],
        ["variance", variance, channels],
        ["moving mean", movingMean, channels],
        ["moving variance", movingVariance, channels],
        ["output", y, n],
        ["inference", still, n],
        ["inference without scale", plain, n],
        ["dgamma", dgamma, channels],
        ["dbeta", dbeta, channels],
      ] as const
    ) pair.agree(what, address, count, SUMS);
    // One row has no spread: its gradient is rounding alone.
    if (rows > 1) {
      pair.agree("dx", dx, n, SUMS);
      pair.agree("dx without scale", plainDx, n, SUMS);
    }
  });
}

for (const fromLogits of [true, false]) {
  const kind = fromLogits ? "logits" : "probabilities";
  Deno.test(`categorical cross-entropy of ${kind} agrees with plain loops`, () => {
    const pair = createPair(modules, `categorical ${kind}`);
    const rows = 13, classes = 10;
    const p = pair.floats(rows * classes, (i) => {
      if (fromLogits) return i === 7 ? NaN : ((i * 37) % 101) / 4 - 12;
      // Row 2 has a zero and row 3 a one at the label, which are clipped.
      if (i >= 20 && i < 40) return i % 10 === 3 ? (i < 30 ? 0 : 1) : (i < 30 ? 0.1 : 0);
      return i === 7 ? NaN : ((i * 37) % 101 + 1) / 500;
    });
    // The last label lies outside.
    const labels = pair.integers(rows, (i) => i === 12 ? 10 : i === 2 || i === 3 ? 3 : i % 10);
    const losses = pair.room(rows), slopes = pair.room(rows * classes);
    const s = { rows, classes, fromLogits };
    both(pair, (ops) => ops.categoricalCrossEntropy(s, p, labels, losses, slopes));
    pair.agree("losses", losses, rows, 2 * ELEMENTS);
    pair.agree("gradient", slopes, rows * classes, 2 * ELEMENTS);
    const found = pair.read(pair.compiled, losses, rows);
    assert.ok(Number.isNaN(found[0]), "a NaN is seen");
    assert.ok(Number.isNaN(found[12]), "a label outside the classes is seen");
    const again = pair.room(rows);
    both(pair, (ops) => ops.categoricalCrossEntropy(s, p, labels, again, 0));
    pair.agree("losses alone", again, rows, 2 * ELEMENTS);
    const each = { ...s, clip: "each" } as const;
    both(pair, (ops) => ops.categoricalCrossEntropy(each, p, labels, again, slopes));
    pair.agree("losses with each limited", again, rows, 2 * ELEMENTS);
    pair.agree("gradient with each limited", slopes, rows * classes, 2 * ELEMENTS);
  });

  Deno.test(`binary cross-entropy of ${kind} agrees with plain loops`, () => {
    const pair = createPair(modules, `binary ${kind}`);
    const rows = 21;
    const p = pair.floats(rows, (i) => i === 5 ? NaN : fromLogits ? (i - 10) * 4 : i / 20);
    const labels = pair.integers(rows, (i) => i === 9 ? 2 : i % 2);
    const losses = pair.room(rows), slopes = pair.room(rows);
    const s = { rows, classes: 1, fromLogits };
    both(pair, (ops) => ops.binaryCrossEntropy(s, p, labels, losses, slopes));
    pair.agree("losses", losses, rows, 2 * ELEMENTS);
    pair.agree("gradient", slopes, rows, 2 * ELEMENTS);
    const found = pair.read(pair.compiled, losses, rows);
    assert.ok(Number.isNaN(found[5]) && Number.isNaN(found[9]));
  });
}

Deno.test("hits agree with plain loops: first maximum, or above the threshold", () => {
  const pair = createPair(modules, "hits");
  const p = pair.floats(40 * 3, (i) => (i * 7919) % 4), labels = pair.integers(40, (i) => i % 3);
  const one = pair.floats(40, (i) => i / 39), hits = pair.room(40), above = pair.room(40);
  both(pair, (ops) => {
    ops.correct(40, 3, 0.5, p, labels, hits);
    ops.correct(40, 1, 0.5, one, labels, above);
  });
  for (const address of [hits, above]) {
    const found = pair.readIntegers(pair.compiled, address, 40);
    assert.deepEqual(found, pair.readIntegers(pair.reference, address, 40));
    assert.ok(found.includes(1) && found.includes(0));
  }
});

Deno.test("optimizers and regularisers agree with plain loops", () => {
  const pair = createPair(modules, "optimizers");
  const n = 103;
  const g = pair.floats(n), second = pair.floats(n, (i) => i / n);
  const [milli, centi, deci] = [0.001, 0.01, 0.1].map((rate) => pair.floats(1, () => rate)) as [
    Address,
    Address,
    Address,
  ]; // three, as the list above has
  const run = (what: string, step: (ops: Ops, w: Address, a: Address, b: Address) => void) => {
    const w = pair.floats(n), a = pair.floats(n), b = pair.floats(n, (i) => i / n);
    both(pair, (ops) => step(ops, w, a, b));
    for (const address of [w, a, b]) pair.agree(what, address, n, 3 * ELEMENTS);
  };
  run("rmsprop", (ops, w, _, v) => ops.rmsprop(n, milli, 0.9, 0, 1e-7, g, v, 0, w));
  run("rmsprop, momentum", (ops, w, m, v) => ops.rmsprop(n, centi, 0.9, 0.8, 1e-7, g, v, m, w));
  run("adam", (ops, w, m, v) => ops.adam(n, milli, 0.9, 0.999, 1e-7, g, m, v, w));
  run("sgd", (ops, w) => ops.sgd(n, deci, 0, false, g, 0, w));
  run("sgd, momentum", (ops, w, m) => ops.sgd(n, deci, 0.9, false, g, m, w));
  run("sgd, Nesterov", (ops, w, m) => ops.sgd(n, deci, 0.9, true, g, m, w));
  run("regulariser", (ops, w, m) => ops.regularizerGradient(n, 0.01, 0.02, w, m));
  const loss = pair.room(2);
  both(pair, (ops) => ops.regularizerLoss(n, 0.01, 0.02, second, loss));
  pair.agree("regulariser's loss", loss, 2, 0);
});

Deno.test("look-up and addition give the reference's bits", () => {
  const pair = createPair(modules, "data");
  const n = 515;
  const table = pair.floats(256), source = pair.bytes(n, (i) => i % 256);
  const y = pair.room(n), x = pair.floats(n);
  both(pair, (ops) => {
    ops.lookUp(n, source, table, y);
    ops.add(n, x, y);
  });
  pair.agree("sum", y, n, 0);
});
