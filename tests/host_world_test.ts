/** What a stage sees of the world: nothing that differs from one process to the next. */
import assert from "node:assert/strict";
import { deterministicMath } from "../numerics/math.ts";
import type { Event } from "../pipelines/run/event.ts";
import { flags } from "../pipelines/executors/process.ts";
import { outcomes, Workplace } from "./rig.ts";
import { CONFIG, own, STAGE, stageText } from "./run_stages.ts";

/** The lines that a stage logged. */
const logs = (events: readonly Event[]) =>
  events.flatMap((event) => event.type === "node-log" ? [event.message] : []);

/** Written to the log by a stage, at its top level and in its run. */
const LOOK = `{
  now: [Date.now(), new Date().getTime(), performance.now(), Date(), new (new Date(5).constructor as DateConstructor)().getTime()],
  other: [new Date(5).getTime(), new Date("2020-01-01T00:00:00Z").getTime(), Date.UTC(2020, 0)],
  zone: new Date(0).getHours(),
  temporal: typeof Reflect.get(globalThis, "Temporal"),
  cores: navigator.hardwareConcurrency,
  math: Object.fromEntries(NAMES.map((name) => [name, INPUTS.map((x) => String(Reflect.get(Math, name)(x, 0.7)))])),
}`;
const NAMES = Object.keys(deterministicMath) as (keyof typeof deterministicMath)[]; // its own keys
const INPUTS = [0.1, 0.5, 0.9, 1, 1.7, 3.3, 20.25, -0.3, 1e-9];

Deno.test("a stage, its top level included, sees a clock that stands and the functions of numerics", async () => {
  await using place = await Workplace.copy();
  own(place, `log(JSON.stringify(TOP)); log(JSON.stringify(${LOOK}));`);
  place.edit(
    STAGE,
    "export default",
    `const NAMES = ${JSON.stringify(NAMES)};\nconst INPUTS = ${JSON.stringify(INPUTS)};\n` +
      `const TOP = ${LOOK};\n\nexport default`,
  );
  const [top, inside] = logs(await place.run([CONFIG]));
  assert.equal(top, inside);
  const seen = JSON.parse(top ?? "");
  const [now, date, performanceNow, , hidden] = seen.now;
  assert.deepEqual([now, date, performanceNow, hidden], [0, 0, 0, 0]);
  assert.match(seen.now[3], /^Thu Jan 01 1970 00:00:00 GMT\+0000/);
  assert.deepEqual(seen.other, [5, Date.UTC(2020, 0), Date.UTC(2020, 0)]);
  assert.equal(seen.zone, 0);
  assert.equal(seen.temporal, "undefined");
  assert.equal(seen.cores, 1);
  // All that engines round differently, by the standard.
  const exact =
    /^(?:abs|ceil|clz32|f16round|floor|fround|imul|max|min|random|round|sign|sqrt|sumPrecise|trunc)$/;
  const inexact = Object.getOwnPropertyNames(Math)
    .filter((name) => typeof Reflect.get(Math, name) === "function" && !exact.test(name));
  assert.deepEqual(inexact.sort(), NAMES.toSorted());
  for (const name of NAMES) {
    // Each takes one or two numbers.
    const own = deterministicMath[name] as (x: number, y: number) => number;
    assert.deepEqual(seen.math[name], INPUTS.map((x) => String(own(x, 0.7))), name);
  }
});

Deno.test("what a stage draws as it loads is the same in each process", async () => {
  await using place = await Workplace.copy();
  own(place, "log(TOP); numbers[0] = TOP.length;");
  place.edit(
    STAGE,
    "export default",
    "const TOP = [Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(4))].join();\n" +
      "export default",
  );
  const first = logs(await place.run([CONFIG]));
  const again = logs(await place.run([CONFIG, "--force", "one"]));
  assert.ok((first[0] ?? "").length > 40);
  assert.deepEqual(again, first);
});

