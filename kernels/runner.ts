/** What runs a program's operations: the compiled kernels by a team of threads, or the plain loops. */
import type { Ops } from "./ops.ts";

/** One operation on tensors that have their places. */
export interface Operation {
  /** What it does, for those who read or measure a program. */
  readonly label: string;
  /** Multiplications and additions as its layer defines them, whatever the kernel saves; absent: few. */
  readonly flop?: number;
  run(ops: Ops): void;
}

export interface Runner {
  readonly memory: WebAssembly.Memory;
  /**
   * Makes a program of groups of operations. Groups are done one after another; a group's operations do not
   * depend on each other.
   */
  prepare(groups: readonly (readonly Operation[])[]): () => void;
  dispose(): void;
}
