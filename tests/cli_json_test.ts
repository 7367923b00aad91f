/** `--json` is JSON Lines in every command, with the fields of docs/json.md. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { linesOf, ROOT, Workplace } from "./rig.ts";
import { CONFIG, own } from "./run_stages.ts";

interface Fields {
  readonly needed: readonly string[];
  readonly known: ReadonlySet<string>;
}

/** By command: the fields of each kind of line, in their order. */
function documented(): ReadonlyMap<string, readonly Fields[]> {
  const found = new Map<string, Fields[]>();
  let command = "";
  for (const line of Deno.readTextFileSync(join(ROOT, "docs", "json.md")).split("\n")) {
    const [, names = "", , fields = ""] = line.split("|").map((cell) => cell.trim());
    const words = [...fields.matchAll(/`(\w+)(\??)`/g)];
    if (words.length === 0) continue;
    command = names === "" ? command : names;
    const kinds = found.get(command) ?? [];
    found.set(command, kinds);
    kinds.push({
      needed: words.filter(([, , isOptional]) => isOptional === "").map(([, word = ""]) => word),
      known: new Set(words.map(([, word = ""]) => word)),
    });
  }
  return found;
}

Deno.test("every command's --json is JSON Lines with the documented fields", async (t) => {
  await using place = await Workplace.copy();
  own(place, "");
  const fields = documented();
  await place.run([CONFIG]);
  await place.run([CONFIG, "--set", "one.value=2"]);

  const check = (command: string, lines: readonly Readonly<Record<string, unknown>>[]) => {
    const kinds = fields.get(command) ?? [];
    assert.ok(kinds.length > 0, `docs/json.md has no row for ${command}`);
    assert.ok(lines.length >= kinds.length, `${command} printed ${lines.length} lines`);
    for (const [index, line] of lines.entries()) {
      const kind = kinds[Math.min(index, kinds.length - 1)];
      assert.ok(kind !== undefined);
      const names = Object.keys(line);
      assert.deepEqual(names.filter((name) => !kind.known.has(name)), [], command);
      assert.deepEqual(kind.needed.filter((name) => !names.includes(name)), [], command);
    }
  };
  const CASES: readonly (readonly [command: string, ...words: string[]])[] = [
    ["`plan`", "plan", CONFIG],
    ["`plan`", "plan", CONFIG, "--set", "one.value=3"],
    ["`explain`", "explain", CONFIG, "one"],
    ["`runs`", "runs"],
    ["`diff`", "diff", "latest~1", "latest"],
    ["`verify`", "verify"],
    ["`verify --rerun`", "verify", CONFIG, "--rerun"],
    ["`gc`", "gc", "--dry-run", "--max-size", "1kB"],
  ];
  for (const [command, ...words] of CASES) {
    await t.step(words.join(" "), async () => {
      const { code, stdout, stderr } = await place.do([...words, "--json"]);
      assert.deepEqual([code, stderr], [0, ""]);
      check(command, linesOf(stdout));
    });
  }

  await t.step("the events of a run have a type, from its start to its end", async () => {
    const types = (await place.run([CONFIG, "--force", "one"])).map(({ type }) => type);
    assert.deepEqual([types[0], types.at(-1)], ["run-started", "run-ended"]);
  });
});
