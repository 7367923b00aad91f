/** The README does what it says: its stage runs, its table names every command. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { COMMANDS } from "../pipelines/cli/commands.ts";
import type { JsonObject } from "../pipelines/json.ts";
import { outcomes, ROOT, Workplace } from "./rig.ts";

const readme = Deno.readTextFileSync(join(ROOT, "README.md"));
const tasks = Object.keys(
  (JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json"))) as { tasks: JsonObject }).tasks,
);

/** The first code block of a language after a heading. */
function block(language: string, heading: string): string {
  const at = readme.indexOf(`## ${heading}`);
  const found = new RegExp("```" + language + "\n([\\s\\S]*?)```").exec(readme.slice(at))?.[1];
  assert.ok(at >= 0 && found !== undefined, `"${heading}" has no block of ${language}`);
  return found;
}

Deno.test("the stage of the README runs as it stands", async () => {
  await using place = await Workplace.copy();
  place.write("configs/invert.ts", block("ts", "A stage of your own"));
  place.write(
    "configs/mine.yaml",
    "stages:\n" +
      "  shapes: { uses: shapes, with: { train: 3, test: 1, size: 8 } }\n" +
      "  dark: { uses: ./invert.ts, inputs: { data: shapes.test } }\n" +
      "  light: { uses: ./invert.ts, inputs: { data: dark } }\n" +
      "  bright: { uses: ./invert.ts, inputs: { data: shapes.train } }\n" +
      "  split:\n" +
      "    uses: preprocess\n" +
      "    with: { validationSplit: 0 }\n" +
      "    inputs: { train: bright, test: dark }\n" +
      "  train:\n" +
      "    uses: train\n" +
      "    with:\n" +
      "      layers: [flatten, { dense: { units: 10, activation: softmax } }]\n" +
      "      loss: sparseCategoricalCrossentropy\n" +
      "      epochs: 1\n" +
      "    inputs: { train: split.train }\n" +
      "  evaluate: { uses: evaluate, inputs: { model: train.model, data: split.test } }\n",
  );
  const events = await place.run(["configs/mine.yaml"]);
  assert.ok(outcomes(events)["ran"]?.includes("evaluate"));
  const shown = async (name: string) =>
    (await place.do(["show", "configs/mine.yaml", name, "--tensor", "images"])).stdout
      .split("\n").filter((line) => /^ +\d/.test(line));
  const [original, dark, light] = [
    await shown("shapes.test"),
    await shown("dark"),
    await shown("light"),
  ];
  assert.ok(original.length > 0);
  assert.deepEqual(light, original);
  assert.notDeepEqual(dark, original);
});

Deno.test("the table of commands names every command, and no task that is not there", () => {
  const table = readme.slice(readme.indexOf("## Commands"), readme.indexOf("## A config"));
  const named = [...table.matchAll(/^\|(.*?)\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([a-z]+)/g)].map(([, name = ""]) => name)
  );
  for (const { name, hidden } of COMMANDS) {
    assert.equal(named.includes(name), hidden !== true, `"${name}" is, or is not, in the table`);
  }
  for (const name of named) assert.ok(tasks.includes(name), `"${name}" is no task`);
});

Deno.test("every command that README or documents show is a task with files that are there", () => {
  const texts = [
    readme,
    ...["course", "testing", "architecture", "data"].map((name) =>
      Deno.readTextFileSync(join(ROOT, "docs", `${name}.md`))
    ),
  ];
  for (
    const [, name = "", rest = ""] of texts.join("\n").matchAll(/deno task ([a-z]+)([^\n`#]*)/g)
  ) {
    assert.ok(tasks.includes(name), `"deno task ${name}" is no task`);
    for (const [file] of rest.matchAll(/\b(?:configs|tests|bench)\/[\w./-]+/g)) {
      assert.ok(Deno.statSync(join(ROOT, file)).isFile, file);
    }
  }
});
