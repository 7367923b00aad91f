/** Makes the trainer of a backend. */
import type { Family } from "../kernels/families.ts";
import { createTeam } from "../kernels/team.ts";
import { createCompiledTrainer } from "./compiled/trainer.ts";
import type { Trainer, TrainerSettings } from "./trainer.ts";

/** Compiles the families that a program uses; `kernel` gives a family's bytes. */
export async function compileKernels(
  families: readonly Family[],
  kernel: (family: Family) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Partial<Record<Family, WebAssembly.Module>>> {
  const modules: Partial<Record<Family, WebAssembly.Module>> = {};
  for (const family of families) modules[family] = await WebAssembly.compile(await kernel(family));
  return modules;
}

/** The second opinion: TensorFlow.js on its cpu backend, which is loaded only here. */
export async function createTapeTrainer(settings: TrainerSettings): Promise<Trainer> {
  // A package under tfjs seeds a generator of its own as it loads, which we never draw from; a stage has no
  // Math.random to give it.
  const random = Math.random;
  Math.random = () => 0.5;
  try {
    return await (await import("./tape.ts")).createTapeTrainer(settings);
  } finally {
    Math.random = random;
  }
}

/**
 * The default: our own kernels, by as many threads as `threads` says before each step; the bits do not depend
 * on it. Default: one.
 */
export function createWasmTrainer(
  settings: TrainerSettings,
  modules: Partial<Record<Family, WebAssembly.Module>>,
  threads: () => number = () => 1,
): Trainer {
  return createCompiledTrainer({
    ...settings,
    createRunner: (memory, scratch) => createTeam({ modules, memory, scratch, threads }),
  });
}
