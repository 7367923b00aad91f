/** Doors that a stage could look out by, each seen open before it was closed. */

/** Bodies of functions: the door is open where one answers true; one that throws finds it closed. */
export type Doors = Readonly<Record<string, string>>;

/** A module with one function of this code, and what it imports. */
export const WASM = `
const wasm = (code, imports = []) => {
  const section = (id, ...bytes) => [id, bytes.length, ...bytes];
  const name = (text) => [text.length, ...new TextEncoder().encode(text)];
  const imported = imports.flatMap(([from, what, ...kind]) => [...name(from), ...name(what), ...kind]);
  return new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0,
    ...section(1, 2, 0x60, 0, 0, 0x60, 1, 0x6f, 1, 0x7f),
    ...imports.length > 0 ? section(2, imports.length, ...imported) : [],
    ...section(3, 1, 0), ...section(10, 1, code.length + 2, 0, ...code, 0x0b)]);
};
const zero = [0xfd, 12, ...new Array(16).fill(0)];
const relaxed = wasm([...zero, ...zero, ...zero, 0xfd, 0x85, 0x02, 0x1a]); // f32x4.relaxed_madd
`;

export const CLOCKS: Doors = {
  "dates in words": 'return new Intl.DateTimeFormat("en", { year: "numeric" }).format() > "1970"',
  "dates in parts":
    'return new Intl.DateTimeFormat("en", { year: "numeric" }).formatToParts()[0].value > "1970"',
  "the clock's own method": "return Performance.prototype.now.call(performance) > 0",
  "the clock's prototype":
    "return Object.getPrototypeOf(performance).now.call(performance) > 0 && performance.now() === 0",
  "a mark": 'return new PerformanceMark("x").startTime > 0',
  "a file's date": 'return new File([], "x").lastModified > 0',
  "a file's insides":
    'const file = new File([], "x"); return Object.getOwnPropertySymbols(file).some((one) => typeof file[one] === "number" && file[one] > 1e9)',
  "a file that is cloned": `const name = Object.getOwnPropertySymbols(Blob.prototype)
      .find((one) => String(one).includes("hostObject"));
    const file = structuredClone({ [name]: () => ({ type: "File", parts: [], size: 0, name: "x" }) });
    return Object.getOwnPropertySymbols(file).some((one) => typeof file[one] === "number" && file[one] > 1e9)`,
  "a timer's insides": "return setTimeout(() => {}, 0)._idleStart > 0",
  "an interval's insides":
    "const timer = setInterval(() => {}, 9); clearInterval(timer); return timer._idleStart > 0",
  "an immediate's insides": "return typeof setImmediate(() => {}) === 'object'",
  "when a folder was changed": "return Deno.statSync(DATA).mtime !== null",
  "when a file was changed": "return (await Deno.lstat(`${DATA}/b`)).mtime !== null",
  "when an open file was changed":
    "using file = await Deno.open(`${DATA}/b`); return (await file.stat()).mtime !== null",
  "where a file lies": "return Deno.statSync(DATA).ino > 0",
  "a signal that comes by itself": "return typeof AbortSignal.timeout === 'function'",
  "an event's time": "return 'timeStamp' in Event.prototype",
  "a wait with a limit":
    "return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1) === 'timed-out'",
  "a wait that is told":
    "return Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1).async",
  "dates behind a trap": `let real;
    Object.prototype.get = (target, name) => { real = target; return target[name]; };
    try {
      return Date.name.length > 0 && new real().getTime() > 0;
    } finally {
      delete Object.prototype.get;
    }`,
  "what a timer is told": `let seen = 0;
    Object.defineProperty(Object.prototype, "_idleStart", { configurable: true, set(at) { seen = at; } });
    try {
      setTimeout(() => {}, 0);
      return seen > 0;
    } finally {
      delete Object.prototype._idleStart;
    }`,
  "what a promise is told": `const seen = [], { then } = Promise.prototype;
    let isInside = false;
    Object.defineProperty(Promise.prototype, "constructor", {
      configurable: true,
      get() {
        if (!isInside) {
          isInside = true;
          then.call(this, (value) => { seen.push(value); });
          isInside = false;
        }
        return Promise;
      },
    });
    try {
      await Deno.stat(DATA);
      await new Promise((done) => setTimeout(done, 9));
      return seen.some((one) => one?.mtime instanceof Date || one?.[0] > 1e9);
    } finally {
      Object.defineProperty(Promise.prototype, "constructor", { configurable: true, value: Promise });
    }`,
  "dates of another kind": "return typeof new Date(0).toTemporalInstant === 'function'",
  "the console's clock": "return typeof console.context === 'function'",
};

