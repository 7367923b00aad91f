/** A sweep in words: what it tries, and what it does not come to, said before it runs, where it ends and on its page. */
import { lastBefore } from "./domain.ts";
import { gridSize, sizeOf } from "./space.ts";
import type { Sweep } from "./sweep.ts";

/** How many points the strategy has to choose from. */
function sizeFor({ strategy, space }: Sweep): number {
  return strategy.type === "grid" ? gridSize(space) : sizeOf(space);
}

/** Points that are tried at most: those of the budget, or all that there are. */
export function pointsOf(sweep: Sweep): number {
  return Math.min(sweep.budget.trials, sizeFor(sweep));
}

/** Sentences. */
export function limitsOf(sweep: Sweep): string[] {
  const { strategy, budget: { trials }, space } = sweep;
  const size = sizeFor(sweep), points = pointsOf(sweep);
  const found: string[] = [];
  if (strategy.type === "grid" && size > trials) {
    found.push(
      `The grid has ${size} points; the budget takes the first ${trials}, ${
        size - trials
      } are not tried`,
    );
  }
  if (strategy.type !== "grid" && size < trials) {
    found.push(
      `The space has ${size} points: all of them are tried, ${trials - size} of ${trials} trials ` +
        "of the budget are left",
    );
  }
  for (const { path, domain } of space) {
    const end = lastBefore(domain);
    if (end !== null && domain.type !== "choice") {
      found.push(
        `"${path}" in steps of ${domain.step} from ${domain.min} ends at ${end}: ` +
          `${domain.max} is not tried`,
      );
    }
  }
  if ("rungs" in strategy) {
    const { eta, rungs } = strategy, param = sweep.rungs?.param ?? "";
    // At each rung the best 1/eta go on, whole trials.
    let last = 0;
    for (let left = Math.floor(points / eta); left >= 1; left = Math.floor(left / eta)) last++;
    if (last < rungs.length - 1) {
      // ASHA lets go on whoever is among the best so far.
      const most = strategy.type === "halving" ? "none is" : "it may be that none is";
      found.push(
        `Of ${points} trials, of which the best 1/${eta} go on, ${most} trained further than ` +
          `${param}: ${rungs[last]}; ${eta ** (rungs.length - 1)} trials reach ${param}: ${
            rungs.at(-1)
          }`,
      );
    }
  }
  return found;
}

/** What the winner did not come to. `reached`: what the rungs count. */
export function shortOf(sweep: Sweep, reached: number | null): string[] {
  const last = "rungs" in sweep.strategy ? sweep.strategy.rungs.at(-1) ?? null : null;
  if (last === null || reached === null || reached >= last) return [];
  return [
    `No trial has reached ${sweep.rungs?.param}: ${last}; the winner stands at ${reached}, and cannot ` +
    `be compared with the baseline, which stands at ${last}`,
  ];
}

/** In words, for people. */
export function describeStrategy(sweep: Sweep): string {
  const { strategy, space } = sweep;
  const trials = pointsOf(sweep);
  switch (strategy.type) {
    case "grid":
      return trials < gridSize(space)
        ? `the first ${trials} of ${gridSize(space)} combinations`
        : "every combination";
    case "random":
      return `random search, ${trials} trials`;
    case "sobol":
      return `Sobol's sequence, ${trials} trials`;
    case "tpe":
      return `TPE, ${trials} trials, the first ${Math.min(trials, strategy.startup)} at random`;
    case "halving":
      return `successive halving from ${trials} trials, the best 1/${strategy.eta} of each rung`;
    case "asha":
      return `ASHA from ${trials} trials, the best 1/${strategy.eta} of each rung`;
    default:
      return strategy satisfies never;
  }
}
