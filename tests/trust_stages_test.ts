/** What a stage can get at by any way that was thought of: real stage processes try, and are refused. */
import assert from "node:assert/strict";
import type { Event } from "../pipelines/run/event.ts";
import { Workplace } from "./rig.ts";
import { CONFIG, own, stageText } from "./run_stages.ts";

const SECRET = "/etc/passwd";

/** What a stage does, and what its author is told. */
const DECLARED: Record<string, [body: string, message: RegExp, help: RegExp]> = {
  "reads a file of the system": [
    `await Deno.readTextFile("${SECRET}");`,
    /^Stage "own" may not read "\/etc\/passwd"$/,
    /^declare an artifact in `inputs`: it reads no other file$/,
  ],
  "reads the project": [
    'for await (const _ of Deno.readDir(".")) void _;',
    /^Stage "own" may not read "\."$/,
    /`inputs`/,
  ],
  "reads the home folder": [
    "Deno.readDirSync(HOME);",
    /^Stage "own" may not read ".*"$/,
    /`inputs`/,
  ],
  "reads another artifact": [
    "Deno.readTextFileSync(OTHER);",
    /^Stage "own" may not read ".*object\.json"$/,
    /`inputs`/,
  ],
  "writes outside": [
    'Deno.writeTextFileSync("/tmp/crisol-stray", "x");',
    /^Stage "own" may not write "\/tmp\/crisol-stray"$/,
    /^declare it in `outputs`/,
  ],
  "makes a link": [
    `Deno.symlinkSync("${SECRET}", "/tmp/crisol-link");`,
    /^Stage "own" may not make a symbolic link$/,
    /^no stage can declare that$/,
  ],
  "reads a variable": [
    'Deno.env.get("HOME");',
    /^Stage "own" may not read the environment variable "HOME"$/,
    /^declare a param in `params`/,
  ],
  "reads the environment": [
    "Deno.env.toObject();",
    /^Stage "own" may not read the environment$/,
    /`params`/,
  ],
  "fetches": [
    'await fetch("http://127.0.0.1:99/");',
    /^Stage "own" may not reach "127\.0\.0\.1:99"$/,
    /`hosts: \["example\.org:443"\]`/,
  ],
  "fetches where nobody waits": [
    'setTimeout(() => void fetch("http://127.0.0.1:99/"), 0); await new Promise(() => {});',
    /^Stage "own" may not reach "127\.0\.0\.1:99"$/,
    /hosts/,
  ],
  "starts a program": [
    'await new Deno.Command("/bin/true").output();',
    /^Stage "own" may not start or end a process: "\/bin\/true"$/,
    /^no stage can declare that/,
  ],
  "ends a process": [
    "Deno.kill(Deno.ppid);",
    /^Stage "own" may not start or end a process$/,
    /^no stage can declare that/,
  ],
  "loads native code": [
    'Deno.dlopen("/lib/libc.so.6", {});',
    /^Stage "own" may not load native code: "\/lib\/libc\.so\.6"$/,
    /WebAssembly/,
  ],
  "asks for the machine's name": [
    "Deno.hostname();",
    /^Stage "own" may not ask this machine for "hostname"$/,
    /^no result may depend on the machine/,
  ],
};

Deno.test("a stage that reaches out is told what it did, and what to declare instead", async () => {
  await using place = await Workplace.copy();
  own(place, "");
  await place.run([CONFIG]);
  const other = objects(place.store)[0] ?? "";
  const names = Object.keys(DECLARED);
  let yaml = "stages:\n";
  names.forEach((name, index) => {
    const body = `const HOME = ${JSON.stringify(Deno.env.get("HOME") ?? "/root")}, OTHER = ${
      JSON.stringify(other)
    };\nvoid [HOME, OTHER];\n${DECLARED[name]?.[0]}`;
    place.write(`configs/own${index}.ts`, stageText(body));
    yaml += `  s${index}: { uses: ./own${index}.ts }\n`;
  });
  place.write(CONFIG, yaml);
  const events = await place.run([CONFIG, "--keep-going"], { code: 1 });
  const seen = new Set<string>();
  for (const event of events) {
    if (event.type !== "node-ended") continue;
    const name = names[Number(event.node.slice(1))] ?? "";
    const [, message, help] = DECLARED[name] ?? [];
    assert.equal(event.failure?.type, "permission", `${name}: ${event.failure?.message}`);
    assert.match(event.failure?.message ?? "", message ?? /never/, name);
    assert.match(event.failure?.help ?? "", help ?? /never/, name);
    // Advice that only who calls Deno could follow.
    assert.doesNotMatch(JSON.stringify(event), /--allow-/, name);
    seen.add(name);
  }
  assert.deepEqual([...seen].sort(), names.sort());
});

