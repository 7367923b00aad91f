import assert from "node:assert/strict";
import * as functions from "../numerics/functions.ts";
import { deterministicMath } from "../numerics/math.ts";
import { stream } from "../numerics/random.ts";

/**
 * The oracle: integers with 220 fractional bits, and Taylor series summed until they vanish. It shares
 * nothing with what it judges.
 */
const BITS = 220n, ONE = 1n << BITS;

function fixed(x: number): bigint {
  let value = x, shift = BITS;
  while (!Number.isInteger(value)) {
    value *= 2;
    shift -= 1n;
  }
  return shift >= 0n ? BigInt(value) << shift : BigInt(value) >> -shift;
}

const times = (a: bigint, b: bigint) => (a * b) >> BITS;
const over = (a: bigint, b: bigint) => (a << BITS) / b;

/** Taylor series with term n = previous * x / next(n). */
function taylor(first: bigint, next: (term: bigint, n: bigint) => bigint): bigint {
  let sum = 0n;
  for (let term = first, n = 1n; term !== 0n && term !== -1n; n++) {
    sum += term;
    term = next(term, n);
  }
  return sum;
}

function expFixed(x: bigint): bigint {
  const small = x >> 8n; // |x| stays below 1/2 for |x| < 128
  let value = taylor(ONE, (term, n) => times(term, small) / n);
  for (let i = 0; i < 8; i++) value = times(value, value);
  return value;
}

function logFixed(x: bigint): bigint {
  let y = fixed(Math.log(Number(x) / Number(ONE)));
  for (let i = 0; i < 4; i++) {
    const e = expFixed(y); // Halley's step triples the digits
    y += 2n * over(x - e, x + e);
  }
  return y;
}

const sinFixed = (x: bigint) =>
  taylor(x, (term, n) => -times(times(term, x), x) / (2n * n * (2n * n + 1n)));
const cosFixed = (x: bigint) =>
  taylor(ONE, (term, n) => -times(times(term, x), x) / (2n * n * (2n * n - 1n)));

function atanFixed(x: bigint): bigint {
  let y = fixed(Math.atan(Number(x) / Number(ONE)));
  for (let i = 0; i < 5; i++) {
    const s = sinFixed(y), c = cosFixed(y);
    y -= over(s - times(x, c), c + times(x, s)); // Newton on tan of the difference
  }
  return y;
}

function rootFixed(x: bigint): bigint {
  const wide = x << BITS;
  let y = fixed(Math.sqrt(Number(x) / Number(ONE))) + 1n;
  for (let i = 0; i < 6; i++) y = (y + wide / y) >> 1n;
  return y;
}

/** Distance in units of the last place of the true value. */
function ulps(found: number, truth: bigint): number {
  const size = Math.abs(Number(truth) / Number(ONE));
  const ulp = 2 ** (Math.floor(Math.log2(size)) - 52);
  return Math.abs(Number(fixed(found) - truth) / Number(ONE) / ulp);
}

type Case = [keyof typeof functions & string, number, number, (x: bigint) => bigint];
const half = (a: bigint) => a / 2n;
const CASES: Case[] = [
  ["exp", -40, 40, expFixed],
  ["expm1", -3, 3, (x) => expFixed(x) - ONE],
  ["expm1", -0.01, 0.01, (x) => expFixed(x) - ONE],
  ["log", 0.01, 3, logFixed],
  ["log", 0.99, 1.01, logFixed],
  ["log1p", -0.5, 0.5, (x) => logFixed(ONE + x)],
  ["log2", 0.1, 1e6, (x) => over(logFixed(x), logFixed(2n * ONE))],
  ["log10", 0.1, 1e6, (x) => over(logFixed(x), logFixed(10n * ONE))],
  ["sin", -12, 12, sinFixed],
  ["cos", -12, 12, cosFixed],
  ["tan", -12, 12, (x) => over(sinFixed(x), cosFixed(x))],
  ["atan", -8, 8, atanFixed],
  ["asin", -0.999, 0.999, (x) => atanFixed(over(x, rootFixed(ONE - times(x, x))))],
  ["acos", -0.999, 0.999, (x) => 2n * atanFixed(rootFixed(over(ONE - x, ONE + x)))],
  ["sinh", -4, 4, (x) => half(expFixed(x) - expFixed(-x))],
  ["cosh", -4, 4, (x) => half(expFixed(x) + expFixed(-x))],
  ["tanh", -4, 4, (x) => over(expFixed(x) - expFixed(-x), expFixed(x) + expFixed(-x))],
  ["asinh", 0.01, 9, (x) => logFixed(x + rootFixed(times(x, x) + ONE))],
  ["acosh", 1.0001, 9, (x) => logFixed(x + rootFixed(times(x, x) - ONE))],
  ["atanh", -0.99, 0.99, (x) => half(logFixed(over(ONE + x, ONE - x)))],
  ["cbrt", 0.01, 1000, (x) => expFixed(logFixed(x) / 3n)],
];

