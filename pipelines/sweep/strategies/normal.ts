/** The normal distribution, quick enough to be asked millions of times, and the same in every engine. */
import { exp } from "../../../numerics/functions.ts";

/** Deviations from the mean beyond which nothing is left: the two tails hold 3e-12 together. */
export const FAR = 7;

const STEPS = 64;
/** e^(-i / STEPS): numerics' exp rounds to the last place, which takes five times as long. */
const POWERS = Float64Array.from({ length: STEPS * FAR * FAR / 2 + 1 }, (_, i) => exp(-i / STEPS));
const ROOT = Math.sqrt(2 * Math.PI);

/** e^(-z^2 / 2) of |z| <= FAR to 14 digits: a table, and Taylor's series of the rest below 1/64. */
function decay(z: number): number {
  const x = z * z / 2, i = Math.floor(x * STEPS), r = i / STEPS - x;
  return (POWERS[i] ?? 0) * (1 + r * (1 + r / 2 * (1 + r / 3 * (1 + r / 4 * (1 + r / 5)))));
}

/** The density at a distance from the mean, in deviations. */
export function density(z: number): number {
  return Math.abs(z) > FAR ? 0 : decay(z) / ROOT;
}

/** The part below: J. F. Hart et al., "Computer approximations" (1968), formula 5666. To 14 decimals. */
export function below(z: number): number {
  const x = Math.abs(z);
  if (x > FAR) return z > 0 ? 1 : 0;
  const tail = decay(x) * polynomial(TOP, x) / polynomial(BOTTOM, x);
  return z > 0 ? 1 - tail : tail;
}

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = 0; i < coefficients.length; i++) sum = sum * x + (coefficients[i] ?? 0);
  return sum;
}

const TOP = [
  0.0352624965998911,
  0.700383064443688,
  6.37396220353165,
  33.912866078383,
  112.079291497871,
  221.213596169931,
  220.206867912376,
];
const BOTTOM = [
  0.0883883476483184,
  1.75566716318264,
  16.064177579207,
  86.7807322029461,
  296.564248779674,
  637.333633378831,
  793.826512519948,
  440.413735824752,
];
