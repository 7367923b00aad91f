import assert from "node:assert/strict";
import { philox, stream } from "../numerics/random.ts";

Deno.test("Philox4x32-10 gives the vectors that its authors published (Random123)", () => {
  const ones = 0xffffffff;
  assert.deepEqual(philox([0, 0, 0, 0], 0, 0), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  assert.deepEqual(philox([ones, ones, ones, ones], ones, ones), [
    0x408f276d,
    0x41c83b0e,
    0xa20bc7c6,
    0x6d5451fd,
  ]);
  assert.deepEqual(
    philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], 0xa4093822, 0x299f31d0),
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  );
});

Deno.test("A draw depends on seed, purpose and index, and on nothing drawn before", () => {
  const one = stream(1, "dropout", 3), other = stream(1, "dropout", 3);
  const forward = Array.from({ length: 50 }, (_, i) => one.uint32(i));
  const backward = Array.from({ length: 50 }, (_, i) => other.uint32(49 - i)).reverse();
  assert.deepEqual(forward, backward);
  assert.equal(new Set(forward).size, 50);
  for (
    const different of [stream(2, "dropout", 3), stream(1, "dropout", "3"), stream(1, "dropout", 4)]
  ) {
    assert.notEqual(different.uint32(0), one.uint32(0));
  }
  assert.notEqual(stream(1, "a", "b").uint32(0), stream(1, "ab").uint32(0));
  assert.notEqual(one.uint32(2 ** 34), one.uint32(0));
});

Deno.test("Uniform draws are 24-bit fractions in [0, 1), spread evenly", () => {
  const draws = stream(5, "uniform");
  const bins = new Array<number>(10).fill(0);
  for (let i = 0; i < 20000; i++) {
    const u = draws.uniform(i);
    assert.ok(u >= 0 && u < 1 && Math.fround(u) === u);
    const bin = Math.floor(u * 10);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  // Chi-squared with 9 degrees of freedom is above 33 once in 8,000 seeds.
  assert.ok(bins.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0) < 33);
});

Deno.test("Normal draws have mean 0, deviation 1 and no skew", () => {
  const draws = stream(5, "normal");
  let mean = 0, square = 0, cube = 0;
  const n = 20000;
  for (let i = 0; i < n; i++) {
    const z = draws.normal(i);
    mean += z / n;
    square += z * z / n;
    cube += z * z * z / n;
  }
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(square - 1) < 0.04 && Math.abs(cube) < 0.1);
});

Deno.test("A permutation holds every place once, and each order of three is as likely", () => {
  const order = stream(9, "order").permutation(1000);
  assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const key = stream(9, "order", i).permutation(3).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const n of counts.values()) assert.ok(Math.abs(n - 1000) < 150, `${n}`);
});

Deno.test("The bits of a stream are pinned, since stored results depend on them", () => {
  const draws = stream(1, "pinned", 0);
  assert.deepEqual([0, 1, 2, 3, 4].map((i) => draws.uint32(i)), PINNED);
  assert.deepEqual([...stream(1, "pinned", 0).permutation(8)], ORDER);
});

const PINNED = [4125350214, 986445678, 2776834237, 2899548483, 965240065];
const ORDER = [2, 4, 0, 5, 3, 7, 1, 6];
