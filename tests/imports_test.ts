/** The repo's rule on imports: arrows between rooms, and no cycles, types included. */
import assert from "node:assert/strict";
import { cycles, type Graph, importsOf, sources, violations } from "./imports.ts";

const graph = await importsOf(sources());

Deno.test("every import follows the arrows of docs/architecture.md", () => {
  assert.ok(graph.size > 50, "the check must have found the sources");
  assert.deepEqual(violations(graph), []);
});

Deno.test("no modules import each other in a circle, types included", () => {
  assert.deepEqual(cycles(graph), []);
});

const fake = (edges: Record<string, string[]>): Graph => new Map(Object.entries(edges));

Deno.test("an engine module that imports a stage is found", () => {
  assert.deepEqual(violations(fake({ "pipelines/run/run.ts": ["stages/train.ts"] })), [
    "pipelines/run/run.ts imports stages/train.ts",
  ]);
});

Deno.test("a room that imports a room it may not see is found", () => {
  const graph = fake({
    "pipelines/config/config.ts": ["pipelines/plan/plan.ts"],
    "kernels/ops.ts": ["models/model.ts"],
    "numerics/math.ts": ["kernels/ops.ts"],
    "stages/train.ts": ["pipelines/report/page.ts"],
  });
  assert.equal(violations(graph).length, 4);
});

Deno.test("only the tensor room imports zarrita, and only models import tfjs", () => {
  const graph = fake({
    "pipelines/tensor/write.ts": ["zarrita"],
    "pipelines/store/put.ts": ["zarrita"],
    "stages/train.ts": ["@tensorflow/tfjs-core"],
  });
  assert.deepEqual(violations(graph), [
    "pipelines/store/put.ts imports zarrita",
    "stages/train.ts imports @tensorflow/tfjs-core",
  ]);
});

Deno.test("a circle is found and printed once", () => {
  assert.deepEqual(cycles(fake({ "a.ts": ["b.ts"], "b.ts": ["c.ts"], "c.ts": ["a.ts"] })), [
    "a.ts > b.ts > c.ts > a.ts",
  ]);
});
