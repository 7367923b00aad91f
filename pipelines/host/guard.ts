/**
 * Shuts out what differs from one process to the next. Imported before the stage, so that no line of it,
 * top level included, sees an engine's own `Math.exp`, a clock or a random number.
 */
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

/** Called once the stage's modules are loaded: what draws from here on draws for a result. */
export function guardWorld(): void {
  Math.random = refuse("Math.random", "draw from numerics/random.ts with the context's seed");
  crypto.getRandomValues = refuse("random bytes", "draw from numerics/random.ts");
  crypto.randomUUID = refuse("random names", "name things by what they are");
  // Shared between all processes of one script, or threads with globals that nobody has guarded.
  for (const name of ["localStorage", "sessionStorage", "caches", "Worker", "BroadcastChannel"]) {
    Reflect.deleteProperty(globalThis, name);
  }
}
