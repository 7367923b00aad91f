/** Dropout; bit for bit what the compiled kernel gives. */
import { dropoutSettings } from "../dropout.ts";
import type { Ops } from "../ops.ts";
import { floats, words } from "./views.ts";

/**
 * The unsigned hash of an element: the three-round integer mix "triple32" (Chris Wellons, "Prospecting
 * for Hash Functions", 2018), with the second key added after the first round, so that two steps' masks
 * are not one mask in another order.
 */
export function dropoutHash(index: number, key0: number, key1: number): number {
  let h = index ^ key0;
  h ^= h >>> 17;
  h = (Math.imul(h, 0xed5ad4bb) + key1) | 0;
  h ^= h >>> 11;
  h = Math.imul(h, 0xac4c1b51);
  h ^= h >>> 15;
  h = Math.imul(h, 0x31848bab);
  h ^= h >>> 14;
  return h >>> 0;
}

export function dropout(memory: WebAssembly.Memory): Pick<Ops, "dropout"> {
  return {
    dropout(n, rate, keys, x, y) {
      const { threshold, scale } = dropoutSettings(rate);
      const key0 = words(memory, keys).get(0), key1 = words(memory, keys).get(1);
      const input = floats(memory, x), output = floats(memory, y);
      for (let i = 0; i < n; i++) {
        output.set(i, dropoutHash(i, key0, key1) >= threshold ? input.get(i) * scale : 0);
      }
    },
  };
}
