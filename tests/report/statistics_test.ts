import assert from "node:assert/strict";
import { exactTwoSided, holm, mostConfused, paired } from "../../pipelines/report/statistics.ts";

/** By counting in whole numbers. */
function binomial(b: number, c: number): number {
  const n = b + c;
  let row = [1n];
  for (let i = 0; i < n; i++) row = [1n, ...row.slice(1).map((x, j) => x + (row[j] ?? 0n)), 1n];
  const tail = row.reduce(
    (sum, x, k) => Math.abs(2 * k - n) >= Math.abs(b - c) ? sum + x : sum,
    0n,
  );
  return Number(tail * 10n ** 18n / 2n ** BigInt(n)) / 1e18;
}

Deno.test("McNemar's p is the exact binomial one", () => {
  for (const [b, c] of [[0, 0], [1, 0], [5, 5], [3, 9], [40, 61], [7, 6], [200, 260]] as const) {
    const wanted = binomial(b, c), found = exactTwoSided(b, c);
    assert.ok(Math.abs(found - wanted) <= 1e-12 + 1e-9 * wanted, `${b}, ${c}: ${found}, ${wanted}`);
  }
  assert.equal(exactTwoSided(5, 5), 1);
  assert.ok(Number.isFinite(exactTwoSided(4000, 5000)));
});

Deno.test("A pair is compared on the images where just one of both is right", () => {
  const found = paired([0, 1, 2, 3], [0, 1, 0, 0], [0, 0, 2, 3]);
  assert.deepEqual([found.onlyFirst, found.onlySecond, found.difference], [1, 2, 0.25]);
  // Wald: sqrt(b + c - (c - b)^2 / n) / n
  const half = 1.959963984540054 * Math.sqrt(3 - 1 / 4) / 4;
  assert.deepEqual(found.interval, [0.25 - half, 0.25 + half]);
});

Deno.test("Holm's correction multiplies the smallest most and never turns the order round", () => {
  const close = holm([0.01, 0.04, 0.03, 0.005]).map((x) => Number(x.toFixed(6)));
  assert.deepEqual(close, [0.03, 0.06, 0.06, 0.02]);
});

Deno.test("Most confused pairs leave out right answers and what never happened", () => {
  assert.deepEqual(mostConfused([[9, 2, 0], [5, 9, 2], [0, 0, 9]], 2), [
    { truth: 1, predicted: 0, count: 5 },
    { truth: 0, predicted: 1, count: 2 },
  ]);
});
