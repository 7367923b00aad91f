/** From operations to phases. */
import type { Operation } from "./runner.ts";
import { exportOf, type Phase, type Task } from "./tasks.ts";
import { emitOps } from "./wasm.ts";

/** An operation's phases. */
function phasesOf(operation: Operation): readonly Phase[] {
  const phases: Phase[] = [];
  operation.run(emitOps((phase) => phases.push(phase)));
  return phases;
}

/**
 * A program's phases: those of a group's operations side by side, first with first; a task that two of them
 * want is done once.
 */
export function record(groups: readonly (readonly Operation[])[]): readonly Phase[] {
  return groups.flatMap((group) => {
    const each = group.map((operation) => phasesOf(operation));
    const longest = Math.max(0, ...each.map((phases) => phases.length));
    return Array.from({ length: longest }, (_, i) => {
      const tasks = new Map<string, Task>();
      for (const task of each.flatMap((phases) => phases[i] ?? [])) {
        tasks.set(`${exportOf(task)} ${task.args.join()}`, task);
      }
      return [...tasks.values()];
    }).filter((phase) => phase.length > 0);
  });
}
