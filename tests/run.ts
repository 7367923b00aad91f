/**
 * Runs all tests, suite by suite, and says how long each took: `deno task test [SUITE...]`. A suite is the
 * files of one room: what stands before the first `_` in their names, or the folder that they lie in.
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { called, refuse } from "./task.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** What tests may do; the browser's driver reads files of the system that Deno gives with the right to all alone. */
const RIGHTS = ["read", "write", "run", "env", "sys", "net"].map((right) => `--allow-${right}`);
const BROWSER = ["report", "ui"];

interface Outcome {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly text: string;
}

function suites(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const visit = (folder: string) => {
    for (const entry of Deno.readDirSync(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory) visit(path);
      else if (entry.name.endsWith("_test.ts")) {
        const [first = ""] = relative(FOLDER, path).split(/[_\\/]/);
        found.set(first, [...found.get(first) ?? [], path]);
      }
    }
  };
  visit(FOLDER);
  return new Map([...found].sort(([a], [b]) => a < b ? -1 : 1));
}

async function run(suite: string, files: readonly string[]): Promise<Outcome> {
  const started = performance.now();
  const rights = BROWSER.includes(suite) ? ["--allow-all"] : RIGHTS;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--quiet", "--no-check", ...rights, ...files],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const count = (word: string) =>
    Number(new RegExp(`\\| .*?(\\d+) ${word}`).exec(summary(text))?.[1] ?? 0);
  const failed = count("failed");
  return {
    suite,
    passed: count("passed"),
    // A file that does not even load counts as a failure.
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: count("ignored"),
    seconds: (performance.now() - started) / 1000,
    text,
  };
}

/** `ok | 3 passed | 0 failed | 1 ignored (2s)`: the last such line. */
function summary(text: string): string {
  return text.split("\n").findLast((line) => /^(?:ok|FAILED) \| \d+ passed/.test(line)) ?? "";
}

function row(one: Outcome): string {
  return [
    one.failed > 0 ? "FAILED" : "ok",
    one.suite.padEnd(12),
    `${one.passed} passed`.padStart(11),
    `${one.failed} failed`.padStart(10),
    `${one.skipped} skipped`.padStart(11),
    `${(one.seconds / 60).toFixed(2)} min`.padStart(10),
  ].join("  ");
}

const all = suites();
const { arguments: named } = await called({
  name: "test",
  summary: "Run all tests, or those of some suites",
  details: `Suites: ${[...all.keys()].join(", ")}.`,
  arguments: [{ name: "suite", description: "only these", required: false, many: true }],
  flags: [],
  examples: [["test", "all of them"], ["test cli kernels", "two suites"]],
});
const unknown = named.filter((name) => !all.has(name));
if (unknown.length > 0) {
  refuse(`There is no suite "${unknown[0]}"`, `there are: ${[...all.keys()].join(", ")}`);
}
const started = performance.now();
const outcomes: Outcome[] = [];
const queue = [...all].filter(([name]) => named.length === 0 || named.includes(name));
// Two at once: most of a suite's time it waits for processes of its own.
await Promise.all([0, 1].map(async () => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const outcome = await run(...next);
    outcomes.push(outcome);
    if (outcome.failed > 0) console.log(outcome.text);
    for (const line of outcome.text.split("\n")) {
      if (line.startsWith("skipped: ")) console.log(line);
    }
    console.log(row(outcome));
  }
}));
const sum = (of: (one: Outcome) => number) => outcomes.reduce((total, one) => total + of(one), 0);
const failed = sum((one) => one.failed);
console.log(
  `${((performance.now() - started) / 60_000).toFixed(1)} min, ${
    sum((one) => one.skipped)
  } skipped`,
);
console.log(`${sum((one) => one.passed)} passed, ${failed} failed`);
Deno.exit(failed > 0 ? 1 : 0);
