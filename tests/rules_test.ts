/** The repo's rules on source text: what decides bits, what leaks a machine, what escapes the types. */
import assert from "node:assert/strict";
import { read, sources } from "./imports.ts";

interface Rule {
  readonly what: string;
  readonly pattern: RegExp;
  /** Path prefixes that it holds for. */
  readonly rooms: readonly string[];
  readonly except?: readonly string[];
}

const RESULTS = ["stages/", "models/", "kernels/", "numerics/"];
const ALL = ["pipelines/", ...RESULTS, "bench/", "tests/"];

const RULES: readonly Rule[] = [
  {
    what: "Math.random decides no result",
    pattern: /\bMath\.random\b/,
    rooms: RESULTS,
    // It lends tfjs a constant while that loads.
    except: ["models/create.ts"],
  },
  {
    what: "an engine's transcendental functions differ between versions: use numerics",
    pattern:
      /\b(?:Native|JS)?Mathf?\.(?:exp|expm1|log|log2|log10|log1p|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|cbrt|hypot)\b/,
    rooms: RESULTS,
  },
  {
    what: "Math stands before a dot, so that the rule above sees what is taken from it",
    pattern: /\b(?:Native|JS)?Mathf?\b(?!\.)/,
    rooms: RESULTS,
  },
  { what: "`**` is the engine's pow: use numerics", pattern: /\*\*/, rooms: RESULTS },
  {
    what: "clocks live in the host",
    pattern: /\bDate\.now\b|\bnew Date\b|\bperformance\.now\b/,
    rooms: RESULTS,
  },
  { what: "no `any`", pattern: /(?::|\bas|<|,|\|)\s*any\b(?!\s*:)/, rooms: ALL },
  { what: "no package of the jsr registry", pattern: /["'`]jsr:/, rooms: ALL },
  {
    what: "no registry's host name",
    pattern: /registry\.npmjs|registry\.yarnpkg|jsr\.io|npm\.pkg\./,
    rooms: ALL,
  },
  {
    what: "no absolute path of a person's machine",
    pattern: /["'`(\s](?:\/home\/|\/Users\/|\/root\/|\/work\/|[A-Z]:\\\\Users)/,
    rooms: ALL,
  },
  {
    what: "the command line alone prints and exits",
    pattern: /\bconsole\.(?:log|error|warn|info)\b|\bDeno\.exit\b/,
    rooms: ["pipelines/", ...RESULTS],
    except: ["pipelines/main.ts", "pipelines/cli/", "pipelines/host/", "kernels/build"],
  },
];

/** Comments and, for rules on code, the insides of strings blanked; line ends are kept. */
function code(source: string, strings: boolean): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`/g;
  return source.replace(token, (found) => {
    const comment = found.startsWith("/");
    return comment || !strings ? found.replace(/[^\n]/g, " ") : found;
  });
}

/** Rules on text look into strings, those on code do not. */
function isOnText(rule: Rule): boolean {
  return /jsr|registry|absolute/.test(rule.what);
}

function breaches(path: string, source: string, rule: Rule): string[] {
  if (!rule.rooms.some((room) => path.startsWith(room))) return [];
  if (rule.except?.some((prefix) => path.startsWith(prefix)) === true) return [];
  return code(source, isOnText(rule)).split("\n").flatMap((line, index) =>
    rule.pattern.test(line) ? [`${path}:${index + 1}`] : []
  );
}

// This file holds the patterns themselves.
const paths = [
  ...sources().filter((path) => path !== "tests/rules_test.ts"),
  ...Array.from(
    Deno.readDirSync(new URL("../kernels/assembly", import.meta.url)),
    ({ name }) => `kernels/assembly/${name}`,
  ),
];
const texts = new Map(paths.map((path) => [path, read(path)]));

for (const rule of RULES) {
  Deno.test(`in all sources: ${rule.what}`, () => {
    const found = [...texts].flatMap(([path, text]) => breaches(path, text, rule));
    assert.deepEqual(found, []);
  });
}

Deno.test("each rule finds what it forbids, and not in comments", () => {
  const bad = [
    "const a = Math.random();",
    "const a = Math.exp(1);",
    "const { exp } = Math;",
    "const a = 2 ** 3;",
    "const a = performance.now();",
    "const a = b as any;",
    'import { a } from "jsr:@std/assert";',
    'const a = "https://registry.' + 'npmjs.org";',
    'const a = "/home/someone/data";',
    'console.log("a");',
  ];
  for (const [index, rule] of RULES.entries()) {
    const line = bad[index] ?? "";
    assert.equal(breaches("stages/x.ts", line, rule).length, 1, rule.what);
    assert.equal(breaches("stages/x.ts", `// ${line}`, rule).length, 0, rule.what);
  }
});

Deno.test("no config, document or lock file holds a registry's host name or a home folder", () => {
  const found: string[] = [];
  const texts = RULES.filter(isOnText);
  for (const folder of ["", "configs/", "docs/", "tests/configs/"]) {
    for (const entry of Deno.readDirSync(new URL(`../${folder || "."}`, import.meta.url))) {
      if (!entry.isFile || !/\.(?:json|lock|md|yaml)$/.test(entry.name)) continue;
      const lines = read(`${folder}${entry.name}`).split("\n");
      for (const [index, line] of lines.entries()) {
        if (texts.some((rule) => rule.pattern.test(line))) {
          found.push(`${folder}${entry.name}:${index + 1}`);
        }
      }
    }
  }
  assert.deepEqual(found, []);
});
