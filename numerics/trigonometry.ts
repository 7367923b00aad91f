/** The cores of sin, cos and atan: argument reduction, and kernels on pairs. */
import { add, divide, multiply, type Pair, quickSum, twoProduct, twoSum } from "./double.ts";

export const HALF_PI: Pair = [1.5707963267948966, 6.123233995736766e-17];
export const PI: Pair = [3.141592653589793, 1.2246467991473532e-16];
/** pi/2 in parts of 33 bits, so that their products with n < 2^20 are exact. */
const HALF_PI_1 = 1.5707963267341256, HALF_PI_2 = 6.077100506303966e-11;
const HALF_PI_3 = 2.0222662487111665e-21, HALF_PI_4 = 8.4784276603689e-32;

/** Fractional bits of the exact reduction: 1024 for the largest argument, and 176 for the result. */
const BITS = 1200n;
let exactHalfPi: bigint | undefined;

/** pi/2 * 2^2400 by Machin's formula, on first use. */
function halfPi(): bigint {
  if (exactHalfPi !== undefined) return exactHalfPi;
  const one = 1n << (2n * BITS + 16n);
  const inverse = (n: bigint) => {
    let term = one / n, sum = 0n;
    for (let k = 1n; term !== 0n; k += 2n) {
      sum += k % 4n === 1n ? term / k : -(term / k);
      term /= n * n;
    }
    return sum;
  };
  exactHalfPi = (8n * inverse(5n) - 2n * inverse(239n)) >> 16n;
  return exactHalfPi;
}

/** A large x exactly: its remainder by pi/2 in integers. */
function reduceExactly(x: number): { quadrant: number; rest: Pair } {
  // x is an integer times 2^-52 at least, since it is above 2^16.
  const whole = Math.floor(x);
  const numerator = (BigInt(whole) << (2n * BITS)) +
    (BigInt((x - whole) * 9007199254740992) << (2n * BITS - 53n));
  const divisor = halfPi();
  let n = numerator / divisor;
  let rest = numerator - n * divisor;
  if (rest * 2n > divisor) {
    n += 1n;
    rest -= divisor;
  }
  const shifted = rest >> (BITS + 1000n); // 200 fractional bits
  const high = Number(shifted);
  const low = Number(shifted - BigInt(high));
  return {
    quadrant: Number(n & 3n),
    rest: [
      high / 1.2676506002282294e+30 / 1.2676506002282294e+30,
      low / 1.2676506002282294e+30 / 1.2676506002282294e+30,
    ],
  };
}

/** x = n * pi/2 + rest with |rest| <= pi/4 (a hair more); quadrant is n mod 4. x finite. */
export function reduce(x: number): { quadrant: number; rest: Pair } {
  const size = Math.abs(x);
  if (size <= 0.7853981633974483) return { quadrant: 0, rest: [x, 0] };
  if (size > 131072) {
    const { quadrant, rest } = reduceExactly(size);
    return x > 0
      ? { quadrant, rest }
      : { quadrant: (4 - quadrant) & 3, rest: [-rest[0], -rest[1]] };
  }
  const n = Math.round(x * 0.6366197723675814);
  let rest = twoSum(x - n * HALF_PI_1, -n * HALF_PI_2);
  rest = add(rest, [-n * HALF_PI_3, 0]);
  const [high, low] = twoProduct(n, HALF_PI_4);
  rest = add(rest, [-high, -low]);
  return { quadrant: ((n % 4) + 4) % 4, rest };
}

/** sum of (-1)^i z^i / (first + 2i)! scaled by first!, without the leading 1, over -z. */
function series(z: number, first: number): number {
  let sum = 0;
  for (let n = first + 22; n > first; n -= 2) sum = (1 - sum * z) / (n * (n - 1));
  return sum;
}

/** sin of a pair in [-0.8, 0.8]. */
export function sinPair(x: Pair): Pair {
  const square = multiply(x, x);
  // sin x = x - x^3/6 + x^5/120 - ...; the terms from x^5 on are below 2^-8 of x.
  const cubic = multiply(multiply(x, square), divide([1, 0], [6, 0]));
  const rest = x[0] * square[0] * square[0] / 6 * series(square[0], 3);
  return add(x, add([-cubic[0], -cubic[1]], [rest, 0]));
}

/** cos of a pair in [-0.8, 0.8]. */
export function cosPair(x: Pair): Pair {
  const square = multiply(x, x);
  const rest = square[0] * square[0] / 2 * series(square[0], 2);
  return add(add([1, 0], [-square[0] / 2, -square[1] / 2]), [rest, 0]);
}

/** atan(i/4) for i = 0 .. 4. */
const ARCS: readonly Pair[] = [
  [0, 0],
  [0.24497866312686414, 1.0698755618734451e-17],
  [0.4636476090008061, 2.2698777452961687e-17],
  [0.6435011087932844, 1.5834785051444286e-17],
  [0.7853981633974483, 3.061616997868383e-17],
];

/** atan of a pair in [0, 1]. */
export function atanPair(x: Pair): Pair {
  const index = Math.round(x[0] * 4);
  const centre = index / 4;
  // atan x = atan c + atan t, t = (x - c) / (1 + c x), |t| <= 1/8.
  const t = index === 0 ? x : divide(
    add([x[0] - centre, 0], [x[1], 0]),
    add([1, 0], multiply([centre, 0], x)),
  );
  const square = multiply(t, t);
  let sum = 0;
  for (let n = 23; n >= 5; n -= 2) sum = (1 / n - sum) * square[0];
  // 1/3 as a pair: its term is up to 2^-8 of the result.
  const third = add(divide([1, 0], [3, 0]), [-sum, 0]);
  const cubic = multiply(multiply(t, square), third);
  const arc = add(t, [-cubic[0], -cubic[1]]);
  return index === 0 ? arc : add(ARCS[index] ?? [0, 0], arc);
}

/** The angle of a point in the first quadrant: atan(y / x), y and x >= 0, not both 0. */
export function anglePair(y: Pair, x: Pair): Pair {
  if (y[0] <= x[0]) return atanPair(divide(y, x));
  const other = atanPair(divide(x, y));
  return add(HALF_PI, [-other[0], -other[1]]);
}

/** The sum of both parts in f64; pairs are normalised, so it is the high part again. */
export function rounded(x: Pair): number {
  return quickSum(x[0], x[1])[0];
}
