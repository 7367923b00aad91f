import assert from "node:assert/strict";
import fc from "fast-check";
import type { Json } from "../pipelines/json.ts";
import { partOf } from "../pipelines/sweep/domain.ts";
import { gridOf, gridSize, isIn, nameOf, pointOf, textOf } from "../pipelines/sweep/space.ts";
import type { Parameter, Space } from "../pipelines/sweep/sweep.ts";
import { choice, float, int, when } from "./sweep_strategies_rig.ts";

const at = (one: Parameter, place: number) =>
  pointOf([{ ...one, when: [] }], () => place)[one.path];
/** The value in the middle of each of n equal parts of [0, 1]. */
const spread = (one: Parameter, n: number) =>
  Array.from({ length: n }, (_, i) => at(one, (i + 0.5) / n));
const counted = (values: readonly (Json | undefined)[]) =>
  Object.fromEntries([...Map.groupBy(values, String)].map(([value, all]) => [value, all.length]));

const MIXED: Space = [
  choice("optimizer", "sgd", { rmsprop: { rho: 0.9 } }, null),
  when(float("momentum", 0, 0.3, { step: 0.1 }), "optimizer", "sgd"),
  when(choice("nesterov", true, false), "momentum", 0.3),
  float("rate", 1e-5, 0.1, { log: true, points: 5 }),
  int("units", 16, 256, { log: true, points: 5 }),
  int("layers", 1, 3),
];

Deno.test("The two ends of every range can be drawn, with all their digits", () => {
  for (
    const [one, min, max] of [
      [float("a", 0.123456789, 0.987654321), 0.123456789, 0.987654321],
      [float("a", 1 / 3, 200 / 3, { log: true }), 1 / 3, 200 / 3],
      [float("a", -1, 1, { step: 0.2 }), -1, 1],
      [int("a", -3, 12), -3, 12],
      [int("a", 1, 1000, { log: true }), 1, 1000],
      [int("a", 8, 64, { log: true, step: 8 }), 8, 64],
      [choice("a", "first", "second"), "first", "second"],
    ] as const
  ) {
    assert.deepEqual([at(one, 0), at(one, 1)], [min, max]);
  }
  for (let i = 1; i <= 50; i++) {
    const one = float("a", i / 7, 100 / 7 + i / 3, { log: true });
    assert.deepEqual([at(one, 0), at(one, 1)], [i / 7, 100 / 7 + i / 3]);
    assert.ok(Number(at(one, 1e-9)) >= i / 7 && Number(at(one, 1 - 1e-9)) <= 100 / 7 + i / 3);
  }
});

Deno.test("Equal parts of the unit interval hold equally many choices, whole numbers and steps", () => {
  assert.deepEqual(counted(spread(int("a", -1, 3), 1000)), {
    "-1": 200,
    0: 200,
    1: 200,
    2: 200,
    3: 200,
  });
  assert.deepEqual(counted(spread(choice("a", "x", "y"), 10)), { x: 5, y: 5 });
  assert.deepEqual(spread(int("a", 10, 50, { step: 20 }), 3), [10, 30, 50]);
});

