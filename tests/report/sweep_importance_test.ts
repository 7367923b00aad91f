import assert from "node:assert/strict";
import { stream } from "../../numerics/random.ts";
import { importances } from "../../pipelines/report/importance.ts";
import { rank } from "../../pipelines/report/sweep_ranking.ts";
import type { SweepData, SweepParameter, SweepTrial } from "../../pipelines/report/sweep_data.ts";
import { madeSweep } from "./sweep_rig.ts";

const range = (path: string): SweepParameter => ({
  path,
  type: "float",
  log: false,
  domain: [0, 1],
});

/** A sweep whose metric is a law of its values. */
function sweepOf(
  count: number,
  parameters: readonly SweepParameter[],
  values: (draw: () => number) => Record<string, string | number>,
  law: (values: Record<string, string | number>, noise: number) => number,
): SweepData {
  const { uniform } = stream(3, "importance-test");
  const { normal } = stream(3, "importance-test-noise");
  let next = 0;
  const made = madeSweep({ trials: count, replicates: 1 });
  const trials = made.trials.map((trial, i): SweepTrial => {
    const own = values(() => uniform(next++));
    return {
      ...trial,
      state: "done",
      values: own,
      metrics: [{ seed: "1", value: law(own, normal(i)) }],
    };
  });
  return { ...made, parameters, trials };
}

function found(data: SweepData) {
  const all = importances(rank(data));
  assert.ok(all !== null);
  const one = (title: string) => {
    const param = all.params.find((p) => p.title === title);
    assert.ok(param !== undefined, title);
    return param;
  };
  return { all, one };
}

Deno.test("the one param that matters is found, and a dummy is near zero and below its tick", () => {
  const names = ["matters", "dummy", "other"].map((name) => `train.${name}`);
  const data = sweepOf(
    200,
    names.map(range),
    (draw) => Object.fromEntries(names.map((name) => [name, draw()])),
    (values, noise) => Number(values["train.matters"]) + 0.02 * noise,
  );
  const { all, one } = found(data);
  assert.equal(all.params[0]?.title, "matters");
  assert.ok(one("matters").share > 0.85, `${one("matters").share}`);
  assert.ok(one("matters").low > one("matters").chance);
  for (const title of ["dummy", "other"]) {
    const { share, chance } = one(title);
    assert.ok(share < 0.02 && share < chance, `${title}: ${share}, ${chance}`);
  }
});

Deno.test("where nothing matters no bar reaches far beyond its tick", () => {
  const names = ["a", "b"].map((name) => `train.${name}`);
  const data = sweepOf(
    150,
    names.map(range),
    (draw) => Object.fromEntries(names.map((name) => [name, draw()])),
    (_, noise) => noise,
  );
  for (const { share, chance } of found(data).all.params) {
    assert.ok(share < 1.5 * chance, `${share}, ${chance}`);
  }
});

Deno.test("a choice without order, and a param that is set with one of them alone", () => {
  const data = sweepOf(
    300,
    [
      { path: "train.kind", type: "choice", log: false, domain: ["a", "b", "c"] },
      range("train.only"),
      range("train.dummy"),
    ],
    (draw) => {
      const kind = ["a", "b", "c"][Math.floor(3 * draw())] ?? "a";
      return {
        "train.kind": kind,
        ...(kind === "b" ? { "train.only": draw() } : {}),
        "train.dummy": draw(),
      };
    },
    (values, noise) => {
      const { "train.kind": kind, "train.only": only = 0 } = values;
      return (kind === "a" ? 0 : kind === "c" ? 1 : Number(only) > 0.5 ? 2 : -1) + 0.05 * noise;
    },
  );
  const { one } = found(data);
  for (const title of ["kind", "only"]) {
    const { share, low, chance } = one(title);
    assert.ok(share > 0.15 && low > chance, `${title}: ${share}, ${low}, ${chance}`);
  }
  // A fifth of the variance is noise here, of which it takes a little.
  const { share, chance } = one("dummy");
  assert.ok(share < 0.05 && share < chance, `dummy: ${share}, ${chance}`);
});

Deno.test("what two params decide only together is in the sum of all, and in no bar", () => {
  const data = sweepOf(
    400,
    [range("train.a"), range("train.b")],
    (draw) => ({ "train.a": draw(), "train.b": draw() }),
    (values, noise) =>
      (Number(values["train.a"]) > 0.5) === (Number(values["train.b"]) > 0.5)
        ? 1 + 0.01 * noise
        : 0.01 * noise,
  );
  const { all } = found(data);
  for (const { share } of all.params) assert.ok(share < 0.1, `${share}`);
  assert.ok(all.together > all.chance, `${all.together}, ${all.chance}`);
});

Deno.test("the same sweep gives the same figures, and too few trials none", () => {
  const data = madeSweep({ trials: 40 });
  assert.deepEqual(importances(rank(data)), importances(rank(data)));
  assert.equal(importances(rank(madeSweep({ trials: 6 }))), null);
});
