/** Edits that change what a stage does and once were hits: each is another key, or gives the same bits, or is refused. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Bench } from "./plan_rig.ts";
import { digests, outcomes, Workplace } from "./rig.ts";
import { CONFIG, own, STAGE, stageText } from "./run_stages.ts";

/** A run after an edit that is a hit must be of the bits that a run by force gives. */
async function noWrongHit(place: Workplace, edit: () => void): Promise<"hit" | "miss"> {
  await place.run([CONFIG]);
  edit();
  const isHit = outcomes(await place.run([CONFIG]))["hit"]?.length === 1;
  const found = digests(place.store);
  // A plan that was kept would not tell what a new one comes to.
  Deno.removeSync(join(place.store, "cache"), { recursive: true });
  await place.run([CONFIG, "-f", "one"]);
  assert.deepEqual(digests(place.store), found, "the result is not that of the code");
  return isHit ? "hit" : "miss";
}

function imports(place: Workplace, ...lines: string[]): void {
  place.edit(STAGE, "export default", `${lines.join("\n")}\nexport default`);
}

Deno.test("what runs is what is hashed: no edit is a hit with another result", async (t) => {
  const cases: Record<string, [wanted: "hit" | "miss", (place: Workplace) => () => void]> = {
    "side effects in another order": ["miss", (place) => {
      own(place, "numbers[0] = Number(Reflect.get(globalThis, 'digits'));");
      for (const digit of ["1", "2"]) {
        place.write(
          `configs/${digit}.ts`,
          `Reflect.set(globalThis, "digits", \`\${Reflect.get(globalThis, "digits") ?? ""}${digit}\`);`,
        );
      }
      imports(place, 'import "./1.ts";', 'import "./2.ts";');
      return () =>
        place.edit(
          STAGE,
          'import "./1.ts";\nimport "./2.ts";',
          'import "./2.ts";\nimport "./1.ts";',
        );
    }],
    "an export that nobody imports, with an initialiser that says it is pure": ["hit", (place) => {
      own(place, "numbers[0] = Number(Reflect.get(globalThis, 'count') ?? 0);");
      imports(
        place,
        "const count = (n: number) => Reflect.set(globalThis, 'count', n);",
        "export const counted = /* @__PURE__ */ count(1);",
      );
      return () => place.edit(STAGE, "count(1)", "count(2)");
    }],
    "the text of a function, in another layout": ["hit", (place) => {
      own(place, "numbers[0] = `${measure}`.length;");
      imports(place, "function measure(): number[] {\n  return [1, 2];\n}");
      return () => place.edit(STAGE, "  return [1, 2];", "// longer\n  return [\n1,\n2,\n];");
    }],
    "the text of a function": ["miss", (place) => {
      own(place, "numbers[0] = `${measure}`.length;");
      imports(place, "function measure(): number {\n  return 1;\n}");
      return () => place.edit(STAGE, "  return 1;", "  return 100;");
    }],
    "lines of a text that look like the bundler's headers": ["miss", (place) => {
      place.write("configs/helper.ts", "export const helper = (): string => 'a';\n");
      own(place, "numbers[0] = `\n// configs/helper.ts\n`.length + helper().length;");
      imports(place, 'import { helper } from "./helper.ts";');
      return () => place.edit(STAGE, "// configs/helper.ts\n", "// configs/helper.ts\n".repeat(2));
    }],
    "a file that looks as an import may mean it": ["hit", (place) => {
      place.write("configs/util.ts", "export const util = 1;\n");
      own(place, "numbers[0] = util;");
      imports(place, 'import { util } from "./util.ts";');
      return () => {
        for (const end of ["tsx", "js", "ts.ts"]) {
          place.write(`configs/util.${end}`, "export const util = 2;\n");
        }
      };
    }],
    "settings of other tools": ["hit", (place) => {
      place.write("configs/effect.ts", "Reflect.set(globalThis, 'effect', 7);\n");
      own(place, "numbers[0] = Number(Reflect.get(globalThis, 'effect') ?? 0);");
      imports(place, 'import "./effect.ts";');
      return () => {
        const settings = {
          "package.json": { type: "commonjs", sideEffects: false, imports: { zod: "./x.ts" } },
          "tsconfig.json": { compilerOptions: { target: "es5", paths: { "./*": ["./no/*"] } } },
        };
        for (const [file, content] of Object.entries(settings)) {
          place.write(`configs/${file}`, JSON.stringify(content));
          place.write(`../store/${file}`, JSON.stringify(content));
        }
      };
    }],
    "settings of deno.json": ["hit", (place) => {
      own(place, "numbers[0] = Object.keys(Deno).length;");
      return () => place.edit("deno.json", '"name"', '"unstable": ["kv", "cron"],\n  "name"');
    }],
    "the functions behind Math": ["miss", (place) => {
      own(place, "numbers[0] = Math.exp(1);");
      return () =>
        place.edit(
          "numerics/math.ts",
          "export const deterministicMath",
          "export const deterministicMath = { exp: () => 1 };\nexport const unusedMath",
        );
    }],
  };
  for (const [name, [wanted, prepare]] of Object.entries(cases)) {
    await t.step(name, async () => {
      await using place = await Workplace.copy();
      assert.equal(await noWrongHit(place, prepare(place)), wanted);
    });
  }
});

