/** The values of one param, and the place of each in [0, 1]: even in the logarithm where `log` says so. */
import { exp, log } from "../../numerics/functions.ts";
import type { Json } from "../json.ts";
import { canonicalJson } from "../store/canonical.ts";
import type { Domain } from "./sweep.ts";

type Choice = Extract<Domain, { type: "choice" }>;
type Range = Exclude<Domain, Choice>;

/** Values that can be counted, in ascending or declared order. */
export interface Cells {
  readonly count: number;
  /** The i-th, counted from 0. */
  at(i: number): Json;
  has(value: Json): boolean;
}

export function isSame(a: Json, b: Json): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  return canonicalJson(a) === canonicalJson(b);
}

/** Whether it is a value of the domain. */
export function holds(domain: Domain, value: Json): boolean {
  if (domain.type === "choice") return domain.choices.some((one) => isSame(one.value, value));
  if (typeof value !== "number" || !(value >= domain.min && value <= domain.max)) return false;
  return domain.step === null || atStep(domain, domain.step, indexOf(domain, value)) === value;
}

/** The values that a grid takes. Throws at a float that says neither a step nor its points. */
export function gridCells(domain: Domain): Cells {
  if (domain.type === "choice") return listed(domain.choices.map((one) => one.value));
  const { step, points } = domain;
  if (points !== null) {
    return listed(Array.from({ length: points }, (_, i) => {
      const x = between(domain, points === 1 ? 0.5 : i / (points - 1));
      return step === null ? tidy(domain, x) : atStep(domain, step, indexOf(domain, x));
    }));
  }
  if (step === null) throw new RangeError("A grid cannot take all values of a range of floats");
  return allCells(domain);
}

/** All its values, whatever a grid takes of them; of a range of floats without a step they have no number. */
export function allCells(domain: Domain): Cells {
  if (domain.type === "choice") return listed(domain.choices.map((one) => one.value));
  const { step } = domain;
  return {
    count: step === null ? Infinity : countOf(domain, step),
    at(i) {
      if (step === null) throw new RangeError("The values of a range of floats have no numbers");
      return atStep(domain, step, i);
    },
    has: (value) => holds(domain, value),
  };
}

/** The last value of a range whose steps, which count, do not come to its end; null: all is well. */
export function lastBefore(domain: Domain): number | null {
  if (domain.type === "choice" || domain.points !== null || domain.step === null) return null;
  const last = atStep(domain, domain.step, countOf(domain, domain.step) - 1);
  return last < domain.max ? last : null;
}

/** Each value once. */
function listed(values: readonly Json[]): Cells {
  const once = new Map(values.map((value) => [canonicalJson(value), value]));
  const list = [...once.values()];
  return {
    count: list.length,
    at(i) {
      const value = list[i];
      if (value === undefined) throw new RangeError(`There is no value ${i} of ${list.length}`);
      return value;
    },
    has: (value) => once.has(canonicalJson(value)),
  };
}

/** The value at a place in [0, 1]; 0 and 1 are the two ends, and equal parts hold equally many values. */
export function valueAt(domain: Domain, place: number): Json {
  if (domain.type === "choice") {
    const one = domain.choices[cellAt(domain.choices.length, place)];
    if (one === undefined) throw new RangeError("There is nothing to choose from");
    return one.value;
  }
  const { step } = domain;
  if (step === null) return tidy(domain, between(domain, place));
  if (!domain.log) return atStep(domain, step, cellAt(countOf(domain, step), place));
  const [low, high] = logEdges(domain);
  return atStep(domain, step, indexOf(domain, exp(low + place * (high - low))));
}

function cellAt(count: number, place: number): number {
  return Math.min(count - 1, Math.floor(place * count));
}

/** The part of [0, 1] that a value has to itself; of a float without a step a point. */
export function partOf(domain: Domain, value: Json): readonly [from: number, to: number] {
  if (domain.type === "choice") {
    const i = domain.choices.findIndex((one) => isSame(one.value, value));
    if (i < 0) throw new RangeError(`${canonicalJson(value)} is none of the choices`);
    return [i / domain.choices.length, (i + 1) / domain.choices.length];
  }
  if (typeof value !== "number") throw new TypeError(`${canonicalJson(value)} is no number`);
  if (domain.step === null) {
    if (domain.min === domain.max) return [0, 1];
    const place = domain.log
      ? (log(value) - log(domain.min)) / (log(domain.max) - log(domain.min))
      : (value - domain.min) / (domain.max - domain.min);
    return [place, place];
  }
  const i = indexOf(domain, value);
  if (!domain.log) {
    const count = countOf(domain, domain.step);
    return [i / count, (i + 1) / count];
  }
  const [low, high] = logEdges(domain);
  const edge = (k: number) => k === 0 ? 0 : (log(edgeOf(domain, k)) - low) / (high - low);
  return [edge(i), edge(i + 1)];
}

// --- ranges

function countOf(domain: Range, step: number): number {
  // (0.3 - 0) / 0.1 is a little less than 3.
  return Math.floor((domain.max - domain.min) / step + 1e-9) + 1;
}

/** min + i * step, in the decimals of both: 0 + 3 * 0.1 is 0.3 and not 0.30000000000000004. */
function atStep(domain: Range, step: number, i: number): number {
  const x = domain.min + i * step;
  if (domain.type === "int") return x;
  return Number(x.toFixed(Math.min(100, Math.max(decimals(domain.min), decimals(step))))) + 0;
}

function decimals(x: number): number {
  const [digits = "", power = "0"] = String(x).split("e");
  return Math.max(0, (digits.split(".")[1]?.length ?? 0) - Number(power));
}

/** The nearest value's number; a half goes up. */
function indexOf(domain: Range, x: number): number {
  const step = domain.step ?? 1;
  const i = Math.floor((x - domain.min) / step + 0.5);
  return Math.max(0, Math.min(countOf(domain, step) - 1, i));
}

/** Lower edge of the i-th value of a range on a log scale: half-way to the one before, and above 0. */
function edgeOf(domain: Range, i: number): number {
  const step = domain.step ?? 1;
  return i === 0 ? Math.max(domain.min - step / 2, domain.min / 2) : domain.min + (i - 0.5) * step;
}

function logEdges(domain: Range): readonly [number, number] {
  return [log(edgeOf(domain, 0)), log(edgeOf(domain, countOf(domain, domain.step ?? 1)))];
}

function between(domain: Range, t: number): number {
  if (t <= 0) return domain.min;
  if (t >= 1) return domain.max;
  const { min, max } = domain;
  const low = domain.log ? log(min) : min, high = domain.log ? log(max) : max;
  const x = low + t * (high - low);
  return Math.max(min, Math.min(max, domain.log ? exp(x) : x));
}

/**
 * Rounded to six significant digits, so that who types the winner's value gets the same key; to more where a
 * range is narrow against its ends (100 to 100.01). The ends stay as they are.
 */
function tidy(domain: Range, x: number): number {
  const { min, max } = domain;
  if (x === min || x === max) return x;
  const more = exponent(Math.max(Math.abs(min), Math.abs(max)) / (max - min));
  const rounded = Number(x.toPrecision(Math.min(17, 6 + Math.max(0, more))));
  return Math.max(min, Math.min(max, rounded));
}

/** Of the decimal notation; exact, unlike a logarithm. */
function exponent(x: number): number {
  return Number(x.toExponential().split("e")[1]);
}
