/**
 * Every file that a run loads is edited, one by one, and every package is given another content: each gives another key,
 * or stands here with the reason for which it must not.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { FAMILIES } from "../kernels/families.ts";
import type { JsonObject } from "../pipelines/json.ts";
import { Bundler, stopBundler } from "../pipelines/plan/bundle.ts";
import { importsOf, type Lock, packageClosure } from "../pipelines/plan/packages.ts";
import { Sources } from "../pipelines/plan/sources.ts";
import { CLIENTS } from "../pipelines/report/build.ts";
import { Store } from "../pipelines/store/local.ts";
import { Workplace } from "./rig.ts";
import { STAGE, stageText } from "./run_stages.ts";

/** Folders whose files may change without a miss. */
const NO_MISS: Readonly<Record<string, string>> = {
  "pipelines/host/": "the engine's own part of a stage process, which the format covers",
  "pipelines/tensor/":
    "the same: how the host reads and writes tensors, which are hashed by content",
  "pipelines/store/": "the same: how the host finds what it was given",
  "pipelines/json.ts": "the same: the stages take types of it alone",
};

/** Packages of deno.json that no stage process loads. */
const NOT_LOADED: Readonly<Record<string, string>> = {
  assemblyscript: "it makes kernels, whose bytes are in the key",
  commander: "the command line's",
  esbuild: "it prints what runs, whose bytes are in the key, and its version is in the format",
  "fast-check": "the tests'",
  "hyparquet-writer": "the command line's",
  "playwright-core": "the tests'",
  vega: "it is in the report's script, whose bytes are in the key",
  "vega-interpreter": "the same",
  "vega-lite": "the same",
  yaml: "it reads configs, of which the key has what they say",
};

const STAGES = ["stages/train.ts", "stages/report.ts", STAGE];

/** A stage with helpers of every kind. */
function writeOwn(place: Workplace): void {
  place.write("configs/lib/helper.ts", "export const helper = (n: number): number => n + 1;\n");
  place.write("configs/lib/late.js", "export const late = () => 7;\n");
  place.write("configs/lib/effect.ts", "Reflect.set(globalThis, 'effect', 1);\n");
  place.write("configs/lib/data.json", '{ "a": 1 }\n');
  place.write("configs/lib/text.txt", "a text\n");
  const head = `import "./lib/effect.ts";
import { helper } from "./lib/helper.ts";
import data from "./lib/data.json" with { type: "json" };
import text from "./lib/text.txt" with { type: "text" };
import { deterministicMath } from "../numerics/math.ts";
`;
  const body = `const { late } = await import("./lib/late.js");
numbers[0] = helper(late()) + data.a + text.length + deterministicMath.exp(1);`;
  place.write(STAGE, head + stageText(body));
}

/** What of each stage is in its key, as the copy's files are now; and the files that were read. */
async function codes(place: Workplace) {
  const read = (name: string) => Deno.readTextFileSync(join(place.root, name));
  const sources = new Sources();
  const bundler = new Bundler(
    { root: place.root, configText: read("deno.json"), lockText: read("deno.lock") },
    new Store(place.store),
    sources,
  );
  const found = await Promise.all(STAGES.map((stage) => bundler.bundle(join(place.root, stage))));
  const packages = new Map(found.flatMap((code) => Object.entries(code.packages)));
  const keys = found.map(({ built, packages }) => JSON.stringify([built, packages]));
  const root = Deno.realPathSync(place.root);
  const files = [...(await sources.states()).keys()]
    .map((path) => path.slice(root.length + 1)).sort();
  return { keys, packages, files };
}

function edited(path: string, text: string): string {
  if (path.endsWith(".json")) return text.replace("1", "2");
  return path.endsWith(".txt") ? `${text}.` : `${text}\nReflect.set(globalThis, "edited", 1);\n`;
}

