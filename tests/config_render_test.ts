/** How diagnostics look. */
import assert from "node:assert/strict";
import type { Diagnostic } from "../pipelines/config/config.ts";
import { renderDiagnostics } from "../pipelines/config/render.ts";
import { ConfigRig, text } from "./config_rig.ts";

/** The text of diagnostics about this source, whose parts are given as `line:column+length`. */
async function shown(source: string, ...places: readonly string[]): Promise<string> {
  await using rig = await ConfigRig.make();
  const file = await rig.write("configs/c.yaml", source);
  return rig.plain(renderDiagnostics(places.map((place): Diagnostic => {
    const [line = 0, column = 0, length = 0] = place.split(/[:+]/).map(Number);
    return {
      severity: "error",
      message: "Wrong",
      location: { file, line, column, length },
    };
  })));
}

Deno.test("the source is underlined below what takes two columns, tabs, and accents", async () => {
  assert.equal(
    await shown("a: 漢字 x\n\tb: 1\ne\u0301: 2\n漢: x\n", "1:7+1", "2:5+1", "3:5+1", "4:1+1"),
    text`
    error: Wrong
     --> /configs/c.yaml:1:7
    1 | a: 漢字 x
      |         ^

    error: Wrong
     --> /configs/c.yaml:2:5
    2 |  b: 1
      |     ^

    error: Wrong
     --> /configs/c.yaml:3:5
    3 | e\u0301: 2
      |    ^

    error: Wrong
     --> /configs/c.yaml:4:1
    4 | 漢: x
      | ^^

    4 errors`.replace("\\u0301", "\u0301"),
  );
});

Deno.test("nothing that is read from a file can drive the terminal", async () => {
  const rendered = await shown("a: \u001b[31m\u0007\u202e x\n", "1:12+1");
  assert.equal(rendered.split("\n")[2], "1 | a: \\u001b[31m\\u0007\\u202e x");
  assert.equal(rendered.split("\n")[3]?.indexOf("^"), rendered.split("\n")[2]?.indexOf("x"));
  const diagnostic: Diagnostic = {
    severity: "error",
    message: "Wrong \u001b[2J",
    help: "Remove \u009b31m",
    location: { file: "\u001b]0;x.yaml", line: 1, column: 1, length: 1 },
  };
  const plain = renderDiagnostics([diagnostic]);
  assert.match(plain, /Wrong \\u001b\[2J/);
  assert.match(plain, /Remove \\u009b31m/);
  assert.match(plain, /\\u001b\]0;x\.yaml:1:1/);
});

Deno.test("of a long line the part around the place is shown", async () => {
  const line = `${"a".repeat(500)}XYZ${"b".repeat(500)}`;
  const [, , source = "", marks = ""] = (await shown(line, "1:501+3")).split("\n");
  assert.equal(marks.indexOf("^"), source.indexOf("X"));
  assert.match(marks, /^ {2}\| +\^{3}$/);
  assert.match(source, /^1 \| …a+XYZb+…$/);
  assert.ok(source.length < 120, `${source.length} columns`);
});

Deno.test("a file that is gone is shown by its place alone, and a problem without place by its text", () => {
  const location = { file: "gone.yaml", line: 3, column: 4, length: 1 };
  const rendered = renderDiagnostics([
    { severity: "warning", message: "Odd", help: "Look at it", location },
    { severity: "error", message: "Wrong", location: null },
  ]);
  // deno-lint-ignore no-control-regex -- colour codes begin with a control character
  const plain = rendered.replace(/\u001b\[\d+m/g, "");
  assert.equal(plain, "warning: Odd\n --> gone.yaml:3:4\n  help: Look at it\n\nerror: Wrong");
});

Deno.test("only the first fifty of many errors are shown, and all are counted", async () => {
  const rendered = await shown("a: 1\n", ...Array<string>(60).fill("1:1+1"));
  assert.equal(rendered.match(/^error: /gm)?.length, 50);
  assert.match(rendered, /\n60 errors, of which these are the first 50$/);
});
