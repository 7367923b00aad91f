/** Runs programs on one thread and times each operation. */
import { record } from "./record.ts";
import type { Runner } from "./runner.ts";
import { callsOf, OWN } from "./tasks.ts";
import { type KernelModules, linker } from "./wasm.ts";

/** Labels and milliseconds of the operations in one run of a program, in its order; a label may come again. */
export type Lap = readonly (readonly [label: string, milliseconds: number])[];

/** Milliseconds by label, those of equal labels summed. */
export function byLabel(lap: Lap): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [label, milliseconds] of lap) {
    sums.set(label, (sums.get(label) ?? 0) + milliseconds);
  }
  return sums;
}

/** `scratch` is the thread's; `clock` gives milliseconds; `told` is called at the end of each run. */
export function createStopwatch(
  modules: KernelModules,
  memory: WebAssembly.Memory,
  scratch: number,
  clock: () => number,
  told: (lap: Lap) => void,
): Runner {
  const link = linker(modules, memory);
  return {
    memory,
    prepare(groups) {
      const operations = groups.flat().map((operation) => ({
        label: operation.label,
        calls: callsOf(...record([[operation]]).flat()).map((call) => {
          const kernel = link(call);
          const args = call.args.map((given) => given >= OWN ? given - OWN + scratch : given);
          return () => kernel(...args);
        }),
      }));
      return () => {
        told(operations.map(({ label, calls }) => {
          const start = clock();
          for (const call of calls) call();
          return [label, clock() - start];
        }));
      };
    },
    dispose() {},
  };
}