Deno.test("a link that leads elsewhere is seen, whatever it is a link to, and force runs what is there now", async (t) => {
  /** Two folders alike but for a number, and a link that is moved from one to the other. */
  const cases: Record<string, [link: string, of: string, stage: string]> = {
    "the stage's file": ["configs/own.ts", "own.ts", "configs/own.ts"],
    "a helper": ["configs/helper.ts", "helper.ts", "configs/own.ts"],
    "a folder of helpers": ["configs/lib", "", "configs/own.ts"],
    "the folder of the config": ["configs", "", "configs/own.ts"],
  };
  for (const [name, [link, of, stage]] of Object.entries(cases)) {
    await t.step(name, async () => {
      await using place = await Workplace.copy();
      const isFolder = link === "configs/lib";
      const helper = isFolder ? "./lib/helper.ts" : "./helper.ts";
      const text = (more: number) =>
        stageText(`numbers[0] = helper() + ${more};`).replace(
          "export default",
          `import { helper } from "${helper}";\nexport default`,
        );
      const yaml = "stages:\n  one:\n    uses: ./own.ts\n";
      for (const [folder, number] of [["versions/a", 1], ["versions/b", 2]] as const) {
        place.write(`${folder}/own.ts`, text(link === stage ? number : 0));
        place.write(`${folder}/helper.ts`, `export const helper = (): number => ${number};\n`);
        place.write(`${folder}/own.yaml`, yaml);
      }
      if (link === "configs") Deno.removeSync(join(place.root, "configs"), { recursive: true });
      else {
        place.write(stage, text(0));
        place.write("configs/helper.ts", "export const helper = (): number => 0;\n");
        place.write(CONFIG, yaml);
        if (!isFolder) Deno.removeSync(join(place.root, link));
      }
      const lead = (folder: string) => {
        const path = join(place.root, link);
        try {
          Deno.removeSync(path);
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
        Deno.symlinkSync(join(place.root, "versions", folder, of), path);
      };
      lead("a");
      assert.equal(await noWrongHit(place, () => lead("b")), "miss");
      // Back again: known still.
      lead("a");
      assert.deepEqual(outcomes(await place.run([CONFIG])), { hit: ["one"] });
      if (of === "") return;
      const there = Deno.readTextFileSync(join(place.root, link));
      Deno.removeSync(join(place.root, link));
      place.write(link, there.replace("1;", "3;"));
      assert.deepEqual(outcomes(await place.run([CONFIG])), { ran: ["one"] });
    });
  }
});

Deno.test("a stage outside of the project has its key in any folder, and each of its files has a name there", async () => {
  await using bench = await Bench.open();
  const build = async (folder: string) => {
    const write = (path: string, text: string) => {
      const file = join(bench.place.folder, folder, path);
      Deno.mkdirSync(join(file, ".."), { recursive: true });
      Deno.writeTextFileSync(file, text);
      return file;
    };
    write("a/util.ts", "export const util = (): number => 1;\n");
    const other = (number: number) =>
      write("b/util.ts", `export const util = (): number => ${number};\n`);
    other(2);
    const stage = write(
      "index.ts",
      stageText("numbers[0] = a() + b(); await import('./b/util.ts');").replace(
        '"../pipelines/stage.ts"',
        '"stages"',
      ).replace(
        "export default",
        'import { util as a } from "./a/util.ts";\nimport { util as b } from "./b/util.ts";\n' +
          "export default",
      ),
    );
    const before = await bench.build(stage);
    other(3);
    return { before, after: await bench.build(stage) };
  };
  bench.place.edit(
    "deno.json",
    '"imports": {',
    '"imports": {\n    "stages": "./pipelines/stage.ts",',
  );
  const one = await build("one/place");
  const two = await build("elsewhere/deeper/place");
  assert.deepEqual(two, one);
  const { before, after } = one;
  assert.notEqual(after.built, before.built);
  const names = Object.keys(before.modules).filter((name) => name.startsWith("."));
  assert.deepEqual(names, ["./a/util.ts", "./b/util.ts", "./index.ts"]);
  assert.deepEqual(names.filter((name) => before.modules[name] !== after.modules[name]), [
    "./b/util.ts",
  ]);
  assert.doesNotMatch(bench.text(before), new RegExp(`${bench.place.folder}|elsewhere`));
});

Deno.test("an import that does not name its file is refused, with what to write", async (t) => {
  await using bench = await Bench.open();
  const { place } = bench;
  place.write("configs/util.ts", "export const util = 1;\n");
  place.write("configs/lib/index.ts", "export const util = 1;\n");
  place.write("configs/data.json", '{ "a": 1 }\n');
  const cases: Record<string, [line: string, message: RegExp]> = {
    "no extension": ['import "./util";', /^"\.\/util" names no file: .* write "\.\/util\.ts" \(/],
    "another extension": ['import "./util.js";', /names no file: .* write "\.\/util\.ts" \(/],
    "a folder": ['import "./lib";', /^"\.\/lib" names no file: .* write "\.\/lib\/index\.ts" \(/],
    "a file that is not there": ['import "./no.ts";', /^"\.\/no\.ts" names no file \(configs\/own/],
    "an absolute path": ['import "/etc/x.ts";', /is an absolute path, which is another one/],
    "more than a path": ['import "./util.ts?a=1";', /it may hold no/],
    "data": ['import data from "./data.json"; void data;', /is no module of code: .*"json"/],
    "what nobody knows": [
      'import data from "./data.json" with { type: "css" }; void data;',
      /imported with type: "css"; wanted with { type: "json" }, "text" or "bytes"/,
    ],
    "another attribute": [
      'import data from "./data.json" with { type: "json", lazy: "yes" }; void data;',
      /imported with lazy: "yes"/,
    ],
    "require": ['const util = require("./util.ts"); void util;', /no require\(\): write `import`/],
  };
  for (const [name, [line, message]] of Object.entries(cases)) {
    await t.step(name, async () => {
      bench.write(stageText("").replace("export default", `${line}\nexport default`));
      await assert.rejects(bench.build(), { name: "BundleError", message });
    });
  }
});

Deno.test("a file is what its import says, and its bytes are in the key", async () => {
  await using place = await Workplace.copy();
  place.write("configs/data.json", '{ "a": 1.50 }\n');
  own(place, "numbers.set([text.length, bytes.length, data.a]);");
  imports(
    place,
    'import text from "./data.json" with { type: "text" };',
    'import bytes from "./data.json" with { type: "bytes" };',
    'import data from "./data.json" with { type: "json" };',
  );
  const numbers = async () => {
    await place.run([CONFIG]);
    const { stdout } = await place.do(["show", CONFIG, "one"]);
    return stdout;
  };
  assert.match(await numbers(), /14.*14.*1\.5/);
  place.edit("configs/data.json", "1.50", "1.5");
  assert.match(await numbers(), /13.*13.*1\.5/);
});
