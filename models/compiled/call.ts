/** What a program is a list of. */
import type { OpName } from "../../kernels/ops.ts";
import type { Operation } from "../../kernels/runner.ts";

/** One operation of a layer. `op` names what `run` calls. */
export interface Call extends Operation {
  readonly op: OpName;
}

/** Calls that do not depend on each other. */
export type Group = readonly Call[];

/** A call whose layer is to be named yet. */
export type Unnamed = Omit<Call, "label">;

/** Labels calls as their layer's. */
export function named(layer: string, calls: readonly Unnamed[]): Group {
  return calls.map((call) => ({ ...call, label: `${layer} ${call.op}` }));
}
