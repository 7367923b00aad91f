import assert from "node:assert/strict";
import { stream } from "../../numerics/random.ts";
import { furtherRun } from "../../pipelines/report/reference.ts";
import { accuracyOf, compare } from "../../pipelines/report/accuracy.ts";
import { exactTwoSided, holm, mostConfused } from "../../pipelines/report/statistics.ts";

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

const close = (found: number, wanted: number, what: string) =>
  assert.ok(Math.abs(found - wanted) < 1e-9, `${what}: ${found}, wanted ${wanted}`);

/** Predictions of so many right of `total` images of class 0, the first ones wrong. */
const right = (seed: string, count: number, total: number) => ({
  seed,
  predicted: Array.from({ length: total }, (_, i) => i < total - count ? 1 : 0),
});
const zeros = (total: number) => new Array<number>(total).fill(0);

Deno.test("A pair is compared on the images where just one of both is right", () => {
  const labels = [0, 1, 2, 3];
  const found = compare(labels, [{ seed: "", predicted: [0, 1, 0, 0] }], [
    { seed: "", predicted: [0, 0, 2, 3] },
  ]);
  assert.ok(found);
  assert.deepEqual([found.onlyFirst, found.onlySecond, found.mean, found.seeds], [1, 2, 0.25, 1]);
  assert.equal(found.p, exactTwoSided(1, 2));
  // Wald: sqrt(b + c - (c - b)^2 / n) / n
  const half = 1.959963984540054 * Math.sqrt(3 - 1 / 4) / 4;
  close(found.interval[0], 0.25 - half, "low");
  close(found.interval[1], 0.25 + half, "high");
});

Deno.test("With seeds a pair is tested over all that both have, on average over them", () => {
  const n = 100;
  const first = ["1", "2", "3", "9"].map((seed, i) => right(seed, [80, 82, 81, 10][i] ?? 0, n));
  const second = ["3", "1", "2"].map((seed, i) => right(seed, [86, 84, 89][i] ?? 0, n));
  const found = compare(zeros(n), first, second);
  assert.ok(found && found.p !== null);
  assert.equal(found.seeds, 3);
  close(found.mean, 0.16 / 3, "mean");
  // Student's t of 2 degrees of freedom has a closed form.
  const t = found.mean * Math.sqrt(3) / 0.01527525231651947;
  close(found.p, 1 - t / Math.sqrt(t * t + 2), "p");
  close(found.onlySecond - found.onlyFirst, 16 / 3, "won over lost");
  // Wider than seeds alone leave it: t 4.302652729749462, sd 0.01527525231651947.
  const seeds = 4.302652729749462 * 0.01527525231651947 / Math.sqrt(3);
  assert.ok(found.mean - found.interval[0] > seeds);
});

Deno.test("Seeds that all differ alike are not tested", () => {
  const n = 50, of = (count: number) => ["1", "2"].map((seed) => right(seed, count, n));
  assert.equal(compare(zeros(n), of(30), of(33))?.p, null);
});

Deno.test("The accuracy of one seed has Wilson's interval, near 0 and 1 as well", () => {
  // statsmodels.stats.proportion.proportion_confint(90, 100, method="wilson")
  const { mean, interval } = accuracyOf(zeros(100), [right("", 90, 100)]);
  assert.equal(mean, 0.9);
  assert.ok(Math.abs(interval[0] - 0.82563) < 1e-5, `low ${interval[0]}`);
  assert.ok(Math.abs(interval[1] - 0.94477) < 1e-5, `high ${interval[1]}`);
  const all = accuracyOf(zeros(100), [right("", 100, 100)]).interval;
  assert.ok(all[0] > 0.96 && all[0] < 0.964 && all[1] === 1, String(all));
});

Deno.test("The accuracy's interval is about the mean over seeds, and knows of seeds and images", () => {
  const n = 400;
  const seeds = [right("1", 40, n), right("2", 60, n), right("3", 20, n)];
  const { mean, interval: [low, high] } = accuracyOf(zeros(n), seeds);
  close(mean, 0.1, "mean");
  assert.ok(low < mean && mean < high);
  // sd 0.05 over three seeds: seeds alone leave 0.1242 each way.
  assert.equal(low, 0);
  assert.ok(high > 0.1 + 0.1242 && high < 0.1 + 0.1242 + 0.05, `high ${high}`);
  const alone = accuracyOf(zeros(n), seeds.slice(0, 1)).interval;
  assert.ok(high - low > alone[1] - alone[0]);
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

Deno.test("One more run is expected where Student's t says, and wherever one has been", () => {
  const found = furtherRun([0.9, 0.91, 0.92, 0.93]);
  // 0.915 ± t.ppf(0.975, 3) * 0.012909944 * sqrt(1 + 1 / 4)
  const half = 3.1824463052837078 * 0.01290994448735806 * Math.sqrt(1.25);
  assert.ok(found);
  close(found[0], 0.915 - half, "low");
  close(found[1], 0.915 + half, "high");
  // A tail that is there widens it to itself.
  const heavy = [...Array.from({ length: 40 }, (_, i) => 0.27 + 0.0001 * i), 0.344];
  assert.equal(furtherRun(heavy)?.[1], 0.344);
  assert.equal(furtherRun([0.3]), null);
});

Deno.test("One more of a distribution with heavy tails lies there in some 95 of 100 cases", () => {
  const { normal } = stream(7, "further-run");
  let at = 0;
  // Student's t of 3 degrees of freedom.
  const draw = () => {
    const square = () => {
      const x = normal(at++);
      return x * x;
    };
    return normal(at++) / Math.sqrt((square() + square() + square()) / 3);
  };
  const tries = 4000;
  let inside = 0;
  for (let k = 0; k < tries; k++) {
    const [low, high] = furtherRun(Array.from({ length: 16 }, draw)) ?? [NaN, NaN];
    const one = draw();
    if (one >= low && one <= high) inside++;
  }
  assert.ok(inside / tries > 0.92 && inside / tries < 0.97, String(inside / tries));
});
