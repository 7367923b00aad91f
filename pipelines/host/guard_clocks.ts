/** Clocks that stand, and timers that tell no time. */
import { primordials, uncurry } from "./primordials.ts";

const { apply, construct } = primordials;

/** What packages read for their own statistics: no result can come of it. */
export const performance = { now: (): number => 0, timeOrigin: 0, mark() {}, measure() {} };

/** `Date` by a clock that stands. The real one cannot be reached from it, or from any date. */
export function standingDate(): DateConstructor {
  const Real = Date;
  const print = uncurry(Real.prototype.toString);
  function StandingDate(...given: unknown[]): unknown {
    if (new.target === undefined) return print(new Real(0));
    return construct(Real, given.length === 0 ? [0] : given, new.target);
  }
  // The four that a constructor of dates has; its prototype is the real one's.
  const date = Object.assign(StandingDate, { now: () => 0, parse: Real.parse, UTC: Real.UTC });
  Object.defineProperty(date, "prototype", { value: Real.prototype, writable: false });
  Object.defineProperty(date, "name", { value: "Date" });
  Object.defineProperty(date, "length", { value: 7 });
  Object.defineProperty(Real.prototype, "constructor", { value: date });
  Reflect.deleteProperty(Real.prototype, "toTemporalInstant");
  return date as unknown as DateConstructor; // a function that is called as a class, too
}

type Callback = (...given: readonly unknown[]) => unknown;
type Start = (callback: () => void, delay: number) => object | number;
type Stop = (timer: object | number) => void;

/**
 * Timers by number: an engine's own object of a timer says when it was started. When one is due is the machine's
 * business all the same: see docs/security.md.
 */
export function numberedTimers(): Readonly<Record<string, unknown>> {
  const running = new Map<unknown, object | number>();
  const { get, set, delete: remove } = Map.prototype;
  const find = uncurry(get), keep = uncurry(set), forget = uncurry(remove);
  const WrongUse = TypeError;
  let last = 0;
  const begin = (
    start: Start,
    isOnce: boolean,
    callback: unknown,
    delay: unknown,
    given: readonly unknown[],
  ): number => {
    if (typeof callback !== "function") throw new WrongUse("A timer calls a function");
    const id = ++last;
    const timer = start(() => {
      if (isOnce) forget(running, id);
      apply(callback as Callback, undefined, given); // it is a function
    }, delay === undefined ? 0 : +(delay as number)); // as a timer takes what it is given
    keep(running, id, timer);
    return id;
  };
  const end = (stop: Stop) => (id: unknown): void => {
    const timer = find(running, id);
    if (timer === undefined) return;
    forget(running, id);
    stop(timer);
  };
  // The real ones cost some milliseconds as they load: they are looked at when one is first wanted.
  const [setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate] = [
    "setTimeout",
    "setInterval",
    "setImmediate",
    "clearTimeout",
    "clearInterval",
    "clearImmediate",
  ]
    .map((name) => {
      const { get, value } = Object.getOwnPropertyDescriptor(globalThis, name) ?? {};
      return (...given: unknown[]) => apply(get === undefined ? value : get(), undefined, given);
    }) as [Start, Start, Start, Stop, Stop, Stop]; // by their names
  const timed =
    (start: Start, isOnce: boolean) => (callback: unknown, delay?: unknown, ...given: unknown[]) =>
      begin(start, isOnce, callback, delay, given);
  return {
    setTimeout: timed(setTimeout, true),
    setInterval: timed(setInterval, false),
    setImmediate: (callback: unknown, ...given: unknown[]) =>
      begin(setImmediate, true, callback, 0, given),
    clearTimeout: end(clearTimeout),
    clearInterval: end(clearInterval),
    clearImmediate: end(clearImmediate),
  };
}

/** Waits for as long as it takes: one with a limit is a clock. */
export function endlessWait(): typeof Atomics.wait {
  const { wait } = Atomics;
  const BaseError = Error;
  return ((array: Int32Array, index: number, value: number, limit?: number) => {
    if (limit !== undefined && limit !== Infinity) {
      throw new BaseError("A stage has no Atomics.wait with a limit: it would be a clock");
    }
    return wait(array, index, value);
  }) as typeof Atomics.wait; // on either kind of array
}
