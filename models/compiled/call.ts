/** What a program is a list of. */
import type { OpName } from "../../kernels/families.ts";
import type { Ops } from "../../kernels/ops.ts";

/** What differs from step to step. */
export interface Moment {
  /** Steps done before this one. */
  readonly step: number;
  readonly learningRate: number;
  /** The seed's low and high 32 bits. */
  readonly seedLow: number;
  readonly seedHigh: number;
}

/** One kernel call. `op` names what `run` calls, so that the kernels of a program are known unrun. */
export interface Call {
  readonly op: OpName;
  run(ops: Ops, now: Moment): void;
}
