/**
 * What the host uses after a stage's code has run, taken before it: functions that take their object as an argument,
 * and look up nothing that a stage can put something else in the place of. Whoever works with these must not
 * spread lists, iterate by `for ... of`, or call a method of a value: `list[i]` of a list that the host has
 * made, `+` of texts and plain fields of its own are safe.
 */
type Method<S, A extends readonly unknown[], R> = (this: S, ...args: A) => R;

const { apply, construct, defineProperty, getOwnPropertyDescriptor } = Reflect;
const bind = Function.prototype.bind, call = Function.prototype.call;

/** A method as a function: bound for good, so that what `call` is later is not asked. */
export function uncurry<S, A extends readonly unknown[], R>(
  method: Method<S, A, R>,
): (self: S, ...args: A) => R {
  // What `bind` of `call` answers takes the method's object first, which its type does not say.
  return apply(bind, call, [method]) as (self: S, ...args: A) => R;
}

/** What reads a property that is an accessor on a prototype. */
function getter<S extends object, T>(prototype: object, name: PropertyKey): (self: S) => T {
  const get = getOwnPropertyDescriptor(prototype, name)?.get;
  if (get === undefined) throw new Error(`"${String(name)}" is no accessor`);
  return uncurry(get as Method<S, [], T>); // its callers name the type that the standard has
}

const { stringify } = JSON;
const { isArray } = Array;
const { keys, freeze } = Object;
const { isFinite } = Number;
const BaseUint8Array = Uint8Array, BaseError = Error;
const encoder = new TextEncoder();
const encodeText = uncurry(encoder.encode);
const TypedArray: object = Object.getPrototypeOf(Uint8Array.prototype);
const bufferOf = getter<Uint8Array, ArrayBuffer>(TypedArray, "buffer");
const byteOffsetOf = getter<Uint8Array, number>(TypedArray, "byteOffset");
const byteLengthOf = getter<Uint8Array, number>(TypedArray, "byteLength");
const { stdout } = Deno;
const write = uncurry(stdout.writeSync);
const { exit, addSignalListener } = Deno;
const { os } = Deno.build;
const clock = uncurry(performance.now), timer = performance;

/** Writes all of it; a part would be taken for half a line. */
function writeOut(text: string): void {
  const all = encodeText(encoder, text);
  const buffer = bufferOf(all), at = byteOffsetOf(all), size = byteLengthOf(all);
  for (let done = 0; done < size;) {
    // `subarray` would ask a stage's own prototypes which class to make.
    done += write(stdout, new BaseUint8Array(buffer, at + done, size - done));
  }
}

/** `push` and `list[i] =` would call a setter that a stage has put on the prototype. */
function append<T>(list: T[], value: T): void {
  defineProperty(list, list.length, {
    // A descriptor is looked at with its prototype.
    __proto__: null,
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  } as PropertyDescriptor);
}

/** Deeper than any message; a list that holds itself ends here, too. */
const DEEPEST = 200;

/** JSON of plain data as JSON.stringify writes it, but no `toJSON` is asked, on whatever prototype it is. */
function jsonText(value: unknown, depth: number = 0): string {
  if (depth > DEEPEST) throw new BaseError(`It is nested deeper than ${DEEPEST} levels`);
  switch (typeof value) {
    case "string":
      return stringify(value);
    case "number":
      return isFinite(value) ? `${value}` : "null";
    case "boolean":
      return value ? "true" : "false";
    case "object":
      break;
    default:
      return "null";
  }
  if (value === null) return "null";
  let text = "";
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      text += (i === 0 ? "" : ",") + jsonText(value[i], depth + 1);
    }
    return `[${text}]`;
  }
  const names = keys(value);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? "";
    const field = (value as Record<string, unknown>)[name]; // `name` is one of its keys
    if (field === undefined || typeof field === "function" || typeof field === "symbol") continue;
    text += `${text === "" ? "" : ","}${stringify(name)}:${jsonText(field, depth + 1)}`;
  }
  return `{${text}}`;
}

export const primordials = freeze({
  // So that a name that is not here is not looked for elsewhere.
  __proto__: null,
  append,
  apply,
  construct,
  defineProperty,
  bufferOf,
  byteLengthOf,
  byteOffsetOf,
  encode: (text: string): Uint8Array<ArrayBuffer> => encodeText(encoder, text),
  jsonText: (value: unknown): string => jsonText(value),
  /** To standard output, which belongs to the host alone. */
  writeOut,
  exit,
  os,
  addSignalListener,
  /** Milliseconds from any fixed start: the host alone may look at a clock. */
  now: (): number => clock(timer),
});
