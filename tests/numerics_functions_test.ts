import assert from "node:assert/strict";
import * as functions from "../numerics/functions.ts";
import { deterministicMath } from "../numerics/math.ts";
import { stream } from "../numerics/random.ts";
import * as truth from "./numerics_oracle.ts";
import { about, fixed, ONE, over, times, ulps } from "./numerics_oracle.ts";
import { allOfF32, allOfF64, around } from "./numerics_ranges.ts";

const TWO = 2n * ONE, TEN = 10n * ONE;
const half = (a: bigint) => a / 2n;
const square = (a: bigint) => times(a, a);
/** Of a small x, e^x - e^-x without what cancels. */
const grown = (x: bigint) => truth.exp(x) - truth.exp(-x);
const both = (x: bigint) => truth.exp(x) + truth.exp(-x);
const overflows = (x: number) => Math.abs(x) < 760;
const all = () => true;

interface Case {
  /** The bound that functions.ts states. */
  readonly most: number;
  /** Where there is a truth to compute; elsewhere the special values hold. */
  readonly domain: (x: number) => boolean;
  readonly truth: (x: bigint) => bigint;
  /** Where it changes from one method to another, or ends. */
  readonly places?: readonly number[];
}

const CASES: Readonly<Partial<Record<keyof typeof functions, Case>>> = {
  exp: {
    most: 0.51,
    domain: overflows,
    truth: truth.exp,
    places: [709.782712893384, 745.1332191019412, 708.3964185322641],
  },
  expm1: {
    most: 0.55,
    domain: overflows,
    truth: (x) => truth.exp(x) - ONE,
    places: [700, 40, 8.673617379884035e-19],
  },
  log: {
    most: 0.51,
    domain: (x) => x > 0,
    truth: truth.log,
    places: [1, Math.SQRT2, 2.2250738585072014e-308],
  },
  log1p: {
    most: 0.51,
    domain: (x) => x > -1,
    truth: (x) => truth.log(ONE + x),
    places: [1, 8.673617379884035e-19],
  },
  log2: {
    most: 0.51,
    domain: (x) => x > 0,
    truth: (x) => over(truth.log(x), truth.log(TWO)),
    places: [1],
  },
  log10: {
    most: 0.51,
    domain: (x) => x > 0,
    truth: (x) => over(truth.log(x), truth.log(TEN)),
    places: [1],
  },
  sin: {
    most: 0.55,
    domain: all,
    truth: truth.sin,
    places: [Math.PI / 4, Math.PI / 2, Math.PI, 131072],
  },
  cos: {
    most: 0.55,
    domain: all,
    truth: truth.cos,
    places: [Math.PI / 4, Math.PI / 2, Math.PI, 131072],
  },
  tan: {
    most: 0.55,
    domain: all,
    truth: (x) => over(truth.sin(x), truth.cos(x)),
    places: [Math.PI / 4, Math.PI / 2, 131072],
  },
  atan: {
    most: 0.51,
    domain: all,
    truth: truth.atan,
    places: [0.125, 0.375, 1, 9.313225746154785e-10],
  },
  asin: {
    most: 0.51,
    domain: (x) => Math.abs(x) < 1,
    truth: (x) => truth.atan(over(x, truth.root(ONE - square(x)))),
    places: [1, 0.5],
  },
  acos: {
    most: 0.51,
    domain: (x) => x > -1 && x < 1,
    truth: (x) => 2n * truth.atan(truth.root(over(ONE - x, ONE + x))),
    places: [1, 0.5],
  },
  sinh: {
    most: 0.55,
    domain: overflows,
    truth: (x) => half(grown(x)),
    places: [40, 710.4758600739439, 9.313225746154785e-10],
  },
  cosh: {
    most: 0.51,
    domain: overflows,
    truth: (x) => half(both(x)),
    places: [40, 710.4758600739439],
  },
  tanh: {
    most: 0.55,
    domain: overflows,
    truth: (x) => over(grown(x), both(x)),
    places: [20, 9.313225746154785e-10],
  },
  asinh: {
    most: 0.51,
    domain: all,
    truth: (x) =>
      x < 0n
        ? -truth.log(-x + truth.root(square(x) + ONE))
        : truth.log(x + truth.root(square(x) + ONE)),
    places: [1073741824, 9.313225746154785e-10],
  },
  acosh: {
    most: 0.51,
    domain: (x) => x > 1,
    truth: (x) => truth.log(x + truth.root(square(x) - ONE)),
    places: [1, 1073741824],
  },
  atanh: {
    most: 0.51,
    domain: (x) => Math.abs(x) < 1,
    truth: (x) => half(truth.log(over(ONE + x, ONE - x))),
    places: [1, 9.313225746154785e-10],
  },
  cbrt: {
    most: 0.51,
    domain: (x) => x !== 0,
    truth: (x) => x < 0n ? -truth.exp(truth.log(-x) / 3n) : truth.exp(truth.log(x) / 3n),
  },
};

