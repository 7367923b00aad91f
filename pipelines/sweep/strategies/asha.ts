/**
 * Asynchronous successive halving (Li et al., "A system for massively parallel hyperparameter tuning",
 * MLSys 2020): a trial goes on as soon as it is among the best 1/eta of those that its rung has finished.
 */
import type { Strategy } from "../strategy.ts";
import type { StrategySpec, Sweep } from "../sweep.ts";
import { listOf, randomPoints } from "./points.ts";
import { isBetter, knownTo, needsOf, nextOf, reachedBy } from "./results.ts";

/**
 * Without `asynchronous`, job k knows the results that lie `lag` jobs back and no others; where it can neither
 * promote nor draw until later ones are known, its number is skipped.
 */
export function asha(
  sweep: Sweep,
  { eta, rungs, lag }: Extract<StrategySpec, { type: "asha" }>,
): Strategy {
  const { goal, asynchronous } = sweep;
  const { trials } = sweep.budget;
  const pointAt = listOf(randomPoints(sweep.space, sweep.seed), trials);
  return {
    // Expected are trials * (1 + 1/eta + ...); more come when each trial is better than those before it.
    jobs: trials * rungs.length,
    needs: (k) => needsOf(k, lag),
    job(k, told) {
      const known = asynchronous ? told : knownTo(k, lag, told);
      const reached = reachedBy(known);
      for (let rung = rungs.length - 2; rung >= 0; rung--) {
        const next = nextOf(known, rung, reached, goal);
        if (next === null) continue;
        let finished = 0, better = 0;
        for (const one of known) {
          if (one.job.rung !== rung || one.result.type === "pending") continue;
          finished++;
          if (isBetter(one, next, goal)) better++;
        }
        const { trial, values } = next.job;
        if (better < Math.floor(finished / eta)) {
          return { number: k, trial, values, rung: rung + 1 };
        }
      }
      const trial = known.filter((one) => one.job.rung === 0).length;
      const values = pointAt(trial);
      if (values !== null) return { number: k, trial, values, rung: 0 };
      if (known.every((one) => one.result.type !== "pending")) return null;
      return asynchronous ? "wait" : "skip";
    },
  };
}
