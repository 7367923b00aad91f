/**
 * Elementary functions of f64 from + - * / sqrt and bit operations alone, so that they give the same bits
 * in every engine and version (`Math.exp` differs on 9.8 % of inputs between two V8 versions). Special
 * values are those of ECMAScript's Math.
 *
 * Error in units of f64's last place: 0.51 at most; of sin, cos, tan, sinh, tanh and expm1 0.55; where the
 * result is subnormal 0.76. tests/numerics_functions_test.ts holds them to it over all of f32 and f64.
 */
import {
  add,
  divide,
  multiply,
  type Pair,
  scale,
  squareRoot,
  twoProduct,
  twoSum,
} from "./double.ts";
import { expParts, expRounded, expScaled, logPair } from "./exponential.ts";
import { anglePair, cosPair, HALF_PI, PI, reduce, sinPair } from "./trigonometry.ts";

const TINY = 8.673617379884035e-19;
const INVERSE_LN2: Pair = [1.4426950408889634, 2.0355273740931033e-17];
const INVERSE_LN10: Pair = [0.4342944819032518, 1.098319650216765e-17];

const negate = (x: Pair): Pair => [-x[0], -x[1]];

export function exp(x: number): number {
  return Number.isNaN(x) ? x : expRounded([x, 0]);
}

/** e^x - 1 of |x| < 700 as a pair. */
function expm1Pair(x: Pair): Pair {
  const { m, k } = expParts(x);
  if (k === 0) return m;
  const power = scale(1, k);
  return add(add([1, 0], m).map((part) => part * power) as unknown as Pair, [-1, 0]); // still two parts
}

export function expm1(x: number): number {
  if (Number.isNaN(x) || Math.abs(x) < TINY) return x;
  if (x > 700) return exp(x);
  if (x < -40) return -1;
  return expm1Pair([x, 0])[0];
}

export function log(x: number): number {
  if (Number.isNaN(x) || x === Infinity) return x;
  return x < 0 ? NaN : x === 0 ? -Infinity : logPair([x, 0])[0];
}

/** ln(1 + x) of a pair > -1. */
function log1pPair(x: Pair): Pair {
  return logPair(add([1, 0], x));
}

export function log1p(x: number): number {
  if (Number.isNaN(x) || x === Infinity || Math.abs(x) < TINY) return x;
  return x < -1 ? NaN : x === -1 ? -Infinity : log1pPair([x, 0])[0];
}

export function log2(x: number): number {
  if (!(x > 0) || x === Infinity) return log(x);
  return multiply(logPair([x, 0]), INVERSE_LN2)[0];
}

export function log10(x: number): number {
  if (!(x > 0) || x === Infinity) return log(x);
  return multiply(logPair([x, 0]), INVERSE_LN10)[0];
}

export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const size = Math.abs(x);
  if (Math.abs(y) === Infinity) {
    return size === 1 ? NaN : (size > 1) === (y > 0) ? Infinity : 0;
  }
  const whole = Math.floor(y) === y;
  const odd = whole && Math.abs(y) < 9007199254740992 && Math.abs(y) % 2 === 1;
  if (x === 0 || size === Infinity) {
    const value = (x === 0) === (y > 0) ? 0 : Infinity;
    return odd && (x < 0 || Object.is(x, -0)) ? -value : value;
  }
  if (x < 0 && !whole) return NaN;
  if (y === 1) return x;
  const logarithm = logPair([size, 0]);
  const estimate = logarithm[0] * y;
  const value = estimate > 711
    ? Infinity
    : estimate < -747
    ? 0
    : Math.abs(estimate) < TINY
    ? 1
    : expRounded(multiply(logarithm, [y, 0]));
  return odd && x < 0 ? -value : value;
}

export function cbrt(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const value = expRounded(divide(logPair([Math.abs(x), 0]), [3, 0]));
  return x < 0 ? -value : value;
}

export function sin(x: number): number {
  if (!Number.isFinite(x)) return NaN;
  if (Math.abs(x) < 9.313225746154785e-10) return x;
  const { quadrant, rest } = reduce(x);
  const value = (quadrant & 1) === 0 ? sinPair(rest)[0] : cosPair(rest)[0];
  return quadrant >= 2 ? -value : value;
}

export function cos(x: number): number {
  if (!Number.isFinite(x)) return NaN;
  const { quadrant, rest } = reduce(x);
  const value = (quadrant & 1) === 0 ? cosPair(rest)[0] : sinPair(rest)[0];
  return quadrant === 1 || quadrant === 2 ? -value : value;
}

export function tan(x: number): number {
  if (!Number.isFinite(x)) return NaN;
  if (Math.abs(x) < 9.313225746154785e-10) return x;
  const { quadrant, rest } = reduce(x);
  const sine = sinPair(rest), cosine = cosPair(rest);
  return (quadrant & 1) === 0 ? divide(sine, cosine)[0] : -divide(cosine, sine)[0];
}

