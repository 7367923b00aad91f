/** A strategy whose points are known beforehand: job k is point k. */
import type { Strategy } from "../strategy.ts";
import type { Values } from "../sweep.ts";

/** `at`: the points by number; null from the first that is not there. `jobs`: how many at most. */
export function fixed(at: (n: number) => Values | null, jobs: number): Strategy {
  return {
    jobs,
    needs: () => 0,
    job(k) {
      const values = at(k);
      return values === null ? null : { number: k, trial: k, values, rung: null };
    },
  };
}
