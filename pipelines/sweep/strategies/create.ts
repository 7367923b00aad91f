/** The strategy that a sweep names. */
import type { Strategy } from "../strategy.ts";
import type { Sweep } from "../sweep.ts";
import { asha } from "./asha.ts";
import { grid } from "./grid.ts";
import { halving } from "./halving.ts";
import { random } from "./random.ts";
import { sobol } from "./sobol.ts";
import { tpe } from "./tpe.ts";

/** Throws a RangeError where the space does not fit: more params than Sobol's sequence has dimensions. */
export function createStrategy(sweep: Sweep): Strategy {
  const { strategy } = sweep;
  switch (strategy.type) {
    case "grid":
      return grid(sweep);
    case "random":
      return random(sweep);
    case "sobol":
      return sobol(sweep);
    case "halving":
      return halving(sweep, strategy);
    case "asha":
      return asha(sweep, strategy);
    case "tpe":
      return tpe(sweep, strategy);
  }
}
