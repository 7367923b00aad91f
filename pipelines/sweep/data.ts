/** What a sweep's page, its table for other tools and those who watch are made of. */
import type { Json } from "../json.ts";
import type { Node, NodeId } from "../plan/plan.ts";
import type {
  Measured,
  SweepData,
  SweepParameter,
  SweepTrial,
  TrialState,
} from "../report/sweep_data.ts";
import type { Store } from "../store/local.ts";
import { readTensor } from "./figures.ts";
import type { Entry, JobEntry } from "./ledger.ts";
import type { Facts } from "./outcome.ts";
import type { Planned } from "./plan.ts";
import { isSame } from "./domain.ts";
import { furthest, ranked } from "./ranking.ts";
import { describeStrategy, limitsOf, pointsOf, shortOf } from "./limits.ts";
import { nameOf } from "./space.ts";
import { inCell, type Point } from "./trials.ts";
import type { ReadSweep } from "./read.ts";
import type { Sweep, Values } from "./sweep.ts";
import { sweepFolder } from "./pages.ts";
import { valueAt, wholesFirst } from "./values.ts";
import { winnerYaml } from "./winner.ts";

/** Curves are shown of so many trials. */
const TOP = 10;
/** What a training keeps by epoch, as Keras names it. */
const CURVES = ["loss", "accuracy", "val_loss", "val_accuracy"];

/** A sweep as far as it is known. */
export interface Known {
  readonly sweep: Sweep;
  readonly entries: readonly JobEntry[];
  readonly baseline: Entry;
  readonly tested: Entry | null;
  readonly facts: Facts;
  /** What the metric is measured on. */
  readonly on: string;
  /** What its value is one of, e.g. "epoch"; null: it has no others. */
  readonly unit: string | null;
  /** Those of an earlier form of the file. */
  readonly earlier: readonly JobEntry[];
  readonly isOver: boolean;
  /** Milliseconds since the command began. */
  readonly wall: number;
}

/** Files as the user would write their paths. */
export interface Shown {
  readonly file: string;
  readonly base: string;
}

/**
 * `reports`: the folder of pages, where the winner's config will lie, too. `withCurves`: those of the best are read from the
 * store, which costs a moment.
 */
export async function sweepData(
  known: Known,
  store: Store,
  shown: Shown,
  read: ReadSweep,
  reports: string,
  withCurves: boolean,
): Promise<SweepData> {
  const { sweep, facts } = known;
  const entries = [...known.entries, ...known.earlier];
  const isEarlier = new Set<Entry>(known.earlier);
  const order = ranked(entries, sweep.goal);
  const best = new Set(withCurves ? order.slice(0, TOP) : []);
  const cost = new Cost(store, facts);
  const nodes = nodesByTrial(entries);
  const trials: SweepTrial[] = [];
  for (const entry of furthest(entries)) {
    const { trial } = entry.job;
    const curves = best.has(entry) ? await curvesOf(store, entry, facts) : null;
    trials.push({
      trial,
      ...trialOf(entry, sweep, cost.of(nodes.get(trial) ?? [])),
      state: stateOf(entry, sweep),
      curves,
      earlier: isEarlier.has(entry),
    });
  }
  const [first] = order;
  const winner = first?.result.type === "done" && known.isOver ? first : null;
  const { baseline, tested } = known;
  cost.of(sharedNodes(entries, baseline));
  if (tested !== null) cost.of(ownNodes(tested));
  const ofBaseline = cost.of(ownNodes(baseline));
  return {
    name: sweep.name,
    ...shown,
    metric: `${sweep.metric.stage}.${sweep.metric.tensor}`,
    on: known.on,
    ...known.unit === null ? {} : { unit: known.unit },
    goal: sweep.goal,
    strategy: describeStrategy(sweep),
    rungs: sweep.rungs === null || !("rungs" in sweep.strategy)
      ? null
      : { param: sweep.rungs.param, values: sweep.strategy.rungs },
    asynchronous: sweep.asynchronous,
    replicates: sweep.replicates,
    parameters: sweep.space.map(describeParameter),
    trials,
    baseline: baseline.result.type === "pending" ? null : {
      trial: -1,
      ...trialOf(baseline, sweep, ofBaseline),
      values: baseValues(read),
      state: baseline.result.type,
      curves: withCurves ? await curvesOf(store, baseline, facts) : null,
      earlier: false,
    },
    winner: winner === null ? null : {
      trial: winner.job.trial,
      sets: setsOf(winner.point, sweep),
      yaml: winnerYaml(read, winner.point.values, winner.point.reach, sweepFolder(sweep, reports)),
      test: tested?.result.type === "done" ? tested.replicates.map(measured) : null,
    },
    cost: {
      ...cost.counts,
      seconds: cost.seconds,
      saved: cost.saved,
      wall: known.wall / 1000,
    },
    left: known.isOver ? 0 : Math.max(0, pointsOf(sweep) - furthest(known.entries).length),
    limits: [...limitsOf(sweep), ...winner === null ? [] : shortOf(sweep, winner.point.reach)],
  };
}

function trialOf(
  entry: Entry,
  sweep: Sweep,
  seconds: number,
): Omit<SweepTrial, "trial" | "state" | "curves" | "earlier"> {
  const { values, reach } = entry.point;
  return {
    values: Object.fromEntries(
      sweep.space.flatMap((parameter) => {
        const value = values[parameter.path];
        return value === undefined ? [] : [[parameter.path, nameOf(parameter, value)]];
      }),
    ),
    settings: settingsOf(values, sweep),
    reached: reach,
    metrics: entry.replicates.map(measured),
    seconds,
    failure: entry.loss,
  };
}