/** Ways around, tried inside one stage; each must throw, or be undefined. */
const AROUND: Record<string, string> = {
  "an import in a text": `await (0, eval)('import("node:vm")')`,
  "an import in a function": `await new Function('return import("node:vm")')()`,
  "an import by a function's maker": `await (() => 1).constructor('return import("node:vm")')()`,
  "an import by another maker":
    `await (async () => {}).constructor('return import("node:worker_threads")')()`,
  "an import by a generator": `(function* () {}).constructor('yield import("node:vm")')().next()`,
  "an import by the maker's maker":
    `await Object.getPrototypeOf((async () => {}).constructor)('return import("node:vm")')()`,
  "an import by a text in a text":
    `await new Function("return Function('return imp' + 'ort(\\"node:vm\\")')()")()`,
  "an import by a text that changes":
    `await new Function({ i: 0, toString() { return this.i++ ? 'return import("node:vm")' : "return 1"; } })().then(String)`,
  "an import with a letter in another form":
    `await new Function('return imp\\\\u006frt("node:vm")')()`,
  "an import in a timer": 'setTimeout(["imp", "ort(1)"].join(""), 0)',
  "storage": 'Reflect.get(globalThis, "localStorage").length',
  "storage by its class":
    'Reflect.get(globalThis, "Storage").prototype.setItem.call({}, "a", "b") ?? undefined.x',
  "storage by the prototype of all":
    'Reflect.get(Object.getPrototypeOf(globalThis), "sessionStorage", globalThis).length',
  "a cache": 'await Reflect.get(globalThis, "caches").open("x")',
  "a cache by its class": 'await Reflect.get(globalThis, "CacheStorage").prototype.open("x")',
  "a channel": 'new (Reflect.get(globalThis, "BroadcastChannel"))("x")',
  "a socket": 'await Deno.connect({ hostname: "127.0.0.1", port: 99 })',
  "calls from elsewhere": "Deno.listen({ port: 0 })",
  "a thread by its class":
    'new (Reflect.get(globalThis, "Worker").prototype.constructor)("data:text/javascript,1", {type: "module"})',
  "a thread": 'new (Reflect.get(globalThis, "Worker"))("data:text/javascript,1", {type: "module"})',
  "node's process": 'Reflect.get(globalThis, "process").hrtime()',
  "node's modules": 'Reflect.get(globalThis, "process").getBuiltinModule("node:vm")',
  "node's bindings": 'Reflect.get(globalThis, "process").binding("fs")',
  "Deno's insides": "Reflect.get(Deno, Reflect.get(Deno, 'internal')).core.ops",
  "Deno's insides by any symbol":
    "Object.getOwnPropertySymbols(Deno).filter((one) => String(one) !== 'Symbol(Symbol.toStringTag)')[0].description",
  "a clock": "(performance.timeOrigin || undefined).toFixed()",
  "another clock": 'performance.mark("x").startTime',
  "asking the user": 'Reflect.get(globalThis, "prompt")("x")',
  "asking for a right":
    `(await Deno.permissions.request({ name: "read", path: "${SECRET}" })).state === "granted" || undefined.x`,
  "a file by fetch": `await (await fetch("file://${SECRET}")).text()`,
  "a file by its process": 'Deno.readTextFileSync("/proc/self/environ")',
  "a file by its number": 'Deno.readTextFileSync("/dev/fd/0")',
  "a file by dots": `Deno.readTextFileSync(SCRATCH + "/../../../../../../../../../..${SECRET}")`,
  "a hard link": `Deno.linkSync("${SECRET}", SCRATCH + "/hard")`,
  "a relative link": 'Deno.symlinkSync("..", SCRATCH + "/soft")',
  "the working folder": 'Deno.chdir("/") ?? undefined.x',
  "a name server": 'await Deno.resolveDns("localhost", "A")',
  "a watch on files": 'Deno.watchFs("/etc")',
  "a WebSocket": 'new WebSocket("ws://127.0.0.1:99")',
};