/** What stages and their packages work with, each with what comes of it. */
const NEEDED: Record<string, [code: string, wanted: unknown]> = {
  "a copy": [
    `const one = { list: [1, [2]], at: new Date(5), bytes: Uint8Array.of(7), map: new Map([["a", { b: 1 }]]) };
     const other = structuredClone({ one, same: one });
     return [other.one === other.same, other.one !== one, other.one.list, other.one.at.getTime(),
       [...other.one.bytes], other.one.map.get("a")];`,
    [true, true, [1, [2]], 5, [7], { b: 1 }],
  ],
  "a copy of what has none": [
    "try { structuredClone({ f() {} }); } catch (error) { return error.name; }",
    "DataCloneError",
  ],
  "unpacking": [
    `const packed = new Blob(["abc"]).stream().pipeThrough(new CompressionStream("gzip"));
     let text = "";
     for await (const part of packed.pipeThrough(new DecompressionStream("gzip")).pipeThrough(new TextDecoderStream())) text += part;
     return text;`,
    "abc",
  ],
  "digests": [
    'return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(0)))[0];',
    0xe3,
  ],
  "timers": [
    `const told = [];
     const never = setTimeout(() => told.push("never"), 0), often = setInterval(() => told.push("again"), 1);
     clearTimeout(never);
     await new Promise((done) => setTimeout((a, b) => { told.push(a + b); done(); }, 20, 1, 2));
     clearInterval(often);
     await new Promise((done) => setImmediate(done));
     return [told.includes("again"), told.includes("never"), told.includes(3), typeof never];`,
    [true, false, true, "number"],
  ],
  "functions of texts": [
    'return [new Function("a", "b", "return a + b")(1, 2), (0, eval)("1 + 1"), eval(5), (() => 1) instanceof Function];',
    [3, 2, 5, true],
  ],
  "dates": [
    `class Later extends Date { later() { return this.getTime() + 1; } }
     return [new Later(5).later(), new Date(5) instanceof Date, new Date("1970-01-02").getTime(), Date.length, Date.name];`,
    [6, true, 86_400_000, 7, "Date"],
  ],
  "signals": [
    `const abort = new AbortController(), told = [];
     AbortSignal.any([abort.signal]).addEventListener("abort", ({ type }) => told.push(type));
     abort.abort(new Error("enough"));
     return [told, abort.signal.reason.message];`,
    [["abort"], "enough"],
  ],
  "answers": ['return await (await fetch("data:text/plain,abc")).text();', "abc"],
  "WebAssembly": [
    `const bytes = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0,
       10, 6, 1, 4, 0, 0x41, 42, 0x0b);
     const module = new WebAssembly.Module(bytes);
     const { instance } = await WebAssembly.instantiate(bytes.buffer, {});
     const other = await WebAssembly.instantiate(await WebAssembly.compile(bytes));
     return [WebAssembly.validate(bytes), module instanceof WebAssembly.Module, instance.exports.f(), other.exports.f(),
       new WebAssembly.Instance(module).exports.f(), WebAssembly.Module.exports(module)[0].name];`,
    [true, true, 42, 42, 42, "f"],
  ],
  "stacks": [
    `const [first, second] = new RangeError("far").stack.split("\\n");
     return [first, /^    at .*\\bstage\\.js:\\d+:\\d+\\)?$/.test(second)];`,
    ["RangeError: far", true],
  ],
};

Deno.test("what stages and their packages work with is there", async () => {
  await using place = await Workplace.copy();
  const tries = Object.entries(NEEDED).map(([name, [code]]) =>
    `found[${JSON.stringify(name)}] = await (async () => { ${code} })().catch(String);`
  );
  own(place, `const found = {};\n${tries.join("\n")}\nlog(JSON.stringify(found));`);
  place.edit(STAGE, "export default", "// deno-lint-ignore-file\nexport default");
  const [found] = logs(await place.run([CONFIG]));
  const wanted = Object.fromEntries(Object.entries(NEEDED).map(([name, [, one]]) => [name, one]));
  assert.deepEqual(JSON.parse(found ?? ""), wanted);
});

