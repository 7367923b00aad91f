/**
 * Asynchronous successive halving (Li et al., "A system for massively parallel hyperparameter tuning",
 * MLSys 2020): a trial goes on as soon as it is among the best 1/eta of those that its rung has finished.
 */
import type { Strategy } from "../strategy.ts";
import type { StrategySpec, Sweep } from "../sweep.ts";
import { listOf, randomPoints } from "./points.ts";
import { atRung, bestOf, isBetter, knownTo, needsOf } from "./results.ts";

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
      for (let rung = rungs.length - 1; rung > 0; rung--) {
        const before = atRung(known, rung - 1);
        const finished = before.filter((one) => one.result.type !== "pending").length;
        const gone = new Set(atRung(known, rung).map((one) => one.job.trial));
        const next = bestOf(before, goal, gone);
        if (next === null) continue;
        const better = before.filter((one) => isBetter(one, next, goal)).length;
        const { trial, values } = next.job;
        if (better < Math.floor(finished / eta)) return { number: k, trial, values, rung };
      }
      const trial = atRung(known, 0).length;
      const values = pointAt(trial);
      if (values !== null) return { number: k, trial, values, rung: 0 };
      if (known.every((one) => one.result.type !== "pending")) return null;
      return asynchronous ? "wait" : "skip";
    },
  };
}