export const RANDOM: Doors = {
  "a key":
    'return (await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"])).type === "secret"',
  "random bytes by their class":
    "return Crypto.prototype.getRandomValues.call(crypto, new Uint8Array(32)).some(Boolean)",
  "a random name by its prototype":
    "return Object.getPrototypeOf(crypto).randomUUID.call(crypto) > '0'",
  "an object's address": "return URL.createObjectURL(new Blob([])) !== ''",
  "a form's boundary":
    'return new Response(new FormData()).headers.get("content-type").includes("boundary")',
  "a name for a folder":
    "try { Deno.makeTempDirSync(); } catch (error) { return error instanceof Deno.errors.NotCapable; }",
  "a name for a file":
    "try { await Deno.makeTempFile(); } catch (error) { return error instanceof Deno.errors.NotCapable; }",
};

export const MACHINE: Doors = {
  "processors":
    "return Reflect.get(Object.getPrototypeOf(navigator), 'hardwareConcurrency', navigator) > 1",
  "the engine": "return navigator.userAgent.includes('Deno')",
  "the platform": "return navigator.platform.length > 0",
  "graphics": "return typeof navigator.gpu === 'object'",
  "a graphics adapter": "return (await navigator.gpu.requestAdapter()) !== undefined",
  "memory": "return Deno.memoryUsage().rss > 0",
  "the system": "return Deno.build.target.length > 0",
  "the version": "return Deno.version.v8.length > 0",
  "its process": "return Deno.pid > 1",
  "its parent": "return Deno.ppid > 1",
  "where it runs": "return Deno.cwd().length > 0",
  "what runs it":
    'try { return Deno.execPath().includes("/"); } catch (error) { return error instanceof Deno.errors.NotCapable; }',
  "where its code lies": "return Deno.mainModule.includes('bundles')",
  "what it may": "return (await Deno.permissions.query({ name: 'read' })).state !== undefined",
  "paths of a stack": "return new Error().stack.includes('file:')",
  "paths of a package's stack":
    "try { z.string().parse(1); } catch (error) { return /file:|\\/(home|root)\\//.test(error.stack); }",
  "paths by a stack of its own": `Error.prepareStackTrace = (_, sites) => sites[0].getFileName();
    try {
      return /[/]/.test(new Error().stack);
    } finally {
      Error.prepareStackTrace = undefined;
    }`,
  "paths by another Error": `const real = globalThis.Error;
    let path;
    try {
      globalThis.Error = { prepareStackTrace: (_, sites) => path = sites[0].getFileName() };
      null.x;
    } catch (error) {
      void error.stack;
    } finally {
      globalThis.Error = real;
    }
    return path.includes("/")`,
  "paths by a captured stack":
    "const made = {}; Error.captureStackTrace(made); return made.stack.includes('file:')",
  "paths of an engine's error":
    "try { new AbortController().signal.throwIfAborted.call({}); } catch (error) { return error.stack.includes('file:'); }",
  "what memory was freed": "return new WeakRef({}).deref() !== undefined",
  "when memory is freed": "return new FinalizationRegistry(() => {}) !== undefined",
  "the order of a folder":
    "const found = [...Deno.readDirSync(DATA)].map(({ name }) => name); return found.join() !== found.toSorted().join()",
  "the order of a folder that is waited for":
    "const found = []; for await (const { name } of Deno.readDir(DATA)) found.push(name); return found.join() !== found.toSorted().join()",
};

export const TEXTS: Doors = {
  "an import behind a setter": `Object.defineProperty(Array.prototype, 0, {
      configurable: true,
      set() {
        const value = 'return import("node:vm")';
        Object.defineProperty(this, 0, { value, writable: true, enumerable: true, configurable: true });
      },
    });
    try {
      return (await new Function("return 1")()) !== 1;
    } finally {
      delete Array.prototype[0];
    }`,
  "an import behind a trap": `let real;
    Object.prototype.get = (target, name) => { real = target; return target[name]; };
    try {
      return Function.name.length > 0 && (await new real('return import("node:vm")')()) !== undefined;
    } finally {
      delete Object.prototype.get;
    }`,
};