Deno.test("Steps are the decimals that one would type, and end before what they do not reach", () => {
  assert.deepEqual(spread(float("a", 0, 0.5, { step: 0.1 }), 6), [0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.deepEqual(spread(float("a", -0.3, 0.3, { step: 0.3 }), 3), [-0.3, 0, 0.3]);
  assert.ok(Object.is(at(float("a", -0.9, 0.9, { step: 0.3 }), 0.5), 0), "no -0");
  assert.deepEqual(spread(float("a", 0, 1, { step: 0.4 }), 3), [0, 0.4, 0.8]);
  assert.deepEqual(spread(float("a", 1e-7, 4e-7, { step: 1e-7 }), 4), [1e-7, 2e-7, 3e-7, 4e-7]);
});

Deno.test("A log range is even in the logarithm, also of whole numbers", () => {
  const rates = spread(float("a", 1e-4, 1, { log: true }), 4000).map(Number);
  for (const [from, to] of [[1e-4, 1e-3], [1e-3, 1e-2], [1e-2, 1e-1], [1e-1, 1]] as const) {
    const inside = rates.filter((rate) => rate >= from && rate < to).length;
    assert.ok(Math.abs(inside - 1000) <= 1, `${inside} between ${from} and ${to}`);
  }
  // Each whole number has what rounds to it: ln(1.5 / 0.5) of ln(8.5 / 0.5), and so on.
  const units = counted(spread(int("a", 1, 8, { log: true }), 10000));
  for (let k = 1; k <= 8; k++) {
    const wanted = 10000 * Math.log((k + 0.5) / (k - 0.5)) / Math.log(17);
    assert.ok(Math.abs((units[k] ?? 0) - wanted) <= 1, `${k}: ${units[k]} of ${wanted}`);
  }
});

Deno.test("A drawn float has six digits, and more only where its range is narrow", () => {
  const digits = (value: Json | undefined) =>
    String(value).replace(/e.*/, "").replace(/^-?0?\.?0*/, "").replace(".", "").length;
  for (const place of [0.1, 0.123456789, 0.5, 0.7654321]) {
    assert.ok(digits(at(float("a", 0, 1), place)) <= 6);
    assert.ok(digits(at(float("a", 1e-7, 1e-2, { log: true }), place)) <= 6);
  }
  assert.equal(new Set(spread(float("a", 1000, 1000.01), 1000)).size, 1000);
});

Deno.test("A param counts only where its conditions hold, one after the other", () => {
  const paths = (places: Record<string, number>) =>
    Object.keys(pointOf(MIXED, (path) => places[path] ?? 0));
  const always = ["rate", "units", "layers"];
  assert.deepEqual(paths({}), ["optimizer", "momentum", ...always]);
  assert.deepEqual(paths({ momentum: 1 }), ["optimizer", "momentum", "nesterov", ...always]);
  assert.deepEqual(paths({ momentum: 1, optimizer: 1 }), ["optimizer", ...always]);
});

Deno.test("A grid has every point once in declared order, the last param fastest", () => {
  const points = [...gridOf(MIXED)];
  // Three momenta without and one with two choices, and two optimizers without momentum.
  assert.equal(points.length, (3 + 2 + 2) * 5 * 5 * 3);
  assert.equal(gridSize(MIXED), points.length);
  assert.equal(new Set(points.map(textOf)).size, points.length);
  const start = { optimizer: "sgd", momentum: 0 };
  assert.deepEqual(points.slice(0, 4), [
    { ...start, rate: 1e-5, units: 16, layers: 1 },
    { ...start, rate: 1e-5, units: 16, layers: 2 },
    { ...start, rate: 1e-5, units: 16, layers: 3 },
    { ...start, rate: 1e-5, units: 32, layers: 1 },
  ]);
  assert.deepEqual(points.at(-1), { optimizer: null, rate: 0.1, units: 256, layers: 3 });
});

Deno.test("A grid's points of a range hold both ends, and whole numbers no value twice", () => {
  const values = (one: Parameter) => [...gridOf([one])].map((point) => point["a"]);
  assert.deepEqual(values(float("a", 0, 1, { points: 3 })), [0, 0.5, 1]);
  assert.deepEqual(values(float("a", 1e-4, 1, { log: true, points: 3 })), [1e-4, 0.01, 1]);
  assert.deepEqual(values(int("a", 1, 3, { points: 9 })), [1, 2, 3]);
  assert.deepEqual(values(int("a", 1, 4)), [1, 2, 3, 4]);
  assert.deepEqual(values(choice("a", 1, 2, 1)), [1, 2]);
  assert.throws(() => values(float("a", 0, 1)), /cannot take all values/);
});

Deno.test("A grid too large to be made has a size and a first point all the same", () => {
  const space = Array.from({ length: 8 }, (_, i) => int(`p${i}`, 1, 1e6));
  assert.equal(gridSize(space), 1e48);
  assert.deepEqual(gridOf(space).next().value?.["p7"], 1);
});

/** Spaces whose conditions name values of params before them, or none that they have. */
const spaces = fc.array(
  fc.record({
    size: fc.integer({ min: 1, max: 4 }),
    isRange: fc.boolean(),
    on: fc.array(
      fc.record({ back: fc.integer({ min: 1, max: 4 }), is: fc.subarray([0, 1, 2, 7]) }),
      { maxLength: 2 },
    ),
  }),
  { maxLength: 5 },
).map((rows): Space =>
  rows.map(({ size, isRange, on }, i) => {
    const values = Array.from({ length: size }, (_, k) => k);
    const one = isRange ? int(`p${i}`, 0, size - 1) : choice(`p${i}`, ...values);
    return on.filter(({ back }) => back <= i)
      .reduce((all, { back, is }) => when(all, `p${i - back}`, ...is), one);
  })
);

Deno.test("The size of a grid is the number of its points, and each of them lies in its space", () => {
  fc.assert(
    fc.property(spaces, (space) => {
      const points = [...gridOf(space)];
      assert.equal(gridSize(space), points.length);
      assert.equal(new Set(points.map(textOf)).size, points.length);
      for (const point of points) assert.ok(isIn(space, point));
    }),
    { seed: 7, numRuns: 200 },
  );
});

Deno.test("The middle of a value's part of a range leads back to it", () => {
  const wide = [
    ...MIXED,
    float("width", 0.123456789, 77),
    int("odd", 1, 99, { log: true, step: 2 }),
  ];
  for (let i = 0; i <= 500; i++) {
    const point = pointOf(wide, (path) => (i * path.length) % 501 / 500);
    const units = new Map(wide.flatMap((one) => {
      const value = point[one.path];
      if (value === undefined) return [];
      const [from, to] = partOf(one.domain, value);
      return [[one.path, (from + to) / 2]];
    }));
    for (const unit of units.values()) assert.ok(unit >= 0 && unit <= 1);
    assert.deepEqual(pointOf(wide, (path) => units.get(path) ?? NaN), point);
  }
});

Deno.test("A point lies in a space if it has the params that count, each with one of its values", () => {
  const point = pointOf(MIXED, () => 0);
  assert.ok(isIn(MIXED, point));
  assert.ok(isIn(MIXED, { ...point, rate: 0.0123456789 }), "any float of the range");
  for (
    const other of [
      { rate: 0.2 },
      { rate: "0.01" },
      { units: 16.5 },
      { momentum: 0.15 },
      { layers: 4 },
      { optimizer: "adam" },
      { optimizer: null },
      { momentum: 0.3 },
      { nesterov: true },
      { further: 1 },
    ]
  ) {
    assert.ok(!isIn(MIXED, { ...point, ...other }), JSON.stringify(other));
  }
  const { layers: _, ...less } = point;
  assert.ok(!isIn(MIXED, less));
});

Deno.test("Tables call a choice by its name, and a number by itself", () => {
  const layers = choice("layers", [{ dense: 10 }], "none");
  assert.equal(nameOf(layers, [{ dense: 10 }]), '[{"dense":10}]');
  assert.equal(nameOf(layers, "none"), '"none"');
  assert.equal(nameOf(float("rate", 0, 1), 0.5), 0.5);
});
