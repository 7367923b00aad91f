/** The strategy that a sweep names. */
import type { Strategy } from "../strategy.ts";
import type { Sweep } from "../sweep.ts";
import { grid } from "./grid.ts";
import { random } from "./random.ts";

export function createStrategy(sweep: Sweep): Strategy {
  switch (sweep.strategy.type) {
    case "grid":
      return grid(sweep);
    case "random":
      return random(sweep);
    default:
      throw new RangeError(`The strategy "${sweep.strategy.type}" is not there yet`);
  }
}
