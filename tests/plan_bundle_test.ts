/** What of a stage's code is hashed, and that it is what is stored to run. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Code } from "../pipelines/plan/plan.ts";
import { Bench, update } from "./plan_rig.ts";
import { ROOT } from "./rig.ts";
import { STAGE, stageText } from "./run_stages.ts";

const BODY = `
    const table = { first: [1, 2, 3], "second": (x: number) => x + 1 };
    if (table.first.length > 2) { numbers[0] = table.second(1); } else { numbers[0] = 0; }
    const { first, ...rest } = table;
    const pick = first.map((x) => ({ x, y: \`\${x}\` })).filter(({ x }) => x > 1);
    void [rest, pick];
`;

Deno.test("what the reader of code sees and the machine does not has no part in its digest", async (t) => {
  await using bench = await Bench.open();
  const plain = stageText(BODY);
  const wanted = await bench.built(plain);
  const same: Record<string, (text: string) => string> = {
    "another formatter's layout": (text) => text.replace(/ {2,}/g, "\t").replaceAll(";\n", "\n;\n"),
    "lists and calls over many lines, with trailing commas": (text) =>
      text.replace("[1, 2, 3]", "[\n1,\n\n2,\n3,\n]").replace(
        "Float64Array.of(params.value, 2, 3)",
        "Float64Array.of(\n\nparams.value,\n2,\n3,\n)",
      ).replace("({ x, y: `${x}` })", "({\nx,\ny: `${x}`,\n})"),
    "everything of a function on one line": (text) =>
      text.replace(BODY, BODY.replaceAll("\n", " ")),
    "other quotes, of keys and texts": (text) =>
      text.replace('"second":', "second:").replace(
        'summary: "A stage of a test"',
        "summary: 'A stage of a test'",
      ),
    "comments of all kinds, some of which look like headers": (text) =>
      `/*! legal @license */\n${text}`.replace(
        "const { first",
        `/** @preserve */ /* one */\n// ${STAGE}\n// pipelines/stage.ts\nconst { first`,
      ),
    "types": (text) =>
      text.replace(
        "const numbers =",
        "type Unused = { a: string };\n    const numbers: Float64Array =",
      )
        .replace("const pick =", "const pick: readonly { x: number; y: string }[] ="),
    "an export that nobody imports": (text) =>
      `${text}\nexport const UNUSED = [1, 2, 3];\nexport function unused(): number {\n  return 1;\n}\n`,
    "parentheses that change nothing": (text) => text.replace("x + 1", "((x) + (1))"),
    "line ends of Windows": (text) => text.replaceAll("\n", "\r\n"),
  };
  for (const [name, change] of Object.entries(same)) {
    await t.step(name, async () => {
      assert.notEqual(change(plain), plain);
      assert.equal(await bench.built(change(plain)), wanted);
    });
  }
  const other: Record<string, [string, string]> = {
    "a number": ["x + 1", "x + 2"],
    "an operator": ["x > 1", "x >= 1"],
    "white space inside a text": ["`${x}`", "` ${x}`"],
    "the declared name": ['name: "own"', 'name: "owner"'],
    "a default of a param": ["default(1)", "default(2)"],
  };
  for (const [name, [from, to]] of Object.entries(other)) {
    await t.step(`but ${name} has`, async () => {
      assert.ok(plain.includes(from));
      assert.notEqual(await bench.built(plain.replace(from, to)), wanted);
    });
  }
});

Deno.test("a text over many lines keeps its line breaks in the digest", async () => {
  await using bench = await Bench.open();
  const text = (middle: string) => stageText(`numbers[0] = \`a${middle}b\`.length;`);
  assert.notEqual(await bench.built(text("\n")), await bench.built(text("\n\n")));
});

Deno.test("a module that is imported for its effect, or late, is hashed, too", async () => {
  await using bench = await Bench.open();
  const { place } = bench;
  place.write("configs/effect.ts", "Object.assign(globalThis, { effect: 1 });\n");
  place.write("configs/late.ts", "export const late = 1;\n");
  bench.write(
    `import "./effect.ts";\n` + stageText(`numbers[1] = (await import("./late.ts")).late;`),
  );
  const before = await bench.build();
  assert.ok("configs/effect.ts" in before.modules && "configs/late.ts" in before.modules);
  place.edit("configs/effect.ts", "1", "2");
  const effect = await bench.build();
  place.edit("configs/late.ts", "1", "2");
  const late = await bench.build();
  const differing = (a: Code, b: Code) =>
    Object.keys(b.modules).filter((path) => a.modules[path] !== b.modules[path]);
  assert.equal(new Set([before, effect, late].map(({ built }) => built)).size, 3);
  assert.deepEqual(differing(before, effect), ["configs/effect.ts"]);
  assert.deepEqual(differing(effect, late), ["configs/late.ts"]);
});

Deno.test("the engine's own part of a bundle changes what is stored, not what is hashed", async () => {
  await using bench = await Bench.open();
  const before = await bench.build();
  bench.place.edit("pipelines/host/context.ts", "This stage has no seed", "No seed is here");
  const after = await bench.build();
  assert.deepEqual(after, { ...before, bundle: after.bundle });
  assert.notEqual(after.bundle, before.bundle);
});

