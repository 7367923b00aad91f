/** A convolution's gradients by lists of non-zeros and by whole products are the same bits. */
import assert from "node:assert/strict";
import type { ConvShape } from "../kernels/ops.ts";
import { createPair, loadModules } from "./kernels_rig.ts";

const modules = await loadModules();

for (const stride of [1, 2]) {
  Deno.test(`zeros left out change no bit of a convolution's gradients, stride ${stride}`, () => {
    const out = stride === 1 ? 7 : 4;
    const one: ConvShape = {
      batch: 1,
      inHeight: 7,
      inWidth: 7,
      inChannels: 37,
      kernelHeight: 2,
      kernelWidth: 3,
      strideY: stride,
      strideX: stride,
      padTop: 0,
      padLeft: 1,
      outHeight: out,
      outWidth: out,
      filters: 11,
    };
    // Density is judged over a call: a full second image takes both images down the other way.
    const two: ConvShape = { ...one, batch: 2 };
    const pair = createPair(modules, `sparse ${stride}`);
    const { compiled } = pair;
    const inputs = 49 * 37, outputs = out * out * 11, weights = 6 * 37 * 11;
    const x = pair.floats(2 * inputs), w = pair.floats(weights);
    const dy = pair.floats(2 * outputs, (i) => {
      if (i >= outputs) return ((i * 31) % 97 - 48.5) / 7;
      return i * 7919 % 13 < 2 ? ((i * 37) % 101 - 50.5) / 9 : i % 3 === 0 ? -0 : 0;
    });
    const y = pair.room(2 * outputs), dx = pair.room(2 * inputs), dw = pair.room(weights);
    const room = pair.roomOf(two);
    const run = (s: ConvShape, image: number) => {
      // Offsets of whole images need not be aligned for what this test reads: copies stay at the start.
      const values = (address: typeof x, n: number) =>
        pair.read(compiled, address, n * 2).slice(image * n, (image + s.batch) * n);
      const keptX = pair.read(compiled, x, 2 * inputs).slice();
      const keptDy = pair.read(compiled, dy, 2 * outputs).slice();
      pair.read(compiled, x, s.batch * inputs).set(values(x, inputs));
      pair.read(compiled, dy, s.batch * outputs).set(values(dy, outputs));
      compiled.conv2dForward(s, x, w, 0, false, y, 0, room);
      compiled.conv2dInputGradient(s, dy, w, dx, room);
      compiled.conv2dWeightGradient(s, x, dy, dw, room);
      pair.read(compiled, x, 2 * inputs).set(keptX);
      pair.read(compiled, dy, 2 * outputs).set(keptDy);
      return {
        dx: pair.read(compiled, dx, s.batch * inputs).slice(),
        dw: pair.read(compiled, dw, weights).slice(),
      };
    };
    const sparse = run(one, 0), full = run(one, 1), both = run(two, 0);
    // deepEqual tells -0 from 0.
    assert.deepEqual(both.dx.subarray(0, inputs), sparse.dx);
    assert.deepEqual(both.dx.subarray(inputs), full.dx);
    assert.deepEqual(both.dw, sparse.dw.map((value, i) => value + (full.dw[i] ?? NaN)));
  });
}
