/**
 * Sums of two f64 (about 106 bits) by the error-free transformations of Knuth and Dekker. Without fused
 * multiply-add, which JavaScript lacks, every engine rounds them alike.
 */

/** `[high, low]`, high being the sum rounded to f64. */
export type Pair = readonly [number, number];

/** a + b without error. */
export function twoSum(a: number, b: number): Pair {
  const sum = a + b;
  const rest = sum - a;
  return [sum, (a - (sum - rest)) + (b - rest)];
}

/** a + b without error where |a| >= |b| or a is 0. */
export function quickSum(a: number, b: number): Pair {
  const sum = a + b;
  return [sum, b - (sum - a)];
}

/** a * b without error; both below 2^970 and the product above 2^-960, or the low part is not exact. */
export function twoProduct(a: number, b: number): Pair {
  const product = a * b;
  const aScaled = 134217729 * a, bScaled = 134217729 * b;
  const aHigh = aScaled - (aScaled - a), bHigh = bScaled - (bScaled - b);
  const aLow = a - aHigh, bLow = b - bHigh;
  return [product, ((aHigh * bHigh - product) + aHigh * bLow + aLow * bHigh) + aLow * bLow];
}

export function add(a: Pair, b: Pair): Pair {
  const [high, low] = twoSum(a[0], b[0]);
  const [high2, low2] = twoSum(a[1], b[1]);
  const [high3, low3] = quickSum(high, low + high2);
  return quickSum(high3, low3 + low2);
}

export function multiply(a: Pair, b: Pair): Pair {
  const [high, low] = twoProduct(a[0], b[0]);
  return quickSum(high, low + (a[0] * b[1] + a[1] * b[0]));
}

export function divide(a: Pair, b: Pair): Pair {
  const first = a[0] / b[0];
  const product = multiply([first, 0], b);
  const rest = add(a, [-product[0], -product[1]]);
  return quickSum(first, rest[0] / b[0]);
}

/** Root of a pair that is not negative. */
export function squareRoot(a: Pair): Pair {
  if (a[0] === 0) return [0, 0];
  const first = Math.sqrt(a[0]);
  const [high, low] = twoProduct(first, first);
  return quickSum(first, ((a[0] - high) - low + a[1]) / (2 * first));
}

const scratch = new DataView(new ArrayBuffer(8));

/** 2^n for n in -1022 .. 1023. */
function power2(n: number): number {
  scratch.setUint32(0, (n + 1023) << 20);
  scratch.setUint32(4, 0);
  return scratch.getFloat64(0);
}

/** x * 2^n for any integer n, rounded once unless it passes through subnormals. */
export function scale(x: number, n: number): number {
  let value = x, left = n;
  while (left > 1023) {
    value *= power2(1023);
    left -= 1023;
    if (!Number.isFinite(value)) return value;
  }
  while (left < -1022) {
    // 2^-969 first, so that only the last product can be subnormal.
    value *= power2(-969);
    left += 969;
    if (value === 0) return value;
  }
  return value * power2(left);
}

/** The exponent e of a finite x > 0 with x = m * 2^e, m in [1, 2). */
export function exponentOf(x: number): number {
  if (x < 2.2250738585072014e-308) return exponentOf(x * 18014398509481984) - 54;
  scratch.setFloat64(0, x);
  return ((scratch.getUint32(0) >>> 20) & 0x7ff) - 1023;
}
