/** Spaces that are tried to their end. */
import assert from "node:assert/strict";
import { textOf } from "../pipelines/sweep/space.ts";
import type { Job } from "../pipelines/sweep/strategy.ts";
import type { Parameter, Space } from "../pipelines/sweep/sweep.ts";
import {
  choice,
  float,
  int,
  type Judge,
  numberAt,
  play,
  sweepOf,
  when,
} from "./sweep_strategies_rig.ts";

Deno.test("While there are untried points and a budget the next is tried, however unlikely it is drawn", () => {
  const lengthy: Space = [
    choice("kind", ...Array.from({ length: 40 }, (_, i) => i)),
    when(int("n", 1, 300, { log: true }), "kind", 7),
  ];
  const open: Space = [lengthy[0] as Parameter, when(float("x", 0, 1), "kind", 7)];
  const bowl: Judge = ({ values }) => Math.abs(Number(values["kind"]) - 3);
  for (const type of ["random", "sobol", "tpe"] as const) {
    const spec = type === "tpe"
      ? { type, startup: 10, lag: 4, gamma: 0.1, candidates: 24 }
      : { type };
    for (const seed of [1, 2]) {
      const tried = (space: Space, trials: number) => {
        const jobs = play(sweepOf(space, spec, { trials, seed }), bowl);
        assert.equal(new Set(jobs.map(({ values }) => textOf(values))).size, jobs.length);
        return jobs.length;
      };
      assert.equal(tried(lengthy, 1000), 39 + 300, type);
      // One of forty choices has no end of values.
      assert.equal(tried(open, 100), 100, type);
    }
  }
});

Deno.test("TPE tries each of 36 points, the best of those that are left first", () => {
  const space = [choice("a", 0, 1, 2, 3, 4, 5), choice("b", 0, 1, 2, 3, 4, 5)];
  const bowl: Judge = (job) => (numberAt(job, "a") - 2) ** 2 + (numberAt(job, "b") - 2) ** 2;
  const spec = { type: "tpe", startup: 10, lag: 4, gamma: 0.1, candidates: 24 } as const;
  for (const seed of [1, 2, 3, 4]) {
    const jobs = play(sweepOf(space, spec, { trials: 30, seed }), bowl);
    assert.equal(jobs.length, 30);
    assert.equal(play(sweepOf(space, spec, { trials: 99, seed }), bowl).length, 36);
    // What it has learned holds of those that are left, too.
    const mean = (some: readonly Job[]) =>
      some.reduce((sum, job) => sum + Number(bowl(job)), 0) / some.length;
    assert.ok(mean(jobs.slice(10, 20)) < mean(jobs.slice(20)), `seed ${seed}`);
  }
});
