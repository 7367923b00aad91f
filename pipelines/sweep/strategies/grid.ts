/** All points of a grid in declared order, the last param fastest. */
import { gridOf, gridSize } from "../space.ts";
import type { Strategy } from "../strategy.ts";
import type { Sweep } from "../sweep.ts";
import { fixed } from "./fixed.ts";
import { listOf } from "./points.ts";

export function grid(sweep: Sweep): Strategy {
  const jobs = Math.min(sweep.budget.trials, gridSize(sweep.space));
  return fixed(listOf(gridOf(sweep.space), jobs), jobs);
}
