/** Draws stages that do harm: out of a grammar of attacks, each a text of their module. */
import type { Dice } from "./lab.ts";

/** In the place of the project's own, which looks at names first; nobody has to call that. */
export const DEFINE = "const defineStage = (stage) => stage;";

/** What a stage would have the engine hear; `DIGEST` is that of another's artifact. */
const WORDS = [
  `'{"type":"done","outputs":{}}\\n'`,
  `'{"type":"done","outputs":{"out":"DIGEST"}}\\n'`,
  `'{"type":"done","outputs":{"../../x":"DIGEST"}}'`,
  `"\\n" + "0".repeat(64) + ' {"type":"done","outputs":{"out":"DIGEST"}}\\n'`,
  `'{"type":"failed","failure":{"type":"damaged","message":5,"folder":"/"}}\\n'`,
  `'{"type":"described","description":null}\\n'`,
  `'{"type":'`,
  `"\\0\\u001b[2J\\u202e\\r\\b"`,
  `"x".repeat(2e6)`,
  `"\\n".repeat(1e5)`,
  `String.fromCharCode(0xd800)`,
];

/** Ways to say it. */
const MOUTHS = [
  (text: string) => `console.log(${text});`,
  (text: string) => `console.error(${text});`,
  (text: string) => `console.table([[${text}]]);`,
  (text: string) => `log(${text});`,
  (text: string) => `Deno.stdout.writeSync(new TextEncoder().encode(${text}));`,
  (text: string) =>
    `{ const to = new WritableStream({}); to[Object.getOwnPropertySymbols(new ReadableStream())` +
    `.find((one) => /backing/i.test(String(one)))] = { rid: 1, autoClose: false };\n` +
    `await (await fetch("data:," + encodeURIComponent(${text}))).body.pipeTo(to); }`,
  (text: string) => `progress({ done: 1, total: 2, unit: ${text} });`,
  (text: string) =>
    `for (const name of ["open", "openSync"]) Deno[name] && await (await Deno[name]("/dev/stdout", ` +
    `{ write: true })).write(new TextEncoder().encode(${text}));`,
];

/** What of the language, and of the engine's functions, is changed under the host. */
const PATCHES = [
  `JSON.stringify = () => '{"type":"done","outputs":{}}';`,
  `JSON.parse = () => ({ type: "run", job: {} });`,
  `Array.prototype[Symbol.iterator] = function* () {};`,
  `Array.prototype.push = () => 0;`,
  `Array.prototype.map = Array.prototype.filter = () => [];`,
  `Object.defineProperty(Array.prototype, "0", { set() {}, get: () => "../../x" });`,
  `String.prototype.toJSON = () => "x"; Object.prototype.toJSON = () => ({ type: "done", outputs: {} });`,
  `Object.defineProperty(Object.prototype, "type", { get: () => "done", set() {} });`,
  `Promise.prototype.then = () => new Promise(() => {});`,
  `globalThis.Promise = null;`,
  `TextEncoder.prototype.encode = () => new Uint8Array(9);`,
  `TextDecoder.prototype.decode = () => "{}";`,
  `Uint8Array.prototype.subarray = () => new Uint8Array(0);`,
  `Object.defineProperty(Uint8Array.prototype, "constructor", { get() { throw this; } });`,
  `Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), "length", { get: () => 0 });`,
  `Object.entries = Object.keys = () => ["../../x"];`,
  `Map.prototype.get = () => undefined; Map.prototype[Symbol.iterator] = function* () {};`,
  `String.prototype.split = () => [""]; String.prototype.slice = () => "";`,
  `Error.prototype.toString = () => { throw 1; };`,
  `Number.isFinite = Number.isInteger = () => true;`,
  `crypto.subtle.digest = () => Promise.resolve(new ArrayBuffer(32));`,
  `Deno.mkdirSync = Deno.renameSync = () => {};`,
  `Deno.open = () => Promise.resolve({ write: (b) => b.length, sync() {}, close() {} });`,
  `Deno.errors.NotCapable = class {};`,
  `globalThis.Deno = globalThis.console = globalThis.Error = undefined;`,
  `globalThis.addEventListener = globalThis.AbortController = undefined;`,
  `globalThis.Uint8Array = Array; globalThis.TextEncoder = Map;`,
  `WebAssembly.instantiate = WebAssembly.compile = () => Promise.resolve({});`,
  `Function.prototype.call = Function.prototype.apply = () => undefined;`,
  `Reflect.get = Reflect.ownKeys = () => [];`,
];

