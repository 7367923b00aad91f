// Elementary functions from + - * / and bit operations only, so that every machine gives the same
// bits. Each says its error in f64, in units of the last place (ulp), for arguments of at most 708; rounded
// to f32, where it is stored, that is 0.50001 ulp of f32. tests/kernels_ulp_test.ts holds them to it.

const LN2_HIGH: f64 = 6.93147180369123816490e-1; // 32 bits, so that n * LN2_HIGH is exact
const LN2_LOW: f64 = 1.90821492927058770002e-10;
const LOG2E: f64 = 1.44269504088896338700;

/** 2^n for n in -1022 .. 1023. */
// @ts-ignore: decorator
@inline
function power2(n: i32): f64 {
  return reinterpret<f64>(<i64>(n + 1023) << 52);
}

/**
 * e^x to 2 ulp; 0 below -708 and Infinity above 709, which are both far beyond f32. By the Taylor series to
 * r^12 on |r| <= ln2 / 2 (its rest is below 2e-16).
 */
export function exp(x: f64): f64 {
  if (x != x) return x;
  if (x > 709) return Infinity;
  if (x < -708) return 0; // far below f32's least subnormal
  const n = nearest(x * LOG2E);
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  let p: f64 = 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  // 709 / ln 2 rounds to 1023 at most, -708 / ln 2 to -1021: one factor is enough.
  return p * power2(<i32>n);
}

/** ln x to 2 ulp; 2 atanh(s), s = (m - 1) / (m + 1), by its series to s^19 on |s| <= 0.1716 (rest < 1e-16). */
export function log(x: f64): f64 {
  if (x != x || x < 0) return NaN;
  if (x == 0) return -Infinity;
  if (x == Infinity) return x;
  let bits = reinterpret<u64>(x);
  let e: i32 = 0;
  if (bits < 0x0010000000000000) {
    bits = reinterpret<u64>(x * 18014398509481984.0);
    e = -54;
  }
  e += <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    e += 1;
  }
  const s = (m - 1.0) / (m + 1.0);
  const q = s * s;
  let p: f64 = 1.0 / 19.0;
  p = p * q + 1.0 / 17.0;
  p = p * q + 1.0 / 15.0;
  p = p * q + 1.0 / 13.0;
  p = p * q + 1.0 / 11.0;
  p = p * q + 1.0 / 9.0;
  p = p * q + 1.0 / 7.0;
  p = p * q + 1.0 / 5.0;
  p = p * q + 1.0 / 3.0;
  p = p * q + 1.0;
  return <f64>e * LN2_HIGH + (2.0 * s * p + <f64>e * LN2_LOW);
}

/** ln(1 + u) for u >= 0 to 5000 ulp (1e-5 of f32's); by its series where 1 + u would lose u's digits. */
export function log1p(u: f64): f64 {
  if (u < 1e-4) return u * (1.0 - u * (0.5 - u * (1.0 / 3.0)));
  return log(1.0 + u);
}

/** e^x - 1 for x <= 0 to 5000 ulp (1e-5 of f32's). */
export function expm1(x: f64): f64 {
  if (x > -1e-4) return x * (1.0 + x * (0.5 + x * (1.0 / 6.0)));
  return exp(x) - 1.0;
}

/** 1 / (1 + e^-x) to 3 ulp. */
export function sigmoid(x: f64): f64 {
  return 1.0 / (1.0 + exp(-x));
}

/** tanh x to 5000 ulp (1e-5 of f32's). */
export function tanh(x: f64): f64 {
  const a = abs<f64>(x);
  if (a < 1e-4) return x - x * x * x * (1.0 / 3.0);
  const e = exp(-2.0 * a);
  const t = (1.0 - e) / (1.0 + e);
  return x < 0 ? -t : t;
}
