/** The cores of exp and log on pairs, from which exponential.ts' callers build their functions. */
import {
  add,
  divide,
  exponentOf,
  multiply,
  type Pair,
  quickSum,
  scale,
  twoProduct,
  twoSum,
} from "./double.ts";

/** ln 2 in three parts; the first has 32 bits, so that its product with an exponent is exact. */
const LN2_1 = 0.6931471803691238, LN2_2 = 1.9082149292705877e-10, LN2_3 = 1.1612227229362532e-26;
const INVERSE_LN2 = 1.4426950408889634;

/** 1/n! for n = 3 .. 17, for Horner's rule. */
const INVERSE_FACTORIALS = Float64Array.from({ length: 15 }, (_, i) => {
  let factorial = 1;
  for (let n = 2; n <= i + 3; n++) factorial *= n;
  return 1 / factorial;
});

/** e^x - 1 = 2^k * (1 + m) - 1 with |m| <= 0.42; x a pair with |x| < 1500. m to about 2^-65. */
export function expParts(x: Pair): { m: Pair; k: number } {
  const k = Math.round(x[0] * INVERSE_LN2);
  let r: Pair = x;
  if (k !== 0) {
    const [high, low] = twoProduct(k, LN2_2);
    r = add(add([x[0] - k * LN2_1, x[1]], [-high, -low]), [-k * LN2_3, 0]);
  }
  const z = r[0];
  let tail = 0;
  for (let i = INVERSE_FACTORIALS.length - 1; i >= 0; i--) {
    tail = tail * z + (INVERSE_FACTORIALS[i] as number); // in range by the loop
  }
  const square = multiply(r, r);
  // The cubic term's own rounding is 2^-53 of r^3/6, far under the result's half ulp.
  const cubic = square[0] * z * tail;
  return { m: add(add(r, [square[0] / 2, square[1] / 2]), [cubic, 0]), k };
}

/** e^x of a pair with |x| < 1500, as mantissa in [0.7, 1.42] and power of two. */
export function expScaled(x: Pair): { value: Pair; k: number } {
  const { m, k } = expParts(x);
  return { value: add([1, 0], m), k };
}

/** e^x of a pair, rounded to f64. */
export function expRounded(x: Pair): number {
  if (x[0] > 710) return Infinity;
  if (x[0] < -746) return 0;
  const { value, k } = expScaled(x);
  return scale(value[0], k);
}

/** ln x of a pair > 0, to about 2^-98 of max(|result|, 2^-53). */
export function logPair(x: Pair): Pair {
  let k = exponentOf(x[0]);
  let high = scale(x[0], -k), low = scale(x[1], -k);
  if (high > 1.4142135623730951) {
    high /= 2;
    low /= 2;
    k += 1;
  }
  // ln m = 2 artanh s, s = (m - 1) / (m + 1), |s| <= 0.172.
  const s = divide(quickPair(high - 1, low), add(twoSum(high, 1), [low, 0]));
  const square = multiply(s, s);
  // sum of s^(2n) / (2n + 1): the first terms as pairs, the rest, below 2^-25, in f64.
  let rest = 0;
  for (let n = 24; n >= 5; n--) rest = (rest + 1 / (2 * n + 1)) * square[0];
  let sum: Pair = [rest, 0];
  for (let n = 4; n >= 1; n--) {
    sum = multiply(add(sum, divide([1, 0], [2 * n + 1, 0])), square);
  }
  const series = add(multiply(s, sum), s);
  const mantissa: Pair = [2 * series[0], 2 * series[1]];
  if (k === 0) return mantissa;
  const [p, q] = twoProduct(k, LN2_2);
  return add(add(twoSum(k * LN2_1, p), [q + k * LN2_3, 0]), mantissa);
}

/** A pair from parts of any order of size. */
function quickPair(a: number, b: number): Pair {
  return a === 0 ? [b, 0] : Math.abs(a) >= Math.abs(b) ? quickSum(a, b) : twoSum(a, b);
}
