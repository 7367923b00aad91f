/**
 * The table by which the host replaces what engines round differently. `Math.sqrt`, `fround`, `imul`,
 * `floor` and their like are exact by the standard and stay. The operator `**` cannot be replaced: it
 * calls the engine's own pow, so `pow` from functions.ts, or a product, stands for it in results.
 */
import * as functions from "./functions.ts";

export const deterministicMath = {
  exp: functions.exp,
  expm1: functions.expm1,
  log: functions.log,
  log1p: functions.log1p,
  log2: functions.log2,
  log10: functions.log10,
  pow: functions.pow,
  cbrt: functions.cbrt,
  hypot: functions.hypot,
  sin: functions.sin,
  cos: functions.cos,
  tan: functions.tan,
  asin: functions.asin,
  acos: functions.acos,
  atan: functions.atan,
  atan2: functions.atan2,
  sinh: functions.sinh,
  cosh: functions.cosh,
  tanh: functions.tanh,
  asinh: functions.asinh,
  acosh: functions.acosh,
  atanh: functions.atanh,
} as const;
