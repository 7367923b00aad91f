/** Chance: what draws while packages load draws the same in each process; later, nothing is drawn. */
import { primordials, uncurry } from "./primordials.ts";

const { apply, bufferOf, byteLengthOf, byteOffsetOf } = primordials;
const BaseError = Error, BaseUint8Array = Uint8Array;
const { isView } = ArrayBuffer;
const fill = uncurry(Uint8Array.prototype.fill);

let isLoading = true;

/** Called once the stage's modules are loaded: what draws from here on draws for a result. */
export function endLoading(): void {
  isLoading = false;
}

function refuseLater(what: string, instead: string): void {
  if (!isLoading) throw new BaseError(`A stage has no ${what}: ${instead}`);
}

export function random(): number {
  refuseLater("Math.random", "draw from numerics/random.ts with the context's seed");
  return 0.5;
}

/** Digests are all that stages take of it: keys and signatures are drawn. */
export function plainCrypto(): object {
  const { subtle } = crypto;
  const { digest } = subtle;
  return {
    subtle: {
      digest: (...given: unknown[]) => apply(digest, subtle, given as Parameters<typeof digest>),
    },
    getRandomValues(array: Uint8Array) {
      refuseLater("random bytes", "draw from numerics/random.ts");
      // All views have these three by one prototype.
      if (isView(array)) {
        fill(new BaseUint8Array(bufferOf(array), byteOffsetOf(array), byteLengthOf(array)), 0);
      }
      return array;
    },
    randomUUID() {
      refuseLater("random names", "name things by what they are");
      return "00000000-0000-4000-8000-000000000000";
    },
  };
}