for (const [name, { most, domain, truth, places = [] }] of Object.entries(CASES)) {
  Deno.test(`${name} is right to ${most} units in the last place over all of f32 and f64`, () => {
    // One argument in, one number out: the cases name no other function.
    const f = functions[name as keyof typeof CASES] as (x: number) => number;
    const arguments_ = [
      ...allOfF32(3, name),
      ...allOfF64(name),
      ...ordinary(name),
      ...around(...places),
    ];
    let worst = 0;
    for (const x of arguments_.filter(domain)) {
      const found = f(x), error = ulps(found, truth(fixed(x)));
      assert.ok(error <= boundAt(found, most), `${error} ulp at ${x}`);
      worst = Math.max(worst, error);
    }
    assert.ok(worst > 0.4, "the arguments reach hard cases");
  });
}

/** Subnormal results are rounded twice. */
function boundAt(result: number, most: number): number {
  return Math.abs(result) < 2.2250738585072014e-308 ? 0.76 : most;
}

/** Where most arguments of our programs lie, and where e^x ends, which the powers of two do not fill. */
function ordinary(seed: string): number[] {
  const draws = stream(3, "functions", seed), widths = [4, 40, 1500];
  return Array.from({ length: 3000 }, (_, i) => (draws.uniform(i) - 0.5) * (widths[i % 3] ?? 1));
}

Deno.test("pow is right to 0.51 units in the last place wherever its result is no special value", () => {
  const draws = stream(3, "functions", "pow");
  let worst = 0;
  for (const [i, base] of [...allOfF32(2, "pow"), ...allOfF64("pow")].entries()) {
    const x = Math.abs(base);
    if (x === 0) continue;
    // Exponents that bring the result to anywhere between 2^-1085 and 2^1035.
    const wide = (2120 * draws.uniform(i) - 1085) / Math.log2(x);
    const y = i % 3 === 0 ? 40 * draws.uniform(i) - 20 : wide;
    const power = times(truth.log(fixed(x)), fixed(y));
    if (!Number.isFinite(y) || Math.abs(about(power)) > 760) continue;
    const found = functions.pow(x, y), error = ulps(found, truth.exp(power));
    assert.ok(error <= boundAt(found, 0.51), `${error} ulp at ${x}, ${y}`);
    worst = Math.max(worst, error);
  }
  assert.ok(worst > 0.4, "the arguments reach hard cases");
});

Deno.test("hypot and atan2 are right to 0.51 units in the last place", () => {
  const right = [...allOfF32(2, "right"), ...allOfF64("right")];
  const up = [...allOfF32(2, "up"), ...allOfF64("up")];
  const draws = stream(3, "functions", "pairs");
  let worst = 0;
  for (const [i, x] of right.entries()) {
    // Any against any, and against one of its own size.
    const y = i % 2 === 0 ? up[i] ?? 1 : x * (4 * draws.uniform(i) - 2);
    // What lies below has squares that are lost in 1400 bits.
    if (Math.min(Math.abs(x), Math.abs(y)) < 2 ** -600) continue;
    const a = fixed(x), b = fixed(y);
    const root = truth.root(square(a) + square(b));
    const angle = truth.atan(over(b < 0n ? -b : b, a < 0n ? -a : a));
    const turned = x < 0 ? 2n * truth.HALF_PI - angle : angle;
    for (
      const [found, wanted] of [
        [functions.hypot(x, y), root],
        [functions.atan2(y, x), y < 0 ? -turned : turned],
      ] as const
    ) {
      const error = ulps(found, wanted);
      assert.ok(error <= boundAt(found, 0.51), `${error} ulp at ${x}, ${y}: ${found}`);
      worst = Math.max(worst, error);
    }
  }
  assert.ok(worst > 0.4, "the arguments reach hard cases");
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