Deno.test("an edit of any source that a stage process loads gives another key, the engine's own part apart", async () => {
  await using place = await Workplace.copy();
  writeOwn(place);
  const before = await codes(place);
  const wrong: string[] = [];
  const reasons = new Set<string>();
  for (const path of before.files) {
    const text = Deno.readTextFileSync(join(place.root, path));
    place.write(path, edited(path, text));
    const { keys } = await codes(place);
    place.write(path, text);
    const isMiss = keys.some((key, index) => key !== before.keys[index]);
    const reason = Object.keys(NO_MISS).find((folder) => path.startsWith(folder));
    if (reason !== undefined) reasons.add(reason);
    if (isMiss === (reason !== undefined)) wrong.push(`${path}: ${isMiss ? "a miss" : "a hit"}`);
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual([...reasons].sort(), Object.keys(NO_MISS).sort(), "no reason without a file");
  // Some of each kind were there to be edited.
  for (const folder of ["stages/", "models/", "kernels/", "numerics/", "pipelines/report/"]) {
    assert.ok(before.files.some((path) => path.startsWith(folder)), folder);
  }
  assert.ok(before.files.filter((path) => path.startsWith("configs/lib/")).length === 5);
  assert.deepEqual((await codes(place)).keys, before.keys);
  await stopBundler();
});

Deno.test("another content of any package that a stage process loads gives another key", async () => {
  await using place = await Workplace.copy();
  writeOwn(place);
  const before = await codes(place);
  let text = Deno.readTextFileSync(join(place.root, "deno.lock"));
  const lock = JSON.parse(text) as Lock;
  const config = JSON.parse(Deno.readTextFileSync(join(place.root, "deno.json"))) as JsonObject;
  const named = [...importsOf(config)].filter(([name]) => NOT_LOADED[name] !== undefined);
  assert.deepEqual(named.map(([name]) => name), Object.keys(NOT_LOADED).sort());
  const notLoaded = packageClosure(lock, named.map(([, target]) => target));
  for (const { integrity = "" } of Object.values(lock.npm ?? {})) {
    text = text.replaceAll(integrity, `${integrity.slice(0, -4)}AA==`);
  }
  place.write("deno.lock", text);
  const after = await codes(place);
  await stopBundler();
  for (const key of Object.keys(lock.npm ?? {})) {
    const name = key.slice(0, key.indexOf("@", 1));
    const old = before.packages.get(name);
    if (old === undefined) assert.ok(notLoaded[name] !== undefined, `${name} has no reason`);
    else assert.notEqual(after.packages.get(name), old, name);
  }
  for (const name of ["zod", "zarrita", "@tensorflow/tfjs-core"]) {
    assert.ok(before.packages.has(name), name);
  }
});

Deno.test("there is something of every source of the kernels in the bytes that their keys are of", async () => {
  await using place = await Workplace.copy();
  const folder = join(place.root, "kernels", "assembly");
  place.write(
    "kernels.ts",
    `import { buildKernels } from "./kernels/build.ts";
for (const [family, { digest, path }] of Object.entries(await buildKernels("built"))) {
  console.log([family, digest, path].join("\\t"));
}
`,
  );
  const build = async () => {
    const { code, stdout, stderr } = await script(place, "kernels.ts");
    assert.equal(code, 0, stderr);
    return new Map(
      stdout.trim().split("\n").map((line) => line.split("\t"))
        .map(([family = "", digest = "", path = ""]) => [family, { digest, path }]),
    );
  };
  const before = await build();
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const mark = (index: number) => new Uint8Array(Float64Array.of(1 / (index + 3)).buffer);
  for (const [index, name] of names.entries()) {
    const path = `kernels/assembly/${name}`;
    const text = Deno.readTextFileSync(join(place.root, path));
    place.write(path, `${text}\nstore<f64>(${8 * index}, ${1 / (index + 3)});\n`);
  }
  const after = await build();
  for (const family of FAMILIES) {
    assert.notEqual(after.get(family)?.digest, before.get(family)?.digest, family);
  }
  const texts = [...after.values()].map(({ path }) =>
    hex(Deno.readFileSync(join(place.root, path)))
  );
  for (const [index, name] of names.entries()) {
    assert.ok(texts.some((text) => text.includes(hex(mark(index)))), name);
  }
});

Deno.test("an edit of any source of the report's script gives other bytes, of which its key is", async () => {
  await using place = await Workplace.copy();
  place.write(
    "digest.ts",
    `import { buildClient } from "./pipelines/report/build.ts";
import { stop } from "esbuild";
console.log((await buildClient("built", "report-client")).digest);
await stop();
`,
  );
  const digest = async () => {
    const { code, stdout, stderr } = await script(place, "digest.ts");
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const seen = new Set([await digest()]);
  for (const name of CLIENTS["report-client"]) {
    const path = join("pipelines/report", name);
    const text = Deno.readTextFileSync(join(place.root, path));
    place.write(path, edited(path, text));
    const now = await digest();
    assert.ok(!seen.has(now), path);
    seen.add(now);
    place.write(path, text);
  }
});

async function script(place: Workplace, ...words: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", ...words],
    cwd: place.root,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}