for (const [name, low, high, oracle] of CASES) {
  Deno.test(`${name} on [${low}, ${high}] is right to 0.52 units in the last place`, () => {
    // One argument in, one number out: the cases name no other function.
    const f = functions[name] as (x: number) => number;
    const draws = stream(3, "functions", name, low);
    let worst = 0, at = 0;
    for (let i = 0; i < 60; i++) {
      const x = low +
        (high - low) * (draws.uint32(2 * i) + draws.uint32(2 * i + 1) / 2 ** 32) / 2 ** 32;
      const error = ulps(f(x), oracle(fixed(x)));
      if (error > worst) [worst, at] = [error, x];
    }
    assert.ok(worst <= 0.52, `${worst} ulp at ${at}`);
  });
}

Deno.test("pow is right to 0.52 units in the last place", () => {
  const draws = stream(3, "functions", "pow");
  for (let i = 0; i < 60; i++) {
    const x = 0.1 + 5 * draws.uniform(2 * i), y = 40 * draws.uniform(2 * i + 1) - 20;
    const error = ulps(functions.pow(x, y), expFixed(times(logFixed(fixed(x)), fixed(y))));
    assert.ok(error <= 0.52, `${error} ulp at ${x}, ${y}`);
  }
});

Deno.test("The sine of huge arguments comes from an exact reduction", () => {
  // Published values of sin(1e22) and of the double that comes closest to a multiple of pi/2.
  assert.equal(functions.sin(1e22), -0.8522008497671888);
  assert.equal(functions.cos(6381956970095103 * 2 ** 797), -4.6871659242546277e-19);
});

Deno.test("Special values are those of ECMAScript", () => {
  const specials = [
    NaN,
    Infinity,
    -Infinity,
    0,
    -0,
    1,
    -1,
    2,
    -2,
    0.5,
    -0.5,
    5e-324,
    1.7e308,
    -1.7e308,
  ];
  for (const [name, f] of Object.entries(deterministicMath)) {
    const truth = Math[name as keyof typeof deterministicMath] as (...x: number[]) => number;
    const ours = f as (...x: number[]) => number; // the table holds functions of one or two numbers
    for (const x of specials) {
      for (const y of ours.length === 1 ? [0] : specials) {
        const found = ours(x, y), wanted = truth(x, y);
        const equal = Object.is(found, wanted) ||
          (wanted !== 0 && Math.abs(found - wanted) <= 2 ** -52 * Math.abs(wanted));
        assert.ok(equal, `${name}(${x}, ${y}) is ${found}, wanted ${wanted}`);
      }
    }
  }
});

Deno.test("Exact results are exact", () => {
  for (let n = -300; n <= 300; n += 7) assert.equal(functions.log10(Number(`1e${n}`)), n);
  for (let n = -1074; n <= 1023; n += 13) assert.equal(functions.log2(2 ** n), n);
  for (let n = 1; n < 200; n++) assert.equal(functions.cbrt(n * n * n), n);
  assert.equal(functions.pow(7, 17), 232630513987207);
  assert.equal(functions.hypot(3 * 2 ** 600, 4 * 2 ** 600), 5 * 2 ** 600);
  assert.equal(functions.exp(1), Math.E);
});
