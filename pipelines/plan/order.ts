/** Stages in an order in which they can be made. Pure. */
import type { StageConfig } from "../config/config.ts";

/**
 * The stages that are `wanted` and all that feed them, producers before their consumers, in the order of `wanted`
 * otherwise. The config has no circle.
 */
export function producersFirst(
  stages: readonly StageConfig[],
  wanted: readonly StageConfig[] = stages,
): StageConfig[] {
  const named = new Map(stages.map((stage) => [stage.name, stage]));
  const sorted = new Set<StageConfig>();
  const begun = new Set<StageConfig>();
  for (const stage of wanted) {
    // By hand and not recursive: a chain of stages may be longer than the stack.
    const way = [stage];
    for (let top = way.at(-1); top !== undefined; top = way.at(-1)) {
      const left = begun.has(top)
        ? []
        : producersOf(top).flatMap((name) => named.get(name) ?? []).filter((one) =>
          !sorted.has(one)
        );
      begun.add(top);
      if (left.length > 0) {
        // The first of them is looked at first.
        for (const one of left.reverse()) way.push(one);
        continue;
      }
      sorted.add(top);
      way.pop();
    }
  }
  return [...sorted];
}

/** Names of the stages that a stage or one of its variants reads. */
function producersOf({ inputs, variants }: StageConfig): string[] {
  return [inputs, ...variants.map((one) => one.inputs)]
    .flatMap((some) => Object.values(some).flat().map(({ stage }) => stage));
}
