/** Two files of one name are two: their pages, what they are compared with, their sweeps; and so are overrides. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { placeOf, withOverrides } from "../pipelines/config/place.ts";
import { namesIn } from "../pipelines/store/files.ts";
import { Workplace } from "./rig.ts";
import { writeSweep } from "./sweep_rig.ts";

/** A page that says its param. */
const PAGE = `import { z } from "zod";
import { defineStage } from "../pipelines/stage.ts";

export default defineStage({
  name: "page",
  summary: "A page",
  params: z.strictObject({ value: z.number() }),
  inputs: {},
  outputs: { page: { kind: "file", name: "page.html" } },
  async run({ params, outputs }) {
    await outputs.page.writeFile(new TextEncoder().encode("<p>value " + params.value + "</p>"));
  },
});
`;

Deno.test("no two files share a place", async () => {
  const of = (file: string) => placeOf(file, "/p/configs", "/p");
  const files: Readonly<Record<string, string>> = {
    "/p/configs/exp.yaml": "exp",
    "/p/configs/a/exp.yaml": "a/exp",
    "/p/configs/a/exp.yml": "a/exp.yml",
    "/p/a/exp.yaml": "_a/exp",
    "/p/exp.yaml": "_exp",
    "/p/configs/_exp.yaml": "__exp",
    "/p/configs/_a/exp.yaml": "__a/exp",
    "/p/configs/...yaml": "...yaml",
    "/p/configs/a/.yaml": "a/.yaml",
  };
  for (const [file, place] of Object.entries(files)) assert.equal(await of(file), place);
  assert.match(await of("/q/exp.yaml"), /^_exp-[0-9a-f]{8}$/);
  assert.notEqual(await of("/q/exp.yaml"), await of("/r/exp.yaml"));
  assert.equal(await withOverrides("exp", []), "exp");
  assert.match(await withOverrides("exp", ["a.b=1"]), /^exp\.set-[0-9a-f]{8}$/);
  assert.notEqual(await withOverrides("exp", ["a.b=1"]), await withOverrides("exp", ["a.b=2"]));
});

/** What the stage has drawn, without what is put before it. */
function pageAt(path: string): string {
  return Deno.readTextFileSync(path).replace(/^.*Content-Security-Policy.*\n/, "");
}

Deno.test("configs of one name in two folders have each their page and their last results, and so has --set", async () => {
  await using place = await Workplace.copy();
  place.write("configs/page.ts", PAGE);
  const text = (value: number, uses: string) =>
    `stages: { page: { uses: ${uses}, with: { value: ${value} } } }\n`;
  const one = place.write("configs/a/exp.yaml", text(1, "../page.ts"));
  const two = place.write("b/exp.yaml", text(2, "../configs/page.ts"));
  const said = async (...words: string[]) => {
    const { code, stdout, stderr } = await place.do(["run", ...words]);
    assert.equal(code, 0, stderr);
    const path = /report: (\S+)$/m.exec(stdout)?.[1] ?? "";
    return { path, stdout, page: pageAt(path) };
  };
  const a = await said(one);
  assert.deepEqual([a.path, a.page], [join(place.reports, "a/exp.html"), "<p>value 1</p>"]);
  const b = await said(two);
  assert.deepEqual([b.path, b.page], [join(place.reports, "_b/exp.html"), "<p>value 2</p>"]);
  assert.match(b.stdout, /page .*it has never run/);
  const other = await said(one, "--set", "page.value=3");
  assert.equal(other.page, "<p>value 3</p>");
  assert.equal(dirname(other.path), join(place.reports, "a"));
  assert.equal(pageAt(a.path), "<p>value 1</p>");
  // The reason is told by what this config came to before.
  assert.match(other.stdout, /page .*value was 1, is 3/);
});

Deno.test("a sweep with other settings of its base has a page, a winner and a state of its own", async () => {
  await using place = await Workplace.copy();
  const file = writeSweep(place, { space: "{ x: [0.1, 0.4] }", strategy: "grid" });
  for (const more of [[], ["--set", "work.y=4"]]) {
    assert.equal((await place.do(["sweep", file, ...more])).code, 0);
  }
  const pages = namesIn(join(place.reports, "sweeps", "_sweep"));
  const [set = ""] = /set-[0-9a-f]{8}/.exec(pages.join()) ?? [];
  assert.deepEqual(pages, [
    "tuning-winner.yaml",
    "tuning.html",
    `tuning.${set}-winner.yaml`,
    `tuning.${set}.html`,
  ]);
  assert.deepEqual(namesIn(join(place.store, "sweeps", "_sweep")), ["tuning", `tuning.${set}`]);
  // From where it lies its stages are found.
  const { stdout } = await place.do([
    "plan",
    join(place.reports, "sweeps", "_sweep", `tuning.${set}-winner.yaml`),
    "judge@winner",
  ]);
  assert.match(stdout, /^hit 3, to run 0, waiting 0$/m);
});
