/**
 * Code made of texts may compute, as packages' does, but not import: the bundle holds all that a stage imports, and
 * `node:` has modules with globals that nobody has guarded. Only the word itself can do it: a keyword has no escapes.
 */
import { primordials, uncurry } from "./primordials.ts";

const { append, construct, defineProperty } = primordials;
const BaseError = Error;
const includes = uncurry(String.prototype.includes);

/** Each is made a text once: one that is asked again could answer another. */
function checked(given: readonly unknown[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < given.length; i++) {
    const text = `${given[i]}`;
    if (includes(text, "import")) {
      throw new BaseError("A stage has no import in code that is made of texts: import it by name");
    }
    append(found, text);
  }
  return found;
}

/** Puts others in the place of all that make functions of texts; the real ones cannot be reached from them. */
export function guardTexts(): { readonly Function: unknown; readonly eval: unknown } {
  const examples = [() => {}, async () => {}, function* () {}, async function* () {}];
  const makers = examples.map((example) => {
    const prototype: object = Object.getPrototypeOf(example);
    const real = prototype.constructor as FunctionConstructor; // all are made and called alike
    function maker(...given: unknown[]): unknown {
      return construct(real, checked(given), new.target ?? maker);
    }
    const { name, length } = real;
    Object.defineProperties(maker, {
      name: { value: name },
      length: { value: length },
      prototype: { value: prototype, writable: false },
    });
    defineProperty(prototype, "constructor", { value: maker });
    return maker;
  });
  const evaluate = globalThis.eval;
  return {
    Function: makers[0],
    // Only of one text: another value is what it is.
    eval: (text: unknown) => typeof text === "string" ? evaluate(checked([text])[0] ?? "") : text,
  };
}