/** What it throws. */
const ODD = [
  "null",
  "undefined",
  "5",
  `"text"`,
  `Symbol("x")`,
  "5n",
  "Object.create(null)",
  "{ get message() { throw null; } }",
  "new Proxy({}, { get() { throw null; }, getPrototypeOf() { throw null; } })",
  "new Proxy(new Error('x'), { get: () => new Proxy({}, {}) })",
  "Object.assign(new Error('x'), { message: 5, stack: {}, code: 'ENOSPC', name: [] })",
  `Object.defineProperty(new Error("x"), "message", { get() { throw undefined; } })`,
  `Object.defineProperty(new Error("x"), "stack", { get: () => { throw this; } })`,
  `new Error("y".repeat(3e7))`,
  `Object.assign(new Error("x"), { name: "DamagedError", folder: "/" })`,
  `new Deno.errors.NotCapable('Requires read access to "' + "\\u001b[2J".repeat(99) + '"')`,
  "() => { throw 1; }",
  "new (class extends Error { get message() { return this; } })()",
];

/** How `run` ends; those that do not are ended by their time. */
const ENDS = [
  ...Array.from({ length: 8 }, () => ""),
  "for (;;);",
  "await new Promise(() => {});",
  "const all = []; for (;;) all.push(new Uint8Array(2 ** 26).fill(1));",
  "new WebAssembly.Memory({ initial: 65536, maximum: 65536, shared: true });",
  "Deno.exit(0);",
  "globalThis.close();",
  "(function deep() { return deep() + 1; })();",
  "setTimeout(() => { throw null; }, 0); await new Promise(() => {});",
  "Promise.reject(null); await new Promise((end) => setTimeout(end, 50));",
  "queueMicrotask(function again() { queueMicrotask(again); });",
  "setInterval(() => { for (let i = 0; i < 1e4; i++) log('still here'); }, 0);",
];

/** What it does to its own outputs. */
const OUTPUTS = [
  `await outputs.out.write("numbers", "float64", [3], numbers);`,
  `await outputs.out.write("../../../x", "float64", [3], numbers);`,
  `await outputs.out.write("numbers", "float64", [-3], numbers);`,
  `await outputs.out.write("numbers", "uint8", [3], { length: 3 });`,
  `await outputs["../x"].write("numbers", "float64", [3], numbers);`,
  `outputs.out.setAttributes({ a: { toJSON() { throw 1; } }, ["__proto__"]: 1, "../x": NaN });`,
  `outputs.out = null;`,
  `await outputs.out.finish();`,
  // It learns where its scratch folder is, and writes there once all is said.
  `for (const name of ["mkdirSync", "open", "openSync", "writeFile"]) {
      const real = Deno[name];
      Deno[name] = (path, ...rest) => { paths.add(String(path)); return real.call(Deno, path, ...rest); };
    }
    const spoil = () => {
      for (const path of paths) {
        try { Deno.writeTextFileSync(path, "spoilt"); } catch { /* a folder */ }
        try { Deno.removeSync(path, { recursive: true }); } catch { /* it is gone */ }
        try { Deno.writeTextFileSync(path + "/stray", "x"); } catch { /* it is none */ }
      }
    };
    setInterval(spoil, 0); Promise.resolve().then(function again() { spoil(); setTimeout(again, 0); });`,
];

