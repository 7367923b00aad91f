/**
 * Tree-structured Parzen estimator (Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS
 * 2011): where good trials lie denser than the others, the next is tried. Each param by itself.
 */
import { stream } from "../../../numerics/random.ts";
import type { Json } from "../../json.ts";
import { getOrAdd } from "../../plan/cells.ts";
import { holds, partOf, valueAt } from "../domain.ts";
import { pointBy, sizeOf, textOf } from "../space.ts";
import type { Job, Strategy } from "../strategy.ts";
import type { Parameter, Space, StrategySpec, Sweep, Values } from "../sweep.ts";
import { ofChoices, ofRange, type Part, TRIES } from "./parzen.ts";
import { allPoints, coordinate, firstNew, nextUntried, randomPoint, REDRAWS } from "./points.ts";
import { isBetter, knownTo, needsOf } from "./results.ts";

/** More good trials than these would blur what the best have in common. */
const MOST_GOOD = 25;
/** All points of a space of so many are looked at where draws find none that is left. */
const FEW = 2000;

/**
 * The first `startup` trials are those of a random search. Failed trials count among the bad, and so do those
 * under way, so that the next are drawn elsewhere. Where draws find no further point, the best of those that are left
 * is tried; it ends when there are none.
 */
export function tpe(
  sweep: Sweep,
  { startup, lag, gamma, candidates }: Extract<StrategySpec, { type: "tpe" }>,
): Strategy {
  const { space, seed, goal, asynchronous } = sweep;
  const { trials } = sweep.budget;
  const partsOf = partsIn(space), size = sizeOf(space);

  return {
    jobs: trials,
    needs: (k) => needsOf(k, lag),
    job(k, told) {
      if (k >= trials) return null;
      const known = asynchronous ? told : knownTo(k, lag, told);
      const done = known.filter((one) => one.result.type === "done")
        .sort((a, b) => isBetter(a, b, goal) ? -1 : 1);
      const good = new Set(done.slice(0, Math.min(MOST_GOOD, Math.ceil(gamma * done.length))));
      const bad = known.filter((one) => !good.has(one)).map((one) => one.job.values);
      const tried = new Set(told.map((one) => textOf(one.job.values)));
      const learned = k < startup || good.size === 0
        ? null
        : learn(k, [...good].map((one) => one.job.values), bad);
      const values = learned === null
        ? firstNew(tried, (attempt) => randomPoint(space, seed, k, attempt))
        : firstNew(tried, learned.draw) ?? bestLeft(k, tried, learned.worth);
      return jobOf(k, values ?? nextUntried(space, tried, seed, k));
    },
  };

  /** Of a space that is soon looked through, or of random points, the untried one of the most worth. */
  function bestLeft(trial: number, tried: ReadonlySet<string>, worth: (values: Values) => number) {
    const points = size <= FEW
      ? allPoints(space, seed, trial)
      : Array.from({ length: REDRAWS }, (_, i) => randomPoint(space, seed, trial, i));
    let best: { readonly values: Values; readonly worth: number } | null = null;
    for (const values of points) {
      if (tried.has(textOf(values))) continue;
      const own = worth(values);
      if (best === null || own > best.worth) best = { values, worth: own };
    }
    return best?.values ?? null;
  }

  /** The draws of a trial by attempt, and what a point is worth: the product of its values' ratios. */
  function learn(trial: number, good: readonly Values[], bad: readonly Values[]) {
    const proposals = new Map<string, Proposal>();
    const proposal = (parameter: Parameter) => {
      const { path } = parameter;
      const seen = (group: readonly Values[]) =>
        group.map((values) => partsOf(values).get(path)).filter((part) => part !== undefined);
      return getOrAdd(
        proposals,
        path,
        () => proposalOf(parameter, seen(good), seen(bad), seed, trial, candidates),
      );
    };
    return {
      draw: (attempt: number) => pointBy(space, (parameter) => proposal(parameter).draw(attempt)),
      worth: (values: Values) =>
        space.reduce((product, parameter) => {
          const value = values[parameter.path];
          return value === undefined ? product : product * proposal(parameter).ratio(value);
        }, 1),
    };
  }
}

function jobOf(number: number, values: Values | null): Job | null {
  return values === null ? null : { number, trial: number, values, rung: null };
}

/** What one param is to be, by the good trials and the bad. */
interface Proposal {
  draw(attempt: number): Json;
  /** How much likelier a value is among the good. */
  ratio(value: Json): number;
}

/** Of `candidates` values drawn as the good ones lie, that whose ratio to the bad ones is the largest. */
function proposalOf(
  { path, domain }: Parameter,
  good: readonly Part[],
  bad: readonly Part[],
  seed: number,
  trial: number,
  candidates: number,
): Proposal {
  const estimate = (seen: readonly Part[]) =>
    domain.type === "choice" ? ofChoices(domain.choices.length, seen) : ofRange(seen);
  const likely = estimate(good), unlikely = estimate(bad);
  const kernels = stream(seed, "sweep", "kernel", trial, path);
  const places = stream(seed, "sweep", "place", trial, path);
  // By its beginning: where most draws are of points that were tried, the same values come again and again.
  const ratios = new Map<number, number>();
  const ratioOf = (part: Part) =>
    getOrAdd(ratios, part[0], () => likely.at(part) / unlikely.at(part));
  const draw = (attempt: number) => {
    let best: { readonly value: Json; readonly ratio: number } | null = null;
    const known = new Set<number>();
    for (let c = 0; c < candidates; c++) {
      const i = attempt * candidates + c;
      const place = likely.draw(
        coordinate(kernels.uint32(i)),
        (k) => places.normal(i * TRIES + k),
      );
      const value = valueAt(domain, place), part = partOf(domain, value);
      if (known.has(part[0])) continue;
      known.add(part[0]);
      const ratio = ratioOf(part);
      if (best === null || ratio > best.ratio) best = { value, ratio };
    }
    if (best === null) throw new RangeError(`Of ${candidates} candidates none can be taken`);
    return best.value;
  };
  return { draw, ratio: (value) => ratioOf(partOf(domain, value)) };
}

/** Where a trial's values lie, by path; made once for each, since every further trial asks for them. */
function partsIn(space: Space): (values: Values) => ReadonlyMap<string, Part> {
  const kept = new WeakMap<Values, ReadonlyMap<string, Part>>();
  return (values) => {
    const before = kept.get(values);
    if (before !== undefined) return before;
    const parts = new Map<string, Part>();
    for (const { path, domain } of space) {
      const value = Object.hasOwn(values, path) ? values[path] : undefined;
      // A trial of an earlier form of the file may have another.
      if (value !== undefined && holds(domain, value)) parts.set(path, partOf(domain, value));
    }
    kept.set(values, parts);
    return parts;
  };
}
