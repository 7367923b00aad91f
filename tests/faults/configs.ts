/** Configs that were mutated, by structure and by bytes: each is a plan, or told what is wrong with it. */
import fc from "fast-check";
import { join } from "node:path";
import { ConfigError } from "../../pipelines/config/config.ts";
import { readConfig } from "../../pipelines/config/read.ts";
import { renderDiagnostics } from "../../pipelines/config/render.ts";
import { Planner } from "../../pipelines/plan/make.ts";
import { Store } from "../../pipelines/store/local.ts";
import { ROOT, TINY } from "../rig.ts";
import type { Lab, Row } from "./lab.ts";

/** Milliseconds that a config may take to be refused or planned, once its stages are known. */
const PATIENCE = 500;

const HOSTILE = [
  ..."null|~|[]|{}|''|-1|1e999|.nan|.inf|0x10|1_000|yes|2001-01-01|1.5|99999999999999999999".split(
    "|",
  ),
  ..."../../etc/passwd|./nothing.ts|train|train.model|train@baseline.model|preprocess.nothing"
    .split("|"),
  ..."__proto__|constructor|toString|@|a.b.c|*x|&x|!!binary aGk=|!!js/function x|<<: *a".split("|"),
  ..."{ a: [1, { b: 2 }] }|[[[[[[]]]]]]|'\\u0000'|\"\\e[2J\"|<script>alert(1)</script>|≈ 中文 \u202e"
    .split("|"),
  "1000",
  "x".repeat(300),
];
const KEYS =
  "seed|stages|uses|with|inputs|variants|matrix|seeds|join|cache|version|layers|epochs|__proto__"
    .split("|");

interface Change {
  readonly line: number;
  readonly at: number;
  readonly what: number;
  readonly value: string;
  readonly key: string;
  readonly other: number;
}

const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.record({
    line: fc.nat(200),
    at: fc.nat(200),
    what: fc.nat(8),
    value: fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 20 })),
    key: fc.constantFrom(...KEYS),
    other: fc.nat(200),
  }),
  { minLength: 1, maxLength: 4 },
);

/** A config's text with lines that are lost, doubled, moved, or given other keys and values; or other bytes. */
function mutate(text: string, all: readonly Change[]): string {
  let lines = text.split("\n");
  for (const { line, at, what, value, key, other } of all) {
    const index = line % lines.length, place = other % lines.length;
    const old = lines[index] ?? "";
    const indent = /^ */.exec(old)?.[0] ?? "";
    switch (what) {
      case 0:
        lines.splice(index, 1);
        break;
      case 1:
        lines.splice(index, 0, old);
        break;
      case 2:
        lines[index] = lines[place] ?? "";
        lines[place] = old;
        break;
      case 3:
        lines[index] = old.replace(/:.*$/, () => `: ${value}`);
        break;
      case 4:
        lines[index] = old.replace(/[\w]+:/, () => `${key}:`);
        break;
      case 5:
        lines.splice(index, 0, `${indent}${key}: ${value}`);
        break;
      case 6:
        lines[index] = old.slice(0, at % (old.length + 1)) + value +
          old.slice(at % (old.length + 1));
        break;
      case 7:
        lines = [...lines.slice(0, index), ...lines.slice(index).map((one) => ` ${one}`)];
        break;
      default: {
        // One byte of the whole text, so that what is no UTF-8 comes about, too.
        const bytes = new TextEncoder().encode(lines.join("\n"));
        const where = (line * 200 + at) % Math.max(1, bytes.length);
        bytes[where] = (bytes[where] ?? 0) ^ (1 << (other % 8));
        lines = new TextDecoder().decode(bytes).split("\n");
      }
    }
  }
  return lines.join("\n");
}

export async function configs(lab: Lab, count: number): Promise<Row> {
  const started = performance.now();
  const place = await lab.place();
  const project = {
    root: ROOT,
    configText: Deno.readTextFileSync(join(ROOT, "deno.json")),
    lockText: Deno.readTextFileSync(join(ROOT, "deno.lock")),
  };
  const planner = new Planner(project, new Store(place.store));
  const text = Deno.readTextFileSync(join(ROOT, TINY));
  const failures: string[] = [];
  let planned = 0, slowest = 0;
  try {
    const attempt = async (content: string): Promise<string | null> => {
      const path = join(place.folder, "mutated.yaml");
      Deno.writeTextFileSync(path, content);
      const before = performance.now();
      try {
        const { config, source } = await readConfig(path, ROOT, []);
        const { plan } = await planner.plan(config, source);
        if (plan.nodes.length === 0) return "a plan without nodes";
        planned++;
      } catch (error) {
        if (!(error instanceof ConfigError)) {
          return `it threw ${error instanceof Error ? error.stack : error}`;
        }
        if (error.diagnostics.length === 0) return "no diagnostic";
        // deno-lint-ignore no-control-regex -- what must not come through
        if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(renderDiagnostics(error.diagnostics))) {
          return "a control character in its diagnostics";
        }
      }
      const took = performance.now() - before;
      slowest = Math.max(slowest, took);
      return took > PATIENCE ? `it took ${took.toFixed(0)} ms` : null;
    };
    // What the stages are is learned, and their processes are there, before the clock runs.
    await attempt(text.replace("size: 12", "size: 14"));
    planned = 0;
    slowest = 0;
    for (const all of fc.sample(changes, { numRuns: count, seed: lab.seed | 0 })) {
      const mutated = mutate(text, all);
      const why = await attempt(mutated);
      if (why !== null) {
        failures.push(`seed ${lab.seed}, mutated config: ${why}\n${JSON.stringify(all)}`);
      }
    }
  } finally {
    await planner.close();
    await place[Symbol.asyncDispose]();
  }
  return {
    fault: `mutated configs (${planned} of them plans, ${slowest.toFixed(0)} ms at most)`,
    tries: count,
    survived: count - failures.length,
    failures: failures.slice(0, 20),
    seconds: (performance.now() - started) / 1000,
  };
}
