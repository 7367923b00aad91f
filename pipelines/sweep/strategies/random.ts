/** Random search (Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 2012). */
import type { Strategy } from "../strategy.ts";
import type { Sweep } from "../sweep.ts";
import { fixed } from "./fixed.ts";
import { listOf, randomPoints } from "./points.ts";

export function random(sweep: Sweep): Strategy {
  const { trials } = sweep.budget;
  return fixed(listOf(randomPoints(sweep.space, sweep.seed), trials), trials);
}
