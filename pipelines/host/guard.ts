/**
 * Shuts out what differs from one process to the next. Imported before the stage, so that no line of it,
 * top level included, sees an engine's own `Math.exp`, a clock or a random number.
 */
// What answers the engine is taken before anything else is here.
import "./channel.ts";
import { deterministicMath } from "../../numerics/math.ts";

Object.assign(Math, deterministicMath);

const clock = performance.now.bind(performance);

/** Milliseconds from any fixed start: the host alone may look at a clock. */
export function now(): number {
  return clock();
}

/** Throws in place of what would make a result differ from run to run. */
function refuse(what: string, instead: string): () => never {
  return () => {
    throw new Error(`A stage has no ${what}: ${instead}`);
  };
}

// A clock that stands: packages read it for their own statistics, and no result can come of it.
Date.now = () => 0;
performance.now = () => 0;
Object.defineProperty(performance, "timeOrigin", { value: 0 });
for (const name of ["mark", "measure"]) Reflect.deleteProperty(Performance.prototype, name);
const RealDate = Date;
globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(0).toString(),
  construct: (target, given) =>
    // `given` are the caller's own arguments; without any, the date is that of the standing clock.
    given.length === 0 ? new target(0) : Reflect.construct(target, given),
});
RealDate.prototype.constructor = globalThis.Date;
// Another clock, which engines have begun to bring.
Reflect.deleteProperty(globalThis, "Temporal");
// Code that shapes its work by the machine would shape its sums by it.
Object.defineProperty(navigator, "hardwareConcurrency", { value: 1 });
// Some packages draw numbers as they load; all processes draw the same.
Math.random = () => 0.5;
crypto.getRandomValues = <T extends ArrayBufferView | null>(array: T): T => {
  if (array !== null) new Uint8Array(array.buffer, array.byteOffset, array.byteLength).fill(0);
  return array;
};
crypto.randomUUID = () => "00000000-0000-4000-8000-000000000000";

/**
 * Code made of texts may compute, as packages' does, but not import: the bundle holds all that a stage
 * imports, and `node:` has modules with globals that nobody has guarded. Only the word itself can do it.
 */
function guardTexts(): void {
  // Taken now: what a stage puts in their place is not asked.
  const { construct, apply } = Reflect;
  const includes = String.prototype.includes;
  const texts = (given: readonly unknown[]): string[] => {
    const found: string[] = [];
    for (let i = 0; i < given.length; i++) {
      const text = `${given[i]}`;
      if (apply(includes, text, ["import"])) {
        throw new Error("A stage has no import in code that is made of texts: import it by name");
      }
      found[i] = text;
    }
    return found;
  };
  const guarded = (maker: FunctionConstructor) =>
    new Proxy(maker, {
      apply: (target, _, given) => construct(target, texts(given)),
      construct: (target, given, asked) => construct(target, texts(given), asked),
    });
  const plain = guarded(Function);
  globalThis.Function = plain;
  Object.defineProperty(plain.prototype, "constructor", { value: plain });
  for (const example of [async () => {}, function* () {}, async function* () {}]) {
    const prototype: object = Object.getPrototypeOf(example);
    const maker = prototype.constructor as FunctionConstructor; // all are made and called alike
    Object.setPrototypeOf(maker, plain);
    Object.defineProperty(prototype, "constructor", { value: guarded(maker) });
  }
  const evaluate = globalThis.eval;
  globalThis.eval = (text: unknown) =>
    typeof text === "string" ? apply(evaluate, undefined, texts([text])) : text;
}
guardTexts();

/**
 * What no permission of Deno closes: storage that processes share, threads and modules with globals that
 * nobody has guarded (`process` gives out both), and what asks the user.
 */
const CLOSED = [
  "localStorage",
  "sessionStorage",
  "caches",
  "BroadcastChannel",
  "Worker",
  "process",
  "alert",
  "confirm",
  "prompt",
] as const;

/** Called once the stage's modules are loaded: what draws from here on draws for a result. */
export function guardWorld(): void {
  Math.random = refuse("Math.random", "draw from numerics/random.ts with the context's seed");
  crypto.getRandomValues = refuse("random bytes", "draw from numerics/random.ts");
  crypto.randomUUID = refuse("random names", "name things by what they are");
  for (const name of CLOSED) Reflect.deleteProperty(globalThis, name);
  // Deno's own insides, among them clocks and modules that nobody has guarded.
  Reflect.deleteProperty(Deno, Reflect.get(Deno, "internal"));
}
