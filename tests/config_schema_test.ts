/** The editors' JSON Schema allows what the reader allows, and underlines what it refuses. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { configSchema, type StageSchema } from "../pipelines/config/json_schema.ts";
import type { Json, JsonObject } from "../pipelines/json.ts";
import type { Stage } from "../pipelines/stage.ts";
import { fits } from "./config_json_schema.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const STAGES: readonly StageSchema[] = [{
  name: "fit",
  uses: "fit",
  summary: "Fits a line",
  params: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    required: ["epochs"],
    additionalProperties: false,
    properties: {
      epochs: { type: "integer", minimum: 1 },
      stop: { $ref: "#/$defs/stop" },
      loss: {
        oneOf: [
          { type: "object", required: ["a"], additionalProperties: false, properties: { a: {} } },
          { type: "object", required: ["b"], additionalProperties: false, properties: { b: {} } },
        ],
      },
      layers: { type: "array", items: { type: "object", required: ["units"] } },
    },
    $defs: {
      stop: {
        type: "object",
        required: ["patience"],
        properties: { patience: { type: "integer" }, then: { $ref: "#/$defs/stop" } },
      },
    },
  },
  inputs: [
    { name: "data", what: "numbers", optional: false },
    { name: "test", what: "more numbers", optional: true },
  ],
}, { name: "draw", uses: "draw", summary: "Draws", params: { type: "object" }, inputs: [] }];
const SCHEMA = configSchema(STAGES);

/** Whether a config with this stage fits. */
function stage(yaml: string): boolean {
  return fits({ stages: { a: parse(yaml) } }, SCHEMA, SCHEMA);
}
const INPUTS = "inputs: { data: x.y }";

Deno.test("a stage's params and inputs follow what it uses", () => {
  assert.ok(stage(`{ uses: fit, with: { epochs: 1 }, ${INPUTS} }`));
  assert.ok(stage("{ uses: draw, with: { anything: 1 } }"));
  assert.ok(!stage(`{ uses: fit, with: { epochs: 0 }, ${INPUTS} }`));
  assert.ok(!stage(`{ uses: fit, with: { epochs: 1, epoch: 1 }, ${INPUTS} }`));
  assert.ok(!stage(`{ uses: fit, with: {}, ${INPUTS} }`));
  assert.ok(!stage(`{ uses: fit, ${INPUTS} }`));
  assert.ok(!stage("{ uses: fit, with: { epochs: 1 } }"));
  assert.ok(!stage("{ uses: fit, with: { epochs: 1 }, inputs: { test: x } }"));
  assert.ok(!stage("{ uses: fit, with: { epochs: 1 }, inputs: { data: x, tset: x } }"));
  assert.ok(!stage("{ uses: fitt }"));
});

Deno.test("references inside a stage's params lead to where they were meant to", () => {
  const stop = (yaml: string) =>
    stage(`{ uses: fit, with: { epochs: 1, stop: ${yaml} }, ${INPUTS} }`);
  assert.ok(stop("{ patience: 1, then: { patience: 2 } }"));
  assert.ok(!stop("{}"));
  assert.ok(!stop("{ patience: 1, then: { patience: x } }"));
});

Deno.test("a variant may give a part of the params, and what it gives must be right", () => {
  const variant = (yaml: string) => stage(`{ uses: fit, variants: { v: ${yaml} } }`);
  assert.ok(variant(`{ with: { epochs: 1 }, ${INPUTS} }`));
  assert.ok(variant("{ with: { stop: { then: {} }, loss: {} } }"));
  assert.ok(variant("null"));
  assert.ok(!variant("{ with: { epoch: 1 } }"));
  assert.ok(!variant("{ with: { stop: { patience: x } } }"));
  // A list is replaced as a whole, so that its entries are complete.
  assert.ok(!variant("{ with: { layers: [{}] } }"));
  assert.ok(!variant("{ inputs: { dta: x } }"));
  assert.ok(!variant("{ seeds: 1 }"));
});

Deno.test("a matrix has lists of values that the params allow", () => {
  assert.ok(stage("{ uses: fit, matrix: { epochs: [1, 2] } }"));
  assert.ok(!stage("{ uses: fit, matrix: { epochs: [0] } }"));
  assert.ok(!stage("{ uses: fit, matrix: { epochs: [1, 1] } }"));
  assert.ok(!stage("{ uses: fit, matrix: { epochs: [] } }"));
});

Deno.test("a stage file of one's own takes any params; other keys are checked as for all", () => {
  assert.ok(stage("{ uses: ./mine.ts, with: { x: [1] }, inputs: { i: [a, b@c.d] }, seeds: 3 }"));
  assert.ok(stage("{ uses: ../x/mine.ts, join: product, cache: false }"));
  for (
    const bad of [
      "{ uses: ./mine.js }",
      "{ uses: /mine.ts }",
      "{ with: {} }",
      "{ uses: draw, sed: 1 }",
      "{ uses: draw, seeds: 0 }",
      "{ uses: draw, join: all }",
      "{ uses: draw, with: [] }",
      "{ uses: ./mine.ts, inputs: { i: a.b.c } }",
      "{ uses: ./mine.ts, inputs: { i: [] } }",
      '{ uses: draw, variants: { "a.b": {} } }',
    ]
  ) {
    assert.ok(!stage(bad), bad);
  }
  assert.ok(!fits({ stages: {} }, SCHEMA, SCHEMA));
  assert.ok(!fits({ stages: { "a.b": { uses: "draw" } } }, SCHEMA, SCHEMA));
  assert.ok(!fits({ stages: { a: { uses: "draw" } }, sed: 1 }, SCHEMA, SCHEMA));
  assert.ok(fits({ stages: { a: { uses: "draw" } }, "x-sed": 1 }, SCHEMA, SCHEMA));
});

Deno.test("every committed config fits the schema of the real stages, and a misspelt one does not", async () => {
  const stages: StageSchema[] = [];
  for await (const { name, isFile } of Deno.readDir(join(ROOT, "stages"))) {
    if (!isFile || !name.endsWith(".ts")) continue;
    const stage: Stage = (await import(`../stages/${name}`)).default;
    stages.push({
      name: stage.name,
      uses: name.slice(0, -3),
      summary: stage.summary,
      // zod's type of a schema is wider than JSON; what it makes is JSON.
      params: z.toJSONSchema(stage.params, { io: "input", unrepresentable: "any" }) as JsonObject,
      inputs: Object.entries(stage.inputs).map(([name, { what, optional }]) => ({
        name,
        what,
        optional: optional === true,
      })),
    });
  }
  const schema = configSchema(stages);
  let count = 0;
  for (const folder of ["configs", join("tests", "configs")]) {
    for await (const { name } of Deno.readDir(join(ROOT, folder))) {
      if (!/(?<!\.lock)\.yaml$/.test(name)) continue;
      const text = await Deno.readTextFile(join(ROOT, folder, name));
      const config: Json = parse(text);
      assert.ok(fits(config, schema, schema), name);
      const misspelt: Json = parse(text.replace("  epochs:", "  epoch:"));
      assert.notDeepEqual(misspelt, config);
      assert.ok(!fits(misspelt, schema, schema), `${name}, misspelt`);
      count++;
    }
  }
  assert.ok(count >= 4, "the configs are not where they were");
});