Deno.test("no way around the permissions is open inside a stage process", async () => {
  await using place = await Workplace.copy();
  const tries = Object.entries(AROUND).map(([name, code]) =>
    `try { const found = await (async () => (${code}))(); ` +
    `open.push(${JSON.stringify(name)} + ": " + String(found).slice(0, 80)); } catch { closed++; }`
  );
  own(
    place,
    `// deno-lint-ignore-file
    const open: string[] = []; let closed = 0;
    const SCRATCH = ${JSON.stringify(place.store)} + "/tmp";
    void SCRATCH;
    ${tries.join("\n    ")}
    log(JSON.stringify({ open, closed }));`,
  );
  const events = await place.run([CONFIG]);
  assert.deepEqual(JSON.parse(logs(events)[0] ?? "null"), {
    open: [],
    closed: tries.length,
  });
});

/** Lines at the top of a stage's module that its bundle refuses, and why. */
const MODULES: Record<string, [line: string, message: RegExp]> = {
  "files by Node": [
    'import { readFileSync } from "node:fs"; void readFileSync;',
    /cannot import "node:fs": it reaches the world through its context alone/,
  ],
  "threads by Node": ['import "node:worker_threads";', /cannot import "node:worker_threads"/],
  "programs by Node": ['import "node:child_process";', /cannot import "node:child_process"/],
  "fresh globals by Node": ['const vm = await import("node:vm"); void vm;', /import "node:vm"/],
  "require": ['import { createRequire } from "node:module"; void createRequire;', /"node:module"/],
  "the process": ['import process from "node:process"; void process;', /"node:process"/],
  "timers by Node": ['import { setTimeout } from "node:timers"; void setTimeout;', /"node:timers"/],
  "a file's date by Node": ['import { File } from "node:buffer"; void File;', /"node:buffer"/],
  "paths by Node": ['import { getCallSites } from "node:util"; void getCallSites;', /"node:util"/],
  "the engine's own tools": [
    'import { Command } from "commander"; void Command;',
    /cannot import "commander": it is a tool of the engine's own/,
  ],
  "code in an address": [
    'await import("data:text/javascript,1");',
    /cannot import "data:text\/javascript,1"/,
  ],
  "code from the network": ['import "https://example.org/a.js";', /cannot import "https:/],
  "code of a name": [
    'const name = "node" + ":fs"; await import(name);',
    /import\(\) of something that is no plain text/,
  ],
  "its own address": ["void import.meta.url;", /uses import\.meta/],
  "any file as text": [
    `import text from "${SECRET}" with { type: "text" }; void text;`,
    /"\/etc\/passwd" is an absolute path/,
  ],
  "any file above": [
    `import text from "${"../".repeat(30)}etc/passwd" with { type: "text" }; void text;`,
    /cannot import "\/etc\/passwd": it lies neither in the project/,
  ],
  "any file by a link": [
    'import text from "./link.txt" with { type: "text" }; void text;',
    /cannot import "\/etc\/passwd": it lies neither in the project/,
  ],
  "any file as it loads": [
    `Deno.readTextFileSync("${SECRET}");`,
    /as it loads it wants read access to "\/etc\/passwd": a stage reaches out in `run` alone/,
  ],
};

Deno.test("a stage whose code is made of what it may not reach is refused before anything runs", async () => {
  await using place = await Workplace.copy();
  const link = place.write("configs/link.txt", "");
  Deno.removeSync(link);
  Deno.symlinkSync(SECRET, link);
  for (const [name, [line, message]] of Object.entries(MODULES)) {
    own(place, "");
    place.edit("configs/own.ts", "export default", `${line}\nexport default`);
    const { code, stderr } = await place.do(["plan", CONFIG]);
    assert.equal(code, 2, `${name}: ${stderr}`);
    assert.match(stderr, message, name);
    assert.doesNotMatch(stderr, /root:|--allow-/, name);
  }
});

function objects(store: string): string[] {
  return [...Deno.readDirSync(`${store}/objects`)].flatMap(({ name: two }) =>
    [...Deno.readDirSync(`${store}/objects/${two}`)].map(({ name }) =>
      `${store}/objects/${two}/${name}/object.json`
    )
  );
}

/** The lines that a stage logged. */
function logs(events: readonly Event[]): string[] {
  return events.flatMap((event) => event.type === "node-log" ? [event.message] : []);
}