Deno.test("the folder of the project has no part in its digests", async () => {
  await using one = await Bench.open();
  await using other = await Bench.open();
  const [a, b] = [await one.build(), await other.build()];
  assert.deepEqual(a, b);
});

Deno.test("what is stored was made of the same text as what is hashed, however fast the file changes", async () => {
  await using bench = await Bench.open();
  const helper = (word: string) => `export const answer = "${word}";\n`;
  const stage = `import { answer } from "./helper.ts";\n${
    stageText("numbers[1] = answer.length;")
  }`;
  bench.write(stage);
  const digests = new Map<string, string>();
  for (const word of ["before", "after"]) {
    bench.place.write("configs/helper.ts", helper(word));
    digests.set((await bench.build()).modules["configs/helper.ts"] ?? "", word);
  }
  assert.equal(digests.size, 2);
  let turns = 0;
  const timer = setInterval(() => {
    // By a rename, so that a reader sees one text or the other.
    const path = bench.place.write(
      "configs/next.ts",
      helper(turns++ % 2 === 0 ? "before" : "after"),
    );
    Deno.renameSync(path, join(bench.place.root, "configs/helper.ts"));
  }, 0);
  try {
    for (let round = 0; round < 12; round++) {
      const code = await bench.build();
      const word = digests.get(code.modules["configs/helper.ts"] ?? "");
      assert.ok(word);
      assert.match(bench.text(code), new RegExp(`answer = "${word}"`));
    }
  } finally {
    clearInterval(timer);
  }
  assert.ok(turns > 12, "the file changed during the builds");
});

Deno.test("code that would run without being hashed is refused", async (t) => {
  await using bench = await Bench.open();
  const cases: Record<string, [string, RegExp]> = {
    "import.meta": [
      "numbers[0] = import.meta.url.length;",
      /"own\.ts" or what it imports uses import\.meta/,
    ],
    "an import() of what is computed": [
      "await import(`./${params.text}.ts`);",
      /import\(\) of something that is no plain text/,
    ],
    "an import from the network": [
      'await import("https://example.org/x.ts");',
      /cannot import "https:\/\/example\.org\/x\.ts": only files and packages/,
    ],
    "a package that deno.json does not name": [
      'await import("left-pad");',
      /"left-pad" is not among the imports of deno\.json \(configs\/own\.ts:\d+:\d+\)/,
    ],
    "a file that is not there": ['await import("./nowhere.ts");', /nowhere\.ts/],
    "an error in its syntax": ["const = 1;", /\(configs\/own\.ts:\d+:\d+\)/],
  };
  for (const [name, [body, message]] of Object.entries(cases)) {
    await t.step(name, async () => {
      bench.write(stageText(body));
      await assert.rejects(bench.build(), { name: "BundleError", message });
    });
  }
});

Deno.test("another version of a package is told as such, of the parser and of the host's own packages, too", async () => {
  await using bench = await Bench.open();
  const { place } = bench;
  bench.write(`import { slice } from "zarrita";\n${stageText("void slice;")}`);
  const before = await bench.build();
  assert.match(before.packages["zarrita"] ?? "", /^[0-9.]+ sha512-/);
  assert.ok(Object.keys(before.packages).length > 1, "what zarrita needs is there, too");
  const parser = update(place, "zod", "4.0.1");
  const parsed = await bench.build();
  assert.deepEqual(parsed.modules, before.modules);
  assert.deepEqual(parsed.packages, {
    ...before.packages,
    zod: before.packages["zod"]?.replace(parser, "4.0.1"),
  });

  const old = update(place, "zarrita", "0.0.6");
  const after = await bench.build();
  assert.deepEqual(after.modules, before.modules);
  assert.equal(after.packages["zarrita"], before.packages["zarrita"]?.replace(old, "0.0.6"));
  assert.match(bench.text(after), /"npm:zarrita@0\.0\.6"/);

  // A version of which the lock file knows nothing.
  place.edit("deno.json", "npm:zarrita@0.0.6", "npm:zarrita@0.0.7");
  await assert.rejects(bench.build(), {
    name: "LockError",
    message: /"deno\.lock" has no package "npm:zarrita@0\.0\.7": run `deno install`/,
  });
});

/** Ours need two versions of it. */
function versionsOfLong(): string[] {
  const lock = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.lock")));
  return Object.keys(lock.npm).flatMap((key) => /^long@(.*)/.exec(key)?.[1] ?? []).sort();
}

Deno.test("two versions of one package that change places change the code", async () => {
  await using bench = await Bench.open();
  const { place } = bench;
  bench.write(
    'import * as four from "four";\nimport * as five from "five";\n' +
      stageText("void [four, five];"),
  );
  const build = async (four: string, five: string) => {
    const config = JSON.parse(Deno.readTextFileSync(join(place.root, "deno.json")));
    Object.assign(config.imports, { four: `npm:long@${four}`, five: `npm:long@${five}` });
    place.write("deno.json", JSON.stringify(config));
    const lock = JSON.parse(Deno.readTextFileSync(join(place.root, "deno.lock")));
    for (const one of [four, five]) lock.specifiers[`npm:long@${one}`] = one;
    place.write("deno.lock", JSON.stringify(lock));
    return await bench.build();
  };
  const [a = "", b = ""] = versionsOfLong();
  const before = await build(a, b);
  const after = await build(b, a);
  assert.deepEqual(after.packages, before.packages);
  assert.notEqual(after.built, before.built);
});
