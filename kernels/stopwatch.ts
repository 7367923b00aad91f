/** Runs programs on one thread and times each operation. */
import { record } from "./record.ts";
import type { Runner } from "./runner.ts";
import { OWN } from "./tasks.ts";
import { type KernelModules, linker } from "./wasm.ts";

/** Milliseconds of each operation in one run of a program, by its label. */
export type Lap = ReadonlyMap<string, number>;

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
        calls: record([[operation]]).flat().map((task) => {
          const kernel = link(task);
          const args = task.args.map((given) => given >= OWN ? given - OWN + scratch : given);
          return () => kernel(...args);
        }),
      }));
      return () => {
        const lap = new Map<string, number>();
        for (const { label, calls } of operations) {
          const start = clock();
          for (const call of calls) call();
          lap.set(label, (lap.get(label) ?? 0) + clock() - start);
        }
        told(lap);
      };
    },
    dispose() {},
  };
}
