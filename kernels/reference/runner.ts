/** Runs programs by the plain loops. */
import type { Runner } from "../runner.ts";
import { createReferenceOps } from "./index.ts";

export function createReferenceRunner(memory: WebAssembly.Memory): Runner {
  const ops = createReferenceOps(memory);
  return {
    memory,
    prepare: (groups) => () => {
      for (const { run } of groups.flat()) run(ops);
    },
    dispose() {},
  };
}
