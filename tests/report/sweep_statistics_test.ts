/** Truth is scipy 1.17; each table has the command that printed it. */
import assert from "node:assert/strict";
import {
  difference,
  halfWidth,
  incompleteBeta,
  logGamma,
  quantile95,
  twoSided,
} from "../../pipelines/report/sweep_statistics.ts";

function close(found: number, wanted: number, what: string, part = 1e-12): void {
  assert.ok(Math.abs(found - wanted) <= part * Math.abs(wanted), `${what}: ${found}, ${wanted}`);
}

const bySeed = (values: readonly number[]) =>
  values.map((value, i) => ({ seed: String(i + 1), value }));

Deno.test("log Γ is scipy's", () => {
  // scipy.special.gammaln(x)
  for (
    const [x, wanted] of [
      [0.5, 0.5723649429247],
      [3.5, 1.2009736023470743],
      [12, 17.502307845873887],
      [250.25, 1129.903760977644],
    ] as const
  ) close(logGamma(x), wanted, `log Γ(${x})`);
});

Deno.test("the incomplete beta function is scipy's", () => {
  // scipy.special.betainc(a, b, x)
  for (
    const [a, b, x, wanted] of [
      [0.5, 0.5, 0.3, 0.36901011956554536],
      [1, 0.5, 0.9, 0.6837722339831621],
      [2.5, 0.5, 0.01, 3.4075027649461746e-06],
      [30, 0.5, 0.98, 0.2728982652346767],
      [4, 7, 0.4, 0.6177193984000001],
    ] as const
  ) close(incompleteBeta(x, a, b), wanted, `I_${x}(${a}, ${b})`);
  assert.equal(incompleteBeta(0, 2, 3), 0);
  assert.equal(incompleteBeta(1, 2, 3), 1);
});

Deno.test("p of Student's t is scipy's, far out as well", () => {
  // 2 * scipy.stats.t.sf(t, freedom)
  for (
    const [t, freedom, wanted] of [
      [0.1, 1, 0.936548965138893],
      [2, 2, 0.18350341907227397],
      [4.3, 2, 0.05005715411709159],
      [12, 4, 0.000276428548502973],
      [60, 3, 1.0199593673319755e-05],
      [3, 29, 0.005499192133903412],
    ] as const
  ) {
    close(twoSided(t, freedom), wanted, `p of ${t} with ${freedom}`);
    assert.equal(twoSided(-t, freedom), twoSided(t, freedom));
  }
});

Deno.test("a 95 % interval is as wide as scipy's quantile says", () => {
  // scipy.stats.t.ppf(0.975, freedom)
  for (
    const [freedom, wanted] of [
      [1, 12.706204736174694],
      [2, 4.302652729749462],
      [3, 3.1824463052837078],
      [4, 2.7764451051977934],
      [9, 2.262157162798205],
      [29, 2.045229642132703],
      [1000, 1.9623390808264083],
    ] as const
  ) close(quantile95(freedom), wanted, `quantile of ${freedom}`);
  // scipy.stats.t.interval(0.95, 3, numpy.mean(a), scipy.stats.sem(a))
  const half = halfWidth([0.912, 0.905, 0.917, 0.909]) ?? 0;
  close(half, (0.918798401882266 - 0.9027015981177339) / 2, "half width", 1e-9);
  assert.equal(halfWidth([0.9]), null);
});

Deno.test("two trials are compared seed by seed, whatever their order", () => {
  const base = bySeed([0.912, 0.905, 0.917, 0.909]);
  const other = bySeed([0.921, 0.913, 0.919, 0.918]).reverse();
  const found = difference(base, other);
  assert.ok(found !== null && found.half !== null && found.p !== null);
  // scipy.stats.ttest_rel(other, base), and its confidence_interval(0.95)
  close(found.p, 0.025285687269741737, "p", 1e-9);
  close(found.mean - found.half, 0.0016431446372858422, "low", 1e-9);
  close(found.mean + found.half, 0.012356855362714171, "high", 1e-9);
});

Deno.test("seeds that one of both lacks do not count, and below two there is no test", () => {
  const base = bySeed([0.9, 0.8, 0.7]);
  const two = difference(base, bySeed([0.91, 0.83]));
  assert.equal(two?.pairs, 2);
  close(two?.mean ?? 0, 0.02, "mean", 1e-9);
  const one = difference(base, bySeed([0.95]));
  assert.deepEqual([one?.pairs, one?.half, one?.p], [1, null, null]);
  assert.equal(difference(base, [{ seed: "9", value: 1 }]), null);
});

Deno.test("equal differences are no certainty: there is no spread to test against", () => {
  const found = difference(bySeed([0.9, 0.8, 0.7]), bySeed([0.91, 0.81, 0.71]));
  assert.equal(found?.p, null);
  close(found?.mean ?? 0, 0.01, "mean", 1e-9);
});
