/**
 * Tree-structured Parzen estimator (Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS
 * 2011): where good trials lie denser than the others, the next is tried. Each param by itself.
 */
import { stream } from "../../../numerics/random.ts";
import type { Json } from "../../json.ts";
import { holds, partOf, valueAt } from "../domain.ts";
import { pointBy, textOf } from "../space.ts";
import type { Strategy } from "../strategy.ts";
import type { Parameter, Space, StrategySpec, Sweep, Values } from "../sweep.ts";
import { ofChoices, ofRange, type Part, TRIES } from "./parzen.ts";
import { coordinate, firstNew, randomPoint } from "./points.ts";
import { isBetter, knownTo, needsOf } from "./results.ts";

/** More good trials than these would blur what the best have in common. */
const MOST_GOOD = 25;

/**
 * The first `startup` trials are those of a random search. Failed trials count among the bad, and so do those
 * under way, so that the next are drawn elsewhere. It ends when it finds no point that has not been tried.
 */
export function tpe(
  sweep: Sweep,
  { startup, lag, gamma, candidates }: Extract<StrategySpec, { type: "tpe" }>,
): Strategy {
  const { space, seed, goal, asynchronous } = sweep;
  const { trials } = sweep.budget;
  const partsOf = partsIn(space);

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
      const draw = k < startup || good.size === 0
        ? (attempt: number) => randomPoint(space, seed, k, attempt)
        : learn(k, [...good].map((one) => one.job.values), bad);
      const values = firstNew(new Set(told.map((one) => textOf(one.job.values))), draw);
      return values === null ? null : { number: k, trial: k, values, rung: null };
    },
  };

  /** The draws of a trial by attempt. */
  function learn(trial: number, good: readonly Values[], bad: readonly Values[]) {
    const proposals = new Map<string, (attempt: number) => Json>();
    const proposal = (parameter: Parameter) => {
      const { path } = parameter;
      const seen = (group: readonly Values[]) =>
        group.map((values) => partsOf(values).get(path)).filter((part) => part !== undefined);
      return proposalOf(parameter, seen(good), seen(bad), seed, trial, candidates);
    };
    return (attempt: number) =>
      pointBy(space, (parameter) => {
        const known = proposals.get(parameter.path) ?? proposal(parameter);
        proposals.set(parameter.path, known);
        return known(attempt);
      });
  }
}

/** Of `candidates` values drawn as the good ones lie, that whose ratio to the bad ones is the largest. */
function proposalOf(
  { path, domain }: Parameter,
  good: readonly Part[],
  bad: readonly Part[],
  seed: number,
  trial: number,
  candidates: number,
): (attempt: number) => Json {
  const estimate = (seen: readonly Part[]) =>
    domain.type === "choice" ? ofChoices(domain.choices.length, seen) : ofRange(seen);
  const likely = estimate(good), unlikely = estimate(bad);
  const kernels = stream(seed, "sweep", "kernel", trial, path);
  const places = stream(seed, "sweep", "place", trial, path);
  return (attempt) => {
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
      const ratio = likely.at(part) / unlikely.at(part);
      if (best === null || ratio > best.ratio) best = { value, ratio };
    }
    if (best === null) throw new RangeError(`Of ${candidates} candidates none can be taken`);
    return best.value;
  };
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
