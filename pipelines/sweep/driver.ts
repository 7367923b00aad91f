/** Keeps a running scheduler in trials: decides, plans and judges them, and ends with the winner's test. */
import type { Node, NodeId } from "../plan/plan.ts";
import type { NodeResult } from "../run/run.ts";
import type { Figures } from "./figures.ts";
import type { SweepFolder } from "./folder.ts";
import { type Entry, type JobEntry, Ledger, pending } from "./ledger.ts";
import { type Fact, factOf, judge } from "./outcome.ts";
import type { TrialPlanner } from "./plan.ts";
import { bestOf, order } from "./ranking.ts";
import { textOf } from "./space.ts";
import type { Job, Strategy } from "./strategy.ts";
import { baselineOf, pointOf } from "./trials.ts";

export interface Driving {
  /** Stage runs that may go at once: so many trials are planned ahead, and some more. */
  readonly jobs: number;
  /** Milliseconds from any fixed start, for the budget of time. */
  readonly now: () => number;
  readonly figures: Figures;
  /** Called when a trial, the baseline or the winner's test has ended. */
  readonly onEnd: (entry: Entry) => void;
}

/** Of trials that are hits alone, so many are planned at once. */
const MOST_AHEAD = 1024;

export class Driver {
  readonly ledger: Ledger;
  readonly baseline: Entry;
  /** The winner's metric on the test set; null: it is not there yet, or nothing is touched. */
  tested: Entry | null = null;
  /** The best job so far, as it was told; null where none has a metric. */
  leader: JobEntry | null;
  /** By the nodes whose figures are their metrics. */
  readonly #waiting = new Map<NodeId, Entry[]>();
  readonly #started: number;
  readonly #least: number;
  #ahead: number;
  #decided: Job[] = [];
  #isBegun = false;

  constructor(
    readonly planner: TrialPlanner,
    readonly folder: SweepFolder,
    strategy: Strategy,
    /** Trials of an earlier form of the file, which are ranked, too. */
    readonly earlier: readonly JobEntry[],
    /** Of all nodes that have ended, or are known of earlier trials. */
    readonly facts: Map<NodeId, Fact>,
    readonly options: Driving,
  ) {
    const { sweep } = planner.read;
    this.ledger = new Ledger(strategy, sweep.asynchronous);
    this.baseline = pending(baselineOf(sweep));
    this.leader = bestOf(earlier, sweep.goal);
    this.#started = options.now();
    this.#least = 2 * options.jobs;
    this.#ahead = this.#least;
  }

  /** Everything was tried, and the winner tested. */
  get isOver(): boolean {
    if (!this.#isTried) return false;
    return this.tested === null
      ? this.best === null || !this.planner.readsTest
      : this.tested.result.type !== "pending";
  }
  /** Trials and baseline have a result, and no further one is decided. */
  get #isTried(): boolean {
    return this.ledger.isOver && this.ledger.open === 0 &&
      this.baseline.result.type !== "pending";
  }
  /** Earlier trials of other points than those that this form has decided on. */
  get others(): readonly JobEntry[] {
    if (this.earlier.length === 0) return [];
    const nameOf = ({ point }: Entry) => `${textOf(point.values)} ${point.reach}`;
    const tried = new Set(this.ledger.entries.map(nameOf));
    return this.earlier.filter((entry) => !tried.has(nameOf(entry)));
  }
  /** The best trial so far; null where none has a metric. */
  get best(): JobEntry | null {
    return bestOf([...this.ledger.entries, ...this.others], this.planner.read.sweep.goal);
  }

  /** What `runPlan` asks of who adds to it. */
  readonly more = async (ended: readonly NodeResult[]): Promise<readonly Node[] | null> => {
    const isIdle = await this.#settle(ended);
    // Where the store has them all, planning them a few at a time would take longest.
    this.#ahead = isIdle ? Math.min(MOST_AHEAD, 2 * this.#ahead) : this.#least;
    const { time } = this.planner.read.sweep.budget;
    if (time !== null && this.options.now() - this.#started >= time) this.ledger.end();
    const nodes: Node[] = [];
    if (!this.#isBegun) {
      this.#isBegun = true;
      if (this.ledger.asynchronous) this.#decided = await this.folder.readDecisions();
      nodes.push(...await this.#plan([this.baseline]));
    }
    while (!this.ledger.isOver && this.ledger.open < this.#ahead) {
      const decided = await this.#decide();
      if (decided.length === 0) break;
      nodes.push(...await this.#plan(decided));
    }
    if (!this.#isTried) return nodes;
    if (this.tested === null) {
      const { best } = this;
      if (best === null || !this.planner.readsTest) return nodes.length > 0 ? nodes : null;
      this.tested = pending({ ...best.point, label: "winner" });
      nodes.push(...await this.#plan([this.tested]));
    }
    return nodes.length > 0 || this.tested.result.type === "pending" ? nodes : null;
  };

  async #decide(): Promise<JobEntry[]> {
    const { ledger } = this;
    const entries: JobEntry[] = [];
    while (ledger.open < this.#ahead) {
      const before = this.#decided[ledger.entries.length];
      const job = before ?? ledger.next();
      if (job === null) break;
      if (ledger.asynchronous && before === undefined) await this.folder.writeDecision(job);
      entries.push(ledger.add(job, pointOf(this.planner.read.sweep, job)));
    }
    return entries;
  }

  /** Their nodes; those that cannot be planned have failed. */
  async #plan(entries: readonly Entry[]): Promise<Node[]> {
    const on = entries[0] === this.tested ? "test" : this.planner.read.sweep.metric.on;
    const planned = await this.planner.plan(entries.map(({ point }) => point), on);
    const nodes: Node[] = [];
    for (const [index, entry] of entries.entries()) {
      const found = planned[index];
      if (found === undefined) throw new Error("A point was not planned");
      entry.planned = found;
      if ("problem" in found) {
        entry.loss = { node: "", message: found.problem, log: null };
        await this.#end(entry, { type: "failed" });
        continue;
      }
      nodes.push(...found.nodes);
      for (const { id } of found.metrics) {
        this.#waiting.set(id, [...this.#waiting.get(id) ?? [], entry]);
      }
    }
    return nodes;
  }

  /** True where all that ended was there before. */
  async #settle(ended: readonly NodeResult[]): Promise<boolean> {
    const touched = new Set<Entry>();
    let isIdle = true;
    for (const result of ended) {
      const { node, outcome } = result;
      const fact = factOf(result);
      if (fact === null) continue;
      if (outcome !== "hit") isIdle = false;
      this.facts.set(node, fact);
      for (const entry of this.#waiting.get(node) ?? []) touched.add(entry);
    }
    for (const entry of touched) {
      if (entry.planned === null || "problem" in entry.planned) continue;
      const found = await judge(entry.planned, this.options.figures, this.facts);
      if (found === null) continue;
      entry.replicates = found.replicates;
      entry.loss = found.loss;
      await this.#end(entry, found.result);
    }
    return isIdle;
  }

  async #end(entry: Entry, result: Entry["result"]): Promise<void> {
    if (isJob(entry)) {
      this.ledger.settle(entry, result);
      const { goal } = this.planner.read.sweep;
      const isDone = result.type === "done";
      const isBest = this.leader === null || order(goal)(entry, this.leader) < 0;
      if (isDone && isBest) this.leader = entry;
    } else entry.result = result;
    if (entry.loss !== null || this.folder.hasLosses) {
      await this.folder.writeLoss(entry.point, entry.loss);
    }
    this.options.onEnd(entry);
  }
}

function isJob(entry: Entry): entry is JobEntry {
  return "job" in entry;
}