/** What a stage may not do, with how it fails: by type and message. */
const REFUSED: Record<string, [body: string, type: string, message: RegExp]> = {
  "random bytes": [
    "crypto.getRandomValues(new Uint8Array(4));",
    "threw",
    /^A stage has no random bytes: draw from numerics\/random\.ts$/,
  ],
  "storage that is shared": [
    'Reflect.get(globalThis, "localStorage").setItem("a", "b");',
    "threw",
    /undefined/,
  ],
  "a worker": [
    'new (Reflect.get(globalThis, "Worker"))("data:text/javascript,1", { type: "module" });',
    "threw",
    /^A stage has no Worker: kernels have threads, other code has one$/,
  ],
  "the environment": [
    'Deno.env.get("HOME");',
    "permission",
    /^Stage "own" may not read the environment variable "HOME"$/,
  ],
  "a write beside its outputs": [
    'Deno.writeTextFileSync("/tmp/crisol-stray", "x");',
    "permission",
    /^Stage "own" may not write "\/tmp\/crisol-stray"$/,
  ],
  "a kernel that check did not name": [
    'await (arguments[0] as { kernel(name: string): Promise<unknown> }).kernel("dense");',
    "threw",
    /^The kernels "dense" were not asked for: name them in `check`$/,
  ],
  "the data sets' folders": [
    "void (arguments[0] as { datasets: unknown }).datasets;",
    "threw",
    /^This stage reads no data sets: take what `download` gives as an input$/,
  ],
};

Deno.test("a stage that reaches for more than its declarations fails with the reason", async () => {
  await using place = await Workplace.copy();
  const names = Object.keys(REFUSED);
  let yaml = "stages:\n";
  names.forEach((name, index) => {
    place.write(`configs/own${index}.ts`, stageText(REFUSED[name]?.[0] ?? ""));
    yaml += `  s${index}: { uses: ./own${index}.ts }\n`;
  });
  place.write(CONFIG, yaml);
  const events = await place.run([CONFIG, "--keep-going"], { code: 1 });
  assert.deepEqual(outcomes(events)["failed"]?.length, names.length);
  for (const event of events) {
    if (event.type !== "node-ended") continue;
    const name = names[Number(event.node.slice(1))] ?? "";
    const [, type, message] = REFUSED[name] ?? [];
    assert.equal(event.failure?.type, type, name);
    assert.match(event.failure?.message ?? "", message ?? /never/, name);
  }
});

Deno.test("a stage process gets no more permissions than its declarations need", () => {
  const base = ["run", "--quiet", "--no-prompt", "--no-remote", "--cached-only", "--frozen"];
  assert.deepEqual(flags({ bundle: "/b" }), [
    ...base,
    "--v8-flags=--max-old-space-size=512",
    "--config=/b/deno.json",
    "/b/main.js",
  ]);
  assert.deepEqual(
    flags({
      bundle: "/b",
      read: ["/in", "/tmp/1"],
      write: ["/tmp/1"],
      net: ["example.org:443"],
      memory: 2 ** 30,
    }),
    [
      ...base,
      "--v8-flags=--max-old-space-size=1024",
      "--config=/b/deno.json",
      "--allow-read=/in,/tmp/1",
      "--allow-write=/tmp/1",
      "--allow-net=example.org:443",
      "/b/main.js",
    ],
  );
  // An empty list must not become the flag without a value, which allows all.
  const none = flags({ bundle: "/b", read: [], write: [], net: [] });
  assert.deepEqual(none.filter((flag) => flag.startsWith("--allow")), []);
  assert.throws(() => flags({ bundle: "/b", read: ["/a,/etc"] }), /no folder for its config/);
});
