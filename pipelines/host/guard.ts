/**
 * Shuts out what differs from one process to the next, and what reaches past a stage's rights. Imported before the
 * stage, so that no line of it, top level included, sees an engine's own `Math.exp`, a clock, a random number, or
 * standard output, which is the host's. `guard_list.ts` says what stays; docs/security.md what cannot be closed.
 */
// What answers the engine is taken before anything else is here.
import "./channel.ts";
import { deterministicMath } from "../../numerics/math.ts";
import { THREAD, THREAD_URL } from "../../kernels/thread.ts";
// The host's own, which ask for the system as they load: a stage's `Deno` does not say it.
import "../store/files.ts";
import * as clocks from "./guard_clocks.ts";
import { plainClone } from "./guard_clone.ts";
import { guardPipes, plainDeno } from "./guard_deno.ts";
import { guardStacks } from "./guard_errors.ts";
import { CLASSES, OBJECTS, WHOLE } from "./guard_list.ts";
import { endLoading, plainCrypto, random } from "./guard_random.ts";
import { guardTexts } from "./guard_texts.ts";
import { guardWasm } from "./guard_wasm.ts";
import { primordials } from "./primordials.ts";

const { construct } = primordials;
const BaseError = Error;

/** Called once the stage's modules are loaded: what draws from here on draws for a result. */
export function guardWorld(): void {
  endLoading();
}

/** What is written on the console goes to the log; clocks among its functions do nothing. */
function plainConsole(): object {
  const real = console;
  const { error } = real;
  const print = (...given: unknown[]) => primordials.apply(error, real, given);
  const quiet = () => {};
  const printing = ["log", "info", "debug", "warn", "error", "trace", "dir", "dirxml", "table"]
    .concat(["group", "groupCollapsed"]);
  const silent = ["time", "timeLog", "timeEnd", "timeStamp", "count", "countReset", "groupEnd"]
    .concat(["clear", "profile", "profileEnd"]);
  return {
    ...Object.fromEntries(printing.map((name) => [name, print])),
    ...Object.fromEntries(silent.map((name) => [name, quiet])),
    assert: (holds: unknown, ...given: unknown[]) => {
      if (!holds) print("Assertion failed", given);
    },
  };
}

/** Threads of the kernels alone, made of the host's own copy of their code: others' globals nobody would guard. */
function threadsOfKernels(): typeof Worker {
  const Real = Worker;
  function KernelWorker(_: unknown, options?: WorkerOptions): object {
    if (new.target === undefined || options?.name !== THREAD) {
      throw new BaseError("A stage has no Worker: kernels have threads, other code has one");
    }
    return construct(Real, [THREAD_URL, { __proto__: null, type: "module" }], new.target);
  }
  Object.defineProperty(KernelWorker, "prototype", { value: Real.prototype, writable: false });
  Object.defineProperty(KernelWorker, "name", { value: "Worker" });
  Object.defineProperty(Real.prototype, "constructor", { value: KernelWorker });
  return KernelWorker as unknown as typeof Worker; // a function that is called as a class
}

/** Deletes what of an object is not named. */
function prune(owner: object, kept: readonly string[]): void {
  for (const name of Object.getOwnPropertyNames(owner)) {
    if (kept.includes(name)) continue;
    if (!Reflect.deleteProperty(owner, name)) {
      throw new BaseError(`This Deno has a "${name}" that cannot be taken from a stage`);
    }
  }
}

/** What functions have of themselves, and their prototypes. */
const OWN = ["length", "name", "prototype", "constructor"] as const;

function guard(): void {
  // Made of what is about to go.
  const instead = {
    ...clocks.numberedTimers(),
    ...guardTexts(),
    Date: clocks.standingDate(),
    performance: clocks.performance,
    Worker: threadsOfKernels(),
    Deno: plainDeno(),
    console: plainConsole(),
    crypto: plainCrypto(),
    // Code that shapes its work by the machine would shape its sums by it.
    structuredClone: plainClone,
    navigator: { hardwareConcurrency: 1, language: "en-US", languages: ["en-US"], userAgent: "" },
  };
  Object.assign(Math, deterministicMath, { random });
  Object.assign(Atomics, { wait: clocks.endlessWait() });
  guardWasm();
  guardPipes();
  guardStacks();
  for (const [name, kept] of Object.entries(OBJECTS)) prune(Reflect.get(globalThis, name), kept);
  for (const [name, kept] of Object.entries(CLASSES)) {
    const made = Reflect.get(globalThis, name);
    prune(made, [...OWN, ...kept]);
    prune(made.prototype, [...OWN, ...kept]);
  }
  prune(globalThis, [
    ...WHOLE,
    ...Object.keys(OBJECTS),
    ...Object.keys(CLASSES),
    ...Object.keys(instead),
  ]);
  for (const [name, value] of Object.entries(instead)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
  // Of whatever is there under this name the engine asks how stacks are written.
  Object.defineProperty(globalThis, "Error", { writable: false, configurable: false });
  // A promise that is waited for asks these, and would hand a stage what only the host may see.
  Object.freeze(Promise);
  Object.freeze(Promise.prototype);
  // The engine's own objects take their values by setters, if there are any: no stage can bring one.
  Object.preventExtensions(Object.prototype);
  Object.preventExtensions(Array.prototype);
}
guard();
