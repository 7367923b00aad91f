/**
 * Successive halving (Jamieson and Talwalkar, AISTATS 2016; one bracket of Hyperband, Li et al., JMLR 2018): all
 * points are trained to the first rung, the best 1/eta of them to the next, and so on.
 */
import type { Strategy, Told } from "../strategy.ts";
import type { StrategySpec, Sweep } from "../sweep.ts";
import { listOf, randomPoints } from "./points.ts";
import { nextOf, reachedBy } from "./results.ts";

/**
 * A rung's jobs come best first, and their numbers are fixed beforehand; a failed trial never goes on, so that
 * numbers are skipped where too few are left.
 */
export function halving(
  sweep: Sweep,
  { eta, rungs }: Extract<StrategySpec, { type: "halving" }>,
): Strategy {
  const { trials } = sweep.budget;
  const pointAt = listOf(randomPoints(sweep.space, sweep.seed), trials);
  let points = 0;
  while (pointAt(points) !== null) points++;

  // The first job of each rung, and the end.
  const starts = [0];
  let size = points;
  for (let rung = 0; rung < rungs.length; rung++) {
    starts.push((starts[rung] ?? 0) + size);
    size = Math.floor(size / eta);
  }
  const jobs = starts.at(-1) ?? 0;
  const rungOf = (k: number) => starts.findLastIndex((start) => start <= k);

  return {
    jobs,
    needs: (k) => starts[rungOf(k)] ?? 0,
    job(k, told) {
      if (k >= jobs) return null;
      const rung = rungOf(k);
      if (rung === 0) {
        const values = pointAt(k);
        return values === null ? null : { number: k, trial: k, values, rung };
      }
      const isBefore = (one: Told) => one.job.rung === rung - 1;
      if (told.some((one) => isBefore(one) && one.result.type === "pending")) return "wait";
      const next = nextOf(told, rung - 1, reachedBy(told), sweep.goal);
      if (next === null) return "skip";
      const { trial, values } = next.job;
      return { number: k, trial, values, rung };
    },
  };
}
