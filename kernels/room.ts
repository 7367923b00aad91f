/** Pieces of the rooms that operations work in besides their tensors. */
import { ALIGNMENT } from "./memory.ts";

/** Lays pieces of so many bytes one after another, each on a cache line: where each begins, and all their bytes. */
export function inOrder<K extends string>(sizes: Readonly<Record<K, number>>) {
  let bytes = 0;
  const at: Partial<Record<K, number>> = {};
  // A record's keys are those of its type.
  for (const [name, size] of Object.entries(sizes) as [K, number][]) {
    at[name] = bytes;
    bytes += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
  }
  return { at: at as Record<K, number>, bytes };
}