/** Members of the definition that are not what they should be. */
const MEMBERS = [
  ...[`5`, `"../x"`, `""`, `"\\u001b[2J"`, `"x".repeat(1e6)`, "null"].map((value) =>
    `name: ${value}`
  ),
  ...["null", "{}", `"\\n\\n"`].map((value) => `summary: ${value}`),
  ...["{}", "5", "[]", `{ "../../x": { kind: "tensors", tensors: {} } }`, "{ out: null }"]
    .map((value) => `outputs: ${value}`),
  ...[`{ before: { arity: "many", tensors: 5, what: {} } }`, "[]"].map((value) =>
    `inputs: ${value}`
  ),
  ...["z.any()", "z.number()", "{ safeParse: () => ({ success: true, data: { a: 1n } }) }", "{}"]
    .map((value) => `params: ${value}`),
  ...[`["*"]`, `["a,b"]`, `"*"`, "[5]"].map((value) => `hosts: ${value}`),
  ...[
    `random: "yes"`,
    "datasets: 1",
    `horizon: "nothing"`,
    `horizon: {}`,
    "cells: 5",
    "profiles: {}",
  ],
  ...[
    "null",
    "5",
    "{ resources: { memory: 'x' } }",
    "{ resources: { memory: 1e300, threads: -1 } }",
    "{ resources: 5 }",
    "{ kernels: 'dense' }",
    "{ kernels: ['../../x'] }",
    "{ issues: 5 }",
    "{ issues: [{ path: [{}], message: 5 }] }",
    "{ outputs: { '../x': { tensors: {} } } }",
    "{ numerics: {}, horizon: 'x' }",
    "new Proxy({}, { get() { throw null; } })",
    "{ get issues() { throw null; } }",
    "(() => { for (;;); })()",
  ].map((value) => `check: () => (${value})`),
  ...["check() { throw null; }", "get check() { throw null; }", "then(resolve) { resolve(null); }"],
];

/** What stands in its module beside the definition. */
const TOPS = [
  ...Array.from({ length: 30 }, () => ""),
  "throw null;",
  "for (;;);",
  "export function then() {}",
  "await new Promise(() => {});",
  `console.log('{"type":"described","description":{}}\\n');`,
  "globalThis.onunhandledrejection = (event) => event.preventDefault();",
];

/** A try whose failure is the stage's own business. */
const tried = (code: string) => `try { ${code} } catch { /* the next one */ }`;

/** The module of a hostile stage. `digest`: an artifact that it would like to be its own. */
export function hostileStage(dice: Dice, digest: string): string {
  const draw = (list: readonly string[], most: number) =>
    Array.from({ length: dice.below(most + 1) }, () => tried(dice.pick(list)));
  const say = Array.from(
    { length: dice.below(4) },
    () => tried(dice.pick(MOUTHS)(dice.pick(WORDS))),
  );
  const floods = dice.below(6) === 0
    ? [`for (let i = 0; i < 3e4; i++) log("x".repeat(i % 999));`]
    : [];
  const body = [...say, ...draw(PATCHES, 3), ...draw(OUTPUTS, 2), ...floods];
  // In any order.
  for (let i = body.length - 1; i > 0; i--) {
    const k = dice.below(i + 1);
    [body[i], body[k]] = [body[k] ?? "", body[i] ?? ""];
  }
  const patchesAsItLoads = dice.below(4) === 0 ? draw(PATCHES, 2) : [];
  const member = dice.below(4) === 0 ? dice.pick(MEMBERS) : "";
  const end = dice.below(3) === 0 ? `throw ${dice.pick(ODD)};` : dice.pick(ENDS);
  return `// @ts-nocheck
import { z } from "zod";
${DEFINE}
${dice.pick(TOPS)}
${patchesAsItLoads.join("\n")}
const paths = new Set();
export default defineStage({
  name: "hostile",
  summary: "Does harm",
  params: z.strictObject({}),
  inputs: { before: { arity: "one", optional: true, what: "what ran before" } },
  outputs: { out: { kind: "tensors", tensors: { numbers: { dtype: "float64", rank: 1 } } } },
  async run({ outputs, progress, log }) {
    const numbers = Float64Array.of(6, 6, 6);
    ${body.join("\n    ")}
    ${tried('await outputs.out.write("numbers", "float64", [3], numbers);')}
    ${end}
  },
  ${member}
});
`.replaceAll("DIGEST", digest);
}
