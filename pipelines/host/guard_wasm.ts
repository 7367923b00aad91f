/**
 * WebAssembly that computes the same on all processors. Only bytes that have been looked through are compiled, and
 * nothing but what a stage itself hands in is linked: the options by which engines bring functions of their own are
 * not passed on.
 */
import { primordials } from "./primordials.ts";
import { unsteady } from "./wasm_code.ts";

const { construct, bufferOf, byteOffsetOf, byteLengthOf } = primordials;
const BaseUint8Array = Uint8Array, WrongUse = TypeError;
const { isView } = ArrayBuffer;
type Source = ArrayBuffer | ArrayBufferView;

/** The bytes as they are now: the caller may change its own while they are compiled. */
function copyOf(source: Source): Uint8Array<ArrayBuffer> {
  if (!isView(source)) return new BaseUint8Array(new BaseUint8Array(source));
  const view = source as Uint8Array; // all typed arrays have these by one prototype
  return new BaseUint8Array(
    new BaseUint8Array(bufferOf(view), byteOffsetOf(view), byteLengthOf(view)),
  );
}

/** Puts guarded functions in the place of those that compile. */
export function guardWasm(): void {
  const { Module, compile, instantiate, validate, CompileError } = WebAssembly;
  const exportsOf = Module.exports;
  const steady = (source: Source): Uint8Array<ArrayBuffer> => {
    const bytes = copyOf(source);
    const why = unsteady(bytes);
    if (why !== null) throw new CompileError(`A stage cannot compile this WebAssembly: ${why}`);
    return bytes;
  };
  const isModule = (value: unknown): value is WebAssembly.Module => {
    try {
      exportsOf(value as WebAssembly.Module); // throws of anything else
      return true;
    } catch {
      return false;
    }
  };
  function GuardedModule(source: Source): object {
    if (new.target === undefined) throw new WrongUse("WebAssembly.Module must be called with new");
    return construct(Module, [steady(source)], new.target);
  }
  Object.defineProperties(GuardedModule, {
    ...Object.getOwnPropertyDescriptors(Module),
    prototype: { value: Module.prototype, writable: false },
  });
  Object.defineProperty(Module.prototype, "constructor", { value: GuardedModule });
  Object.assign(WebAssembly, {
    Module: GuardedModule,
    compile: async (source: Source) => await compile(steady(source)),
    instantiate: async (source: Source | WebAssembly.Module, imports?: WebAssembly.Imports) =>
      // Without the third argument: what an engine would bring by itself.
      isModule(source)
        ? await instantiate(source, imports)
        : await instantiate(steady(source), imports),
    validate: (source: Source) => {
      const bytes = copyOf(source);
      return unsteady(bytes) === null && validate(bytes);
    },
  });
}