export const MODULES: Doors = {
  "relaxed SIMD": "return new WebAssembly.Module(relaxed) !== null",
  "relaxed SIMD that is waited for": "return (await WebAssembly.compile(relaxed)) !== null",
  "relaxed SIMD that is linked":
    "return (await WebAssembly.instantiate(relaxed)).instance !== null",
  "relaxed SIMD that is asked for": "return WebAssembly.validate(relaxed)",
  "relaxed SIMD by the class of a module":
    "return new (new WebAssembly.Module(wasm([])).constructor)(relaxed) !== null",
  "relaxed SIMD by reflection":
    "return Reflect.construct(WebAssembly.Module, [relaxed], Object) !== null",
  "relaxed SIMD from a stream":
    'const answer = new Response(relaxed, { headers: { "content-type": "application/wasm" } }); return (await WebAssembly.compileStreaming(answer)) !== null',
  "relaxed SIMD behind a view":
    "return new WebAssembly.Module(new Int8Array(relaxed.buffer)) !== null",
  "relaxed SIMD in memory that threads share":
    "const shared = new Uint8Array(new SharedArrayBuffer(relaxed.length)); shared.set(relaxed); return new WebAssembly.Module(shared) !== null",
  "relaxed SIMD in a longer number":
    "return new WebAssembly.Module(wasm([...zero, ...zero, ...zero, 0xfd, 0x85, 0x82, 0x00, 0x1a])) !== null",
  "functions of the engine":
    'return (await WebAssembly.instantiate(wasm([], [["wasm:js-string", "length", 0, 1]]), {}, { builtins: ["js-string"] })).instance !== null',
  "functions of the engine in a module":
    'const made = new WebAssembly.Module(wasm([], [["wasm:js-string", "length", 0, 1]]), { builtins: ["js-string"] }); return new WebAssembly.Instance(made, {}) !== null',
  "texts of the engine":
    'const made = new WebAssembly.Module(wasm([], [["here", "text", 3, 0x64, 0x6f, 0]]), { importedStringConstants: "here" }); return new WebAssembly.Instance(made, {}) !== null',
};

export const OUTPUT: Doors = {
  "standard output": "return Deno.stdout.writeSync(new Uint8Array(0)) === 0",
  "standard input": "return Deno.stdin !== undefined",
  "a file by its number": "return typeof Deno.FsFile === 'function'",
  "a file by its number and an open file":
    "using file = await Deno.open(`${DATA}/b`); return file.constructor !== Object",
  "a pipe": "const pipe = await forged(1); await pipe.from.pipeTo(pipe.to); return !pipe.reached()",
  "a pipe through":
    "const pipe = await forged(1); pipe.from.pipeThrough({ readable: pipe.from, writable: pipe.to }); await new Promise((done) => setTimeout(done, 99)); return !pipe.reached()",
  "a pipe that says something else":
    "const pipe = await forged(1); const to = new Proxy(pipe.to, { get: (to, name) => name === backing ? { rid: 1, autoClose: false } : Reflect.get(to, name) }); await pipe.from.pipeTo(to); return !pipe.reached()",
};

export const THREADS: Doors = {
  "a thread by what was there as it loaded":
    'return new TOP.Worker("data:text/javascript,postMessage(1)", { type: "module" }) !== null',
  "what was there as it loaded": "return TOP.found.length > 0",
};

/** What all doors see: a folder of its own, a pipe whose target claims to be a file, and what it saw as it loaded. */
export const COMMON = `
let scratch;
for (const name of ["mkdir", "mkdirSync"]) {
  const real = Deno[name];
  Deno[name] = (path, ...rest) => { scratch ??= path; return real(path, ...rest); };
}
await outputs.out.write("numbers", "float64", [3], numbers);
const DATA = scratch + "/doors";
Deno.mkdirSync(DATA);
for (const name of ["b", "z", "a", "c10", "c9", "k", "e"]) Deno.writeTextFileSync(DATA + "/" + name, name);
const backing = Object.getOwnPropertySymbols(new ReadableStream()).find((one) => /backing/i.test(String(one)));
const forged = async (rid) => {
  let count = 0;
  const to = new WritableStream({ write() { count++; } });
  to[backing] = { rid, autoClose: false };
  return { from: (await fetch("data:text/plain,FORGED")).body, to, reached: () => count > 0 };
};
`;

export const TOP = `const TOP = {
  Worker: globalThis.Worker,
  found: ["process", "localStorage", "sessionStorage", "caches", "BroadcastChannel", "prompt", "Performance", "close"]
    .filter((name) => globalThis[name] !== undefined),
};
`;
