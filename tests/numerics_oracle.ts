/**
 * The truth about elementary functions: integers with 1400 fractional bits, and Taylor series summed until
 * they vanish. Every f64 is such an integer, and it shares nothing with what it judges.
 */
const BITS = 1400n;
export const ONE = 1n << BITS;

const scratch = new DataView(new ArrayBuffer(8));

/** A finite f64, exactly. */
export function fixed(x: number): bigint {
  scratch.setFloat64(0, x);
  const bits = scratch.getBigUint64(0);
  const exponent = bits >> 52n & 0x7ffn, fraction = bits & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction : fraction | 0x10000000000000n;
  const value = size << (BITS - 1075n + (exponent === 0n ? 1n : exponent));
  return x < 0 ? -value : value;
}

const size = (a: bigint) => a < 0n ? -a : a;
/** The e of 2^e <= |a| < 2^(e + 1). */
const exponentOf = (a: bigint) => BigInt(size(a).toString(2).length - 1) - BITS;

/** To about 53 bits; what is beyond f64's range must not be asked for. */
export function about(a: bigint): number {
  const shift = exponentOf(a) + BITS - 60n;
  if (shift <= 0n) return Number(a) / 2 ** 700 / 2 ** 700;
  return Number(a >> shift) * 2 ** Number(shift - BITS);
}

export const times = (a: bigint, b: bigint) => (a * b) >> BITS;
export const over = (a: bigint, b: bigint) => (a << BITS) / b;

/** Taylor series with term n = next(previous, n). */
function taylor(first: bigint, next: (term: bigint, n: bigint) => bigint): bigint {
  let sum = 0n;
  for (let term = first, n = 1n; term !== 0n && term !== -1n; n++) {
    sum += term;
    term = next(term, n);
  }
  return sum;
}

/** e^x for |x| < 1000. */
export function exp(x: bigint): bigint {
  const small = x >> 16n;
  let value = taylor(ONE, (term, n) => times(term, small) / n);
  for (let i = 0; i < 16; i++) value = times(value, value);
  return value;
}

/** 2 artanh(s) for |s| < 0.4. */
function series(s: bigint): bigint {
  const square = times(s, s);
  let sum = 0n;
  for (let term = s, n = 1n; term !== 0n && term !== -1n; n += 2n) {
    sum += term / n;
    term = times(term, square);
  }
  return 2n * sum;
}
const LN2 = series(ONE / 3n);

/** ln x, x > 0. */
export function log(x: bigint): bigint {
  const k = exponentOf(x);
  const m = k >= 0n ? x >> k : x << -k;
  return series(over(m - ONE, m + ONE)) + k * LN2;
}

/** atan(1 / n). */
function inverse(n: bigint): bigint {
  let sum = 0n;
  for (let term = ONE * ONE / n, k = 1n; term !== 0n; k += 2n) {
    sum += k % 4n === 1n ? term / k : -(term / k);
    term /= n * n;
  }
  return sum;
}
/** pi to 2800 bits, by Gauss' formula. */
const PI = 4n * (12n * inverse(18n) + 8n * inverse(57n) - 5n * inverse(239n));

export const HALF_PI = PI >> (BITS + 1n);

/** The rest of x by the nearest multiple of pi / 2, and which it was, by 4. */
function reduce(x: bigint): { rest: bigint; quadrant: bigint } {
  const wide = x << BITS, half = PI / 2n;
  let n = wide / half;
  if (2n * size(wide - n * half) > half) n += x < 0n ? -1n : 1n;
  return { rest: (wide - n * half) >> BITS, quadrant: ((n % 4n) + 4n) % 4n };
}
const sinSmall = (x: bigint) =>
  taylor(x, (term, n) => -times(times(term, x), x) / (2n * n * (2n * n + 1n)));
const cosSmall = (x: bigint) =>
  taylor(ONE, (term, n) => -times(times(term, x), x) / (2n * n * (2n * n - 1n)));

export function sin(x: bigint): bigint {
  const { rest, quadrant } = reduce(x);
  const value = quadrant % 2n === 0n ? sinSmall(rest) : cosSmall(rest);
  return quadrant >= 2n ? -value : value;
}
export function cos(x: bigint): bigint {
  const { rest, quadrant } = reduce(x);
  const value = quadrant % 2n === 0n ? cosSmall(rest) : sinSmall(rest);
  return quadrant === 1n || quadrant === 2n ? -value : value;
}

export function root(x: bigint): bigint {
  const wide = x << BITS;
  let y = 1n << ((exponentOf(wide) + BITS) / 2n + 1n);
  for (let next = y; next <= y;) {
    y = next;
    next = (y + wide / y) >> 1n;
    if (next === y) break;
  }
  return y;
}

export function atan(x: bigint): bigint {
  if (x < 0n) return -atan(-x);
  if (x > ONE) return HALF_PI - atan(over(ONE, x));
  // Half the angle three times: |t| <= tan(pi / 32).
  let t = x;
  for (let i = 0; i < 3; i++) t = over(t, ONE + root(ONE + times(t, t)));
  const square = times(t, t);
  let sum = 0n;
  for (let term = t, n = 1n; term !== 0n && term !== -1n; n += 2n) {
    sum += term / n;
    term = -times(term, square);
  }
  return 8n * sum;
}

/** A format's bits of significand, the exponent of its least normal and of its largest number. */
export interface Format {
  readonly bits: bigint;
  readonly least: bigint;
  readonly largest: bigint;
}
export const F64: Format = { bits: 53n, least: -1022n, largest: 1023n };
export const F32: Format = { bits: 24n, least: -126n, largest: 127n };

/**
 * Distance from the truth in units of its last place; beyond the format's range from what it rounds to, and
 * below its normal numbers in units of the least subnormal.
 */
export function ulps(found: number, truth: bigint, format: Format = F64): number {
  const { bits, least, largest } = format;
  if (truth === 0n) return found === 0 ? 0 : Infinity;
  const exponent = exponentOf(truth);
  const unit = BITS + (exponent < least ? least : exponent) - bits + 1n;
  if (!Number.isFinite(found)) {
    // Infinity is right from half a unit above the largest number.
    const limit = ((2n << bits) - 1n) << (BITS + largest - bits);
    return size(truth) >= limit && found > 0 === truth > 0n ? 0 : Infinity;
  }
  const error = size(fixed(found) - truth);
  // Twenty bits behind the point are enough for a bound.
  return Number(error << 20n >> unit) / 2 ** 20;
}
