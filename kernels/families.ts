/**
 * The compiled modules. A program's code identity is the digests of the families that it uses, so that a
 * change in one kernel re-trains only what calls it.
 */
export const FAMILIES = [
  "activation",
  "conv",
  "data",
  "dense",
  "dropout",
  "fused",
  "loss",
  "norm",
  "normpool",
  "optimizer",
  "pool",
  "winograd",
] as const;

/** A WebAssembly module of kernels, and the name of its source in `assembly/`. */
export type Family = typeof FAMILIES[number];

/** These families, each once, in alphabetical order. */
export function distinct(families: Iterable<Family>): Family[] {
  const needed = new Set(families);
  return FAMILIES.filter((family) => needed.has(family));
}
