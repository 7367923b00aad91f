/** Copies of plain data, as `structuredClone` makes them; the engine's own also makes files and handles of whatever claims to be one. */

/** Copies what holds no function: lists, objects, maps, sets, dates, patterns, bytes, errors. */
export function plainClone<T>(value: T): T {
  return copy(value, new Map()) as T; // of the same kind
}

function copy(value: unknown, known: Map<object, unknown>): unknown {
  if (typeof value === "function" || typeof value === "symbol") {
    throw new DOMException(`${String(value)} could not be cloned`, "DataCloneError");
  }
  if (typeof value !== "object" || value === null) return value;
  const before = known.get(value);
  if (before !== undefined) return before;
  const made = emptyLike(value, known);
  known.set(value, made);
  if (value instanceof Map && made instanceof Map) {
    for (const [key, one] of value) made.set(copy(key, known), copy(one, known));
  } else if (value instanceof Set && made instanceof Set) {
    for (const one of value) made.add(copy(one, known));
  } else if (Array.isArray(value) || Object.getPrototypeOf(made) === Object.prototype) {
    for (const [key, one] of Object.entries(value)) {
      const property = { writable: true, enumerable: true, configurable: true };
      Object.defineProperty(made, key, { ...property, value: copy(one, known) });
    }
  }
  return made;
}

/** What its members are to be copied into; whole where it has none. */
function emptyLike(value: object, known: Map<object, unknown>): object {
  if (Array.isArray(value)) return new Array(value.length);
  if (value instanceof Map) return new Map();
  if (value instanceof Set) return new Set();
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof RegExp) return new RegExp(value.source, value.flags);
  if (value instanceof ArrayBuffer) return value.slice(0);
  if (value instanceof SharedArrayBuffer || value instanceof WebAssembly.Module) return value;
  if (value instanceof DataView) {
    return new DataView(bufferOf(value, known), value.byteOffset, value.byteLength);
  }
  if (ArrayBuffer.isView(value)) {
    const view = value as Uint8Array; // or of another type of numbers, whose class is its own
    const Same = view.constructor as Uint8ArrayConstructor;
    return new Same(bufferOf(view, known), view.byteOffset, view.length);
  }
  if (value instanceof Error) return Object.assign(new Error(value.message), { name: value.name });
  return {};
}

/** Views of one buffer are views of one copy. */
function bufferOf(view: ArrayBufferView, known: Map<object, unknown>): ArrayBuffer {
  return copy(view.buffer, known) as ArrayBuffer; // or a shared one, which is the same
}