export function atan2(y: number, x: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const negative = y < 0 || Object.is(y, -0), left = x < 0 || Object.is(x, -0);
  let up = Math.abs(y), right = Math.abs(x);
  if (up === Infinity || right === Infinity) {
    up = up === Infinity ? 1 : 0;
    right = right === Infinity ? 1 : 0;
  } else if (up === 0 && right === 0) {
    right = 1;
  }
  // Scaled by a power of two, so that pairs keep their low parts.
  const large = Math.max(up, right);
  if (large > 8.452712498170644e+270 || large < 1.499696813895631e-241) {
    const factor = large > 8.452712498170644e+270 ? 6.223015277861142e-61 : 2.037035976334486e+90;
    up *= factor;
    right *= factor;
  }
  let angle: Pair;
  if (up < right * 7.888609052210118e-31) angle = left ? [0, 0] : [up / right, 0];
  else if (right < up * 7.888609052210118e-31) angle = HALF_PI;
  else angle = anglePair([up, 0], [right, 0]);
  if (left) angle = add(PI, negate(angle));
  return negative ? -angle[0] : angle[0];
}

export function atan(x: number): number {
  if (Number.isNaN(x) || Math.abs(x) < 9.313225746154785e-10) return x;
  return atan2(x, 1);
}

export function asin(x: number): number {
  if (!(Math.abs(x) <= 1)) return NaN;
  if (Math.abs(x) < 9.313225746154785e-10) return x;
  const size = Math.abs(x);
  const other = squareRoot(multiply(twoSum(1, -size), twoSum(1, size)));
  const value = anglePair([size, 0], other)[0];
  return x < 0 ? -value : value;
}

export function acos(x: number): number {
  if (!(Math.abs(x) <= 1)) return NaN;
  return 2 * anglePair(squareRoot(twoSum(1, -x)), squareRoot(twoSum(1, x)))[0];
}

/** e^size / 2 for a size that may lie above ln of the largest f64. */
function halfExp(size: number): number {
  if (size > 712) return Infinity;
  const { value, k } = expScaled([size, 0]);
  return scale(value[0], k - 1);
}

export function sinh(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x) || size < 9.313225746154785e-10) return x;
  if (size > 40) return x < 0 ? -halfExp(size) : halfExp(size);
  const less = expm1Pair([size, 0]);
  const value = add(less, divide(less, add([1, 0], less)))[0] / 2;
  return x < 0 ? -value : value;
}

export function cosh(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size > 40) return halfExp(size);
  const power = add([1, 0], expm1Pair([size, 0]));
  return add(power, divide([1, 0], power))[0] / 2;
}

export function tanh(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x) || size < 9.313225746154785e-10) return x;
  if (size > 20) return x < 0 ? -1 : 1;
  const less = expm1Pair([2 * size, 0]);
  const value = divide(less, add([2, 0], less))[0];
  return x < 0 ? -value : value;
}

export function asinh(x: number): number {
  const size = Math.abs(x);
  if (!Number.isFinite(x) || size < 9.313225746154785e-10) return x;
  let value: number;
  if (size > 1073741824) value = add(logPair([size, 0]), LN2)[0];
  else {
    const square = twoProduct(size, size);
    const root = squareRoot(add([1, 0], square));
    value = log1pPair(add([size, 0], divide(square, add([1, 0], root))))[0];
  }
  return x < 0 ? -value : value;
}

const LN2: Pair = logPair([2, 0]);

export function acosh(x: number): number {
  if (!(x >= 1)) return NaN;
  if (x === Infinity) return x;
  if (x > 1073741824) return add(logPair([x, 0]), LN2)[0];
  const above = twoSum(x, -1);
  return log1pPair(add(above, squareRoot(multiply(above, twoSum(x, 1)))))[0];
}

export function atanh(x: number): number {
  const size = Math.abs(x);
  if (!(size <= 1)) return NaN;
  if (size < 9.313225746154785e-10) return x;
  const value = size === 1 ? Infinity : log1pPair(divide([2 * size, 0], twoSum(1, -size)))[0] / 2;
  return x < 0 ? -value : value;
}

export function hypot(...values: readonly number[]): number {
  let largest = 0, unknown = false;
  for (const value of values) {
    const size = Math.abs(value);
    if (size === Infinity) return Infinity;
    if (Number.isNaN(size)) unknown = true;
    else if (size > largest) largest = size;
  }
  if (unknown) return NaN;
  if (largest === 0) return 0;
  const shift = largest > 2.5822498780869086e+120
    ? -600
    : largest < 3.8725919148493183e-121
    ? 600
    : 0;
  let sum: Pair = [0, 0];
  for (const value of values) {
    const scaled = scale(value, shift);
    sum = add(sum, twoProduct(scaled, scaled));
  }
  return scale(squareRoot(sum)[0], -shift);
}
