/** The functions of kernels/assembly/math.ts themselves, over all of f32, against 1400 bits. */
import assert from "node:assert/strict";
import asc from "assemblyscript/asc";
import * as oracle from "./numerics_oracle.ts";
import { F32, fixed, ONE, over, ulps } from "./numerics_oracle.ts";
import { allOfF32, around } from "./numerics_ranges.ts";

type One = (x: number) => number;

/** math.ts as a module of its own: what the kernels take in is exported by none of them. */
async function compileMath(): Promise<Readonly<Record<string, One>>> {
  const text = await Deno.readTextFile(
    new URL("../kernels/assembly/math.ts", import.meta.url),
  );
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(
    ["math.ts", "--outFile", "out.wasm", "--optimizeLevel", "2", "--runtime", "stub"],
    {
      readFile: (name) => name === "math.ts" ? text : null,
      writeFile: (_name, contents) => {
        if (typeof contents !== "string") binary = Uint8Array.from(contents);
      },
      listFiles: () => [],
    },
  );
  assert.ok(error === null && binary !== undefined, stderr.toString());
  const { exports } = (await WebAssembly.instantiate(binary, {})).instance;
  // Beside its memory the module exports functions of one f64.
  return exports as unknown as Record<string, One>;
}

const math = await compileMath();

interface Case {
  /** The bound that math.ts states, in units of f64's last place. */
  readonly most: number;
  /** Where it is defined, and neither 0 nor infinite for f32. */
  readonly domain: (x: number) => boolean;
  readonly truth: (x: bigint) => bigint;
  /** Where it changes from one method to another. */
  readonly places: readonly number[];
  /** Argument and result beyond all that. */
  readonly special: readonly (readonly [number, number])[];
}

const isBelow = (most: number) => (x: number) => Math.abs(x) <= most;

const CASES: Readonly<Record<string, Case>> = {
  exp: {
    most: 2,
    domain: isBelow(708),
    truth: oracle.exp,
    places: [708, 0.34657359027997264],
    special: [[0, 1], [-0, 1], [710, Infinity], [-746, 0], [Infinity, Infinity], [-Infinity, 0]],
  },
  log: {
    most: 2,
    domain: (x) => x > 0,
    truth: oracle.log,
    places: [1, Math.SQRT2, Math.SQRT1_2, 2.2250738585072014e-308],
    special: [[0, -Infinity], [-0, -Infinity], [-1, NaN], [Infinity, Infinity], [-Infinity, NaN]],
  },
  log1p: {
    most: 5000,
    domain: (x) => x >= 0,
    truth: (x) => oracle.log(ONE + x),
    places: [1e-4, 1],
    special: [[0, 0], [Infinity, Infinity]],
  },
  expm1: {
    most: 5000,
    domain: (x) => x <= 0 && x >= -708,
    truth: (x) => oracle.exp(x) - ONE,
    places: [1e-4, 708],
    special: [[0, 0], [-0, -0], [-Infinity, -1]],
  },
  sigmoid: {
    most: 3,
    domain: isBelow(708),
    truth: (x) => over(ONE, ONE + oracle.exp(-x)),
    places: [708],
    special: [[0, 0.5], [-0, 0.5], [746, 1], [-746, 0], [Infinity, 1], [-Infinity, 0]],
  },
  tanh: {
    most: 5000,
    domain: isBelow(708),
    truth: (x) => over(oracle.exp(2n * x) - ONE, oracle.exp(2n * x) + ONE),
    places: [1e-4, 354],
    special: [[0, 0], [Infinity, 1], [-Infinity, -1], [1e30, 1]],
  },
};

/** Half a unit for the rounding, and 5000 of f64's in f32's. */
const ROUNDED = 0.5 + 5000 / 2 ** 29;

for (const [name, { most, domain, truth, places, special }] of Object.entries(CASES)) {
  Deno.test(`${name} is right to ${most} units of f64's last place over all of f32, and rounded to f32 to 0.50001`, () => {
    const f = math[name];
    assert.ok(f, `math.ts exports ${name}`);
    let worst = 0, rounded = 0;
    for (const x of [...allOfF32(20, `kernels ${name}`), ...around(...places)].filter(domain)) {
      const wanted = truth(fixed(x)), found = f(x);
      const error = ulps(found, wanted), after = ulps(Math.fround(found), wanted, F32);
      assert.ok(error <= most, `${error} ulp at ${x}`);
      assert.ok(after <= ROUNDED, `${after} ulp of f32 at ${x}`);
      worst = Math.max(worst, error);
      rounded = Math.max(rounded, after);
    }
    assert.ok(worst > 0.7 && rounded > 0.49, "the arguments reach hard cases");
    for (const [x, wanted] of [...special, [NaN, NaN]] as const) {
      assert.ok(Object.is(f(x), wanted), `${name}(${x}) is ${f(x)}, wanted ${wanted}`);
    }
  });
}

Deno.test("where e^x is beyond f32, the kernels' exp is 0 or Infinity once it is rounded", () => {
  const exp = math["exp"];
  assert.ok(exp);
  for (const x of around(708, 708.4, 709, 709.78, 745)) {
    assert.equal(Math.fround(exp(x)), x < 0 ? 0 : Infinity, `${x}`);
  }
});
