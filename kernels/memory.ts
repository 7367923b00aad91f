/** The linear memory that a program's tensors live in, and who lies where. */
import type { Address } from "./ops.ts";

/** Bytes of a WebAssembly page. */
export const PAGE = 65536;
/** The smallest memory that the compiled kernels accept, in pages: they import it so declared. */
export const LEAST_PAGES = 256;
/** The largest memory that 32-bit addresses reach, in pages. */
export const MOST_PAGES = 65536;
/** Every tensor starts on a cache line. */
export const ALIGNMENT = 64;

/**
 * A memory of at least this many bytes that threads share and that never grows: views of its buffer stay
 * valid. Pages that nobody touches cost no real memory.
 */
export function createMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.max(LEAST_PAGES, Math.ceil(bytes / PAGE));
  if (!(pages <= MOST_PAGES)) {
    throw new RangeError(
      `Cannot create the kernels' memory: ${bytes} bytes wanted, 4 GiB is the most; use a smaller batch`,
    );
  }
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** Hands out aligned pieces of one memory, from its start on. Nothing is given back one by one. */
export interface Arena {
  /** A piece of this many bytes, aligned to 64; never address 0, which means "none" to the kernels. */
  take(bytes: number): Address;
  /** The first byte not handed out: what a memory must hold for the same takes. */
  readonly used: number;
}

/**
 * An arena of `limit` bytes (a memory's `buffer.byteLength`). Without a limit it only measures:
 * plan the tensors with it, then create a memory of `used` bytes.
 */
export function createArena(limit: number = MOST_PAGES * PAGE): Arena {
  let used = ALIGNMENT;
  return {
    take(bytes) {
      const address = used;
      const end = address + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
      if (!(end <= limit)) {
        throw new RangeError(
          `Cannot place a tensor of ${bytes} bytes: ${limit - used} of ${limit} bytes are left; ` +
            "use a smaller batch or a larger memory",
        );
      }
      used = end;
      return at(address);
    },
    get used() {
      return used;
    },
  };
}

/** A number as an address, checked. */
export function at(byte: number): Address {
  if (!Number.isInteger(byte) || byte < 0 || byte % 16 !== 0) {
    throw new RangeError(`Cannot address byte ${byte}: a multiple of 16 is wanted`);
  }
  // The brand is what the check above earned.
  return byte as Address;
}