function measured({ seed, value, at, single }: Entry["replicates"][number]): Measured {
  return { seed, value, ...at === null ? {} : { at }, ...single ? { single } : {} };
}

/** Values by the paths that `--set` takes, with the variant that is swept; in the order that `--set` needs. */
export function settingsOf(values: Values, sweep: Sweep): Record<string, Json> {
  return Object.fromEntries(
    wholesFirst(values).map(([path, value]) => {
      const [stage = "", ...rest] = path.split(".");
      const cell = sweep.cells[stage];
      return [[cell === undefined ? stage : `${stage}@${cell}`, ...rest].join("."), value];
    }),
  );
}

/** What makes the base config that of a point. */
function setsOf({ values, reach }: Point, sweep: Sweep): string[] {
  const counted = sweep.rungs === null || reach === null
    ? {}
    : { [`${sweep.rungs.stage}.${sweep.rungs.param}`]: reach };
  const settings = Object.entries(settingsOf({ ...values, ...counted }, sweep));
  return [
    ...sweep.overrides,
    ...settings.map(([path, value]) => `${path}=${JSON.stringify(value)}`),
  ];
}

/** What the base has of the swept params, as far as it says so: the rest are defaults of its stages. */
function baseValues({ sweep, base }: ReadSweep): SweepTrial["values"] {
  const found: Record<string, string | number> = {};
  for (const parameter of sweep.space) {
    const [stage, ...path] = parameter.path.split(".");
    const config = base.stages.find(({ name }) => name === stage);
    const value = config && valueAt(inCell(config, sweep.cells[config.name]).with, path);
    if (value === undefined || value === null) continue;
    const { domain } = parameter;
    const isShown = typeof value !== "object" ||
      (domain.type === "choice" && domain.choices.some((one) => isSame(one.value, value)));
    if (isShown) found[parameter.path] = nameOf(parameter, value);
  }
  return found;
}

function stateOf({ job, result }: JobEntry, sweep: Sweep): TrialState {
  if (result.type === "pending") return "running";
  if (result.type === "failed") return "failed";
  const last = "rungs" in sweep.strategy ? sweep.strategy.rungs.length - 1 : null;
  return last !== null && job.rung !== null && job.rung < last ? "pruned" : "done";
}

/** Curves of the first replicate; of the stages that feed its metric the first that has some. */
async function curvesOf(
  store: Store,
  entry: Entry,
  facts: Facts,
): Promise<Record<string, readonly number[]> | null> {
  const seed = entry.replicates[0]?.seed;
  const own = ownNodes(entry).filter(({ cell }) => (cell["seed"] ?? "") === seed);
  for (const { id } of own) {
    const outputs = facts.get(id)?.outputs;
    const history = outputs?.["history"];
    if (history === undefined) continue;
    const found: Record<string, readonly number[]> = {};
    for (const name of CURVES) {
      const values = await readTensor(store, { history }, name);
      if (values !== null) found[name] = values.values;
    }
    return found;
  }
  return null;
}

/** What stage runs took, each counted once. */
class Cost {
  readonly #counted = new Set<NodeId>();
  readonly counts = { ran: 0, hits: 0 };
  /** Whole milliseconds: a sum of seconds would be 2.2479999999999998. */
  readonly #milliseconds = { all: 0, saved: 0 };

  constructor(readonly store: Store, readonly facts: Facts) {}

  get seconds(): number {
    return this.#milliseconds.all / 1000;
  }
  get saved(): number {
    return this.#milliseconds.saved / 1000;
  }

  /** Seconds of these, as they were made. */
  of(nodes: readonly Node[]): number {
    let sum = 0;
    for (const { id } of nodes) {
      const fact = this.facts.get(id);
      if (fact === undefined || fact.outcome === "blocked" || this.#counted.has(id)) continue;
      this.#counted.add(id);
      const isHit = fact.outcome === "hit";
      const took = isHit ? fact.took ?? 0 : fact.milliseconds;
      if (isHit) this.#milliseconds.saved += took;
      this.counts[isHit ? "hits" : "ran"]++;
      this.#milliseconds.all += took;
      sum += took;
    }
    return sum / 1000;
  }
}

function ownNodes({ planned }: Entry): Node[] {
  return isPlanned(planned) ? planned.nodes.filter(({ cell }) => cell["trial"] !== undefined) : [];
}

function nodesByTrial(entries: readonly JobEntry[]): Map<number, Node[]> {
  const found = new Map<number, Node[]>();
  for (const entry of entries) {
    found.set(entry.job.trial, [...found.get(entry.job.trial) ?? [], ...ownNodes(entry)]);
  }
  return found;
}

function sharedNodes(entries: readonly JobEntry[], baseline: Entry): Node[] {
  const planned = [baseline, ...entries].map((one) => one.planned).find(isPlanned);
  return planned?.nodes.filter(({ cell }) => cell["trial"] === undefined) ?? [];
}

function isPlanned(planned: Entry["planned"]): planned is Planned {
  return planned !== null && "nodes" in planned;
}

function describeParameter({ path, domain }: Sweep["space"][number]): SweepParameter {
  return domain.type === "choice"
    ? { path, type: "choice", log: false, domain: domain.choices.map(({ name }) => name) }
    : { path, type: domain.type, log: domain.log, domain: [domain.min, domain.max] };
}
