/** Does a plan: each node when what feeds it is done, as many at once as threads and memory allow. */
import type { Job } from "../host/protocol.ts";
import {
  configName,
  fingerprintOf,
  lookUp,
  reasonJson,
  statusOf,
  trajectoryOf,
} from "../plan/fingerprint.ts";
import type { Digest, Key, MissReason, Node, NodeId, Outcome, Plan } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import type { Divergence, Fingerprint, RunRecord, StageRecord } from "../store/store.ts";
import type { Failure, Listener } from "./event.ts";
import { jobInputs, ourFailure, runStage } from "./process.ts";
import { divergenceOf } from "./diverged.ts";
import { divide, longestFirst, Share } from "./share.ts";

export interface RunOptions {
  readonly id: string;
  /** CPU threads that all stage runs together use at once; each has one at least. */
  readonly jobs: number;
  /** Bytes of memory that all stage runs together may say they need; one always may run. */
  readonly memory: number;
  readonly forced: ReadonlySet<NodeId>;
  readonly keepGoing: boolean;
  readonly signal: AbortSignal;
  /** Folders that may hold data sets, in the order to try. */
  readonly datasets: readonly string[];
  /** Builds the code of the plan's stages once more, and puts into the store what is not there. */
  readonly rebuild: () => Promise<void>;
}

interface Running {
  readonly node: Node;
  readonly trajectory: Digest;
  readonly share: Share;
  readonly start: () => Promise<void>;
  work: Promise<void> | null;
}

export type NodeResult = RunRecord["nodes"][number];

export interface RunResult {
  readonly nodes: readonly NodeResult[];
  readonly interrupted: boolean;
}

/** Never throws for what a stage does; a failure is an outcome. */
export async function runPlan(
  plan: Plan,
  store: Store,
  options: RunOptions,
  listen: Listener,
): Promise<RunResult> {
  return await new Run(plan, store, options, listen).all();
}

class Run {
  readonly #done = new Map<NodeId, Readonly<Record<string, Digest>>>();
  readonly #results = new Map<NodeId, NodeResult>();
  /** In the order in which they began; `work` is null until its turn in `#deal`. */
  readonly #running = new Map<NodeId, Running>();
  /** Nodes that are ready and have no result in the store. */
  readonly #missed = new Set<NodeId>();
  /** Nodes that are to be looked at once more, and what of their inputs was bad before. */
  readonly #again = new Set<Node>();
  readonly #damaged = new Set<string>();
  /** One build after another: the bundler is ended after each. */
  #rebuilt = Promise.resolve();
  #stopped = false;

  constructor(
    readonly plan: Plan,
    readonly store: Store,
    readonly options: RunOptions,
    readonly listen: Listener,
  ) {}

  async all(): Promise<RunResult> {
    const { plan, options } = this;
    const started = performance.now();
    this.listen({
      type: "run-started",
      run: options.id,
      nodes: plan.nodes.map((node) => node.id),
      jobs: options.jobs,
    });
    let waiting = new Set(plan.nodes);
    let isSorted = false;
    for (;;) {
      for (const node of this.#again) waiting.add(node);
      this.#again.clear();
      const ended = this.#results.size;
      for (const node of [...waiting]) {
        if (this.#stopped || options.signal.aborted) break;
        if (this.#blocker(node) !== null) {
          waiting.delete(node);
          this.#end(node, null, "blocked", 0);
        } else if (this.#isReady(node)) {
          const begun = await this.#begin(node, isSorted);
          if (begun) waiting.delete(node);
        }
      }
      // Something ended while the store was asked: what it feeds, or its threads, may be free now.
      if (this.#results.size !== ended || this.#again.size > 0) continue;
      // Only a run that has something to do asks how long it took before.
      if (!isSorted && this.#missed.size > 0) {
        waiting = new Set(longestFirst([...waiting], await this.#before(waiting)));
        isSorted = true;
        continue;
      }
      this.#deal();
      if (this.#running.size === 0) {
        const more = [...waiting].some((node) =>
          this.#isReady(node) || this.#blocker(node) !== null
        );
        if (this.#stopped || options.signal.aborted || !more) break;
        continue;
      }
      if (this.#results.size === ended) {
        await Promise.race([...this.#running.values()].map(({ work }) => work));
      }
    }
    for (const node of waiting) {
      const blocked = !options.signal.aborted && this.#blocker(node) !== null;
      this.#end(node, null, blocked ? "blocked" : "cancelled", 0);
    }
    const nodes = plan.nodes.flatMap(({ id }) => this.#results.get(id) ?? []);
    const count = (outcome: Outcome) => nodes.filter((node) => node.outcome === outcome).length;
    const interrupted = options.signal.aborted;
    this.listen({
      type: "run-ended",
      run: options.id,
      milliseconds: performance.now() - started,
      counts: {
        hit: count("hit"),
        ran: count("ran"),
        failed: count("failed"),
        blocked: count("blocked"),
        cancelled: count("cancelled"),
      },
      interrupted,
    });
    return { nodes, interrupted };
  }

  #isReady(node: Node): boolean {
    return Object.values(node.feeds).flat().every((feed) => this.#done.has(feed.node));
  }

  /** A node that feeds this one and will never be done. */
  #blocker(node: Node): NodeId | null {
    const feed = Object.values(node.feeds).flat().find((one) => {
      const outcome = this.#results.get(one.node)?.outcome;
      return outcome === "failed" || outcome === "blocked" || outcome === "cancelled";
    });
    return feed?.node ?? null;
  }

  /** How long nodes took when they were last done, in milliseconds, as far as the store remembers. */
  async #before(nodes: Iterable<Node>): Promise<Map<NodeId, number>> {
    const found = new Map<NodeId, number>();
    for (const { id } of nodes) {
      const key = await this.store.lastKey(configName(this.plan), id);
      const record = key === null ? null : this.store.readRecord(key);
      if (record !== null) found.set(id, record.made.milliseconds);
    }
    return found;
  }

  /** Takes a hit, or makes a stage run that `#deal` starts; false where it cannot begin now. */
  async #begin(node: Node, mayStart: boolean): Promise<boolean> {
    // It is looked up once more when there is room: another node may have made the same.
    if (this.#missed.has(node.id) && !(mayStart && this.#hasRoom(node))) return false;
    const forced = this.options.forced.has(node.id);
    const { status, fingerprint, record } = await statusOf(
      node,
      this.plan,
      this.#done,
      this.store,
      forced,
    );
    if (status.type === "waiting") throw new Error(`"${node.id}" is not ready`);
    if (status.type === "hit" && record !== null) {
      await this.#remember(node, status.key);
      this.store.used(status.key, Date.now());
      this.#done.set(node.id, record.outputs);
      const { accepted } = status;
      if (accepted !== undefined) {
        this.listen({ type: "note", message: `${node.id} was accepted as it is: ${accepted}` });
      }
      this.#end(node, status.key, "hit", 0, {
        outputs: record.outputs,
        ...accepted === undefined ? {} : { accepted },
      });
      return true;
    }
    if (status.type === "hit") return false;
    this.#missed.add(node.id);
    if (!mayStart || !this.#hasRoom(node)) return false;
    const { key, reason } = status;
    const trajectory = await trajectoryOf(fingerprint, node);
    // It would only wait for that one's lock; then it goes on from where that one ends.
    const isGone = [...this.#running.values()].some((one) => one.trajectory === trajectory);
    if (isGone) return false;
    const share = new Share();
    const start = () => this.#work(node, key, trajectory, fingerprint, reason, share);
    this.#running.set(node.id, { node, trajectory, share, start, work: null });
    return true;
  }

  /** Divides the threads anew: who gets fewer is told first, then who is new starts, then who gets more. */
  #deal(): void {
    const running = [...this.#running.values()];
    const shares = divide(this.options.jobs, running.map(({ node }) => node.threads));
    const deals = running.map((one, index) => ({ one, threads: shares[index] ?? 1 }));
    const change = (deal: typeof deals) => {
      for (const { one, threads } of deal) {
        if (threads === one.share.threads) continue;
        one.share.set(threads);
        if (one.work !== null) this.listen({ type: "node-threads", node: one.node.id, threads });
      }
    };
    const before = deals.filter(({ one }) => one.work !== null);
    change(before.filter(({ one, threads }) => threads < one.share.threads));
    const begun = deals.filter(({ one }) => one.work === null);
    change(begun);
    for (const { one } of begun) one.work = one.start();
    change(before);
  }

  #hasRoom(node: Node): boolean {
    const others = [...this.#running.values()].map((one) => one.node);
    if (others.length === 0) return true;
    const sum = (of: (node: Node) => number) => others.reduce((total, one) => total + of(one), 0);
    return others.length < this.options.jobs &&
      sum((one) => one.memory) + node.memory <= this.options.memory;
  }

  async #work(
    node: Node,
    key: Key,
    trajectory: Digest,
    fingerprint: Fingerprint,
    reason: MissReason,
    share: Share,
  ): Promise<void> {
    const { options, store } = this;
    const started = performance.now();
    const startedAt = new Date().toISOString();
    this.listen({ type: "node-started", node: node.id, reason, threads: share.threads });
    const forced = reason.type === "forced" || reason.type === "not-cached";
    let logPath: string | undefined;
    let diverged: Divergence | null = null;
    const end = (outcome: Outcome, more: Partial<NodeResult> & { failure?: Failure } = {}) =>
      this.#end(node, key, outcome, performance.now() - started, {
        reason: reasonJson(reason),
        ...(logPath === undefined ? {} : { log: logPath }),
        ...(diverged === null ? {} : { diverged }),
        ...more,
      });
    const inputs = this.#inputs(node);
    try {
      logPath = store.logPath(options.id, node.id);
      const ending = await runStage(store, {
        run: options.id,
        node,
        key,
        trajectory,
        anew: forced,
        inputs,
        share,
        datasets: options.datasets,
        logPath,
        signal: options.signal,
        lookAgain: () => {
          const { record, damage } = lookUp(store, key, node);
          return forced || damage !== null ? null : record;
        },
        onProgress: (progress) => this.listen({ type: "node-progress", node: node.id, progress }),
        onLog: (message) => this.listen({ type: "node-log", node: node.id, message }),
      }, async (outputs, peakMemory) => {
        const record: StageRecord = {
          version: 1,
          key,
          fingerprint,
          outputs,
          made: {
            run: options.id,
            node: node.id,
            bundle: node.code.bundle,
            started: startedAt,
            milliseconds: Math.round(performance.now() - started),
            peakMemory,
            threads: share.most,
            deno: Deno.version.deno,
            platform: Deno.build.target,
          },
        };
        diverged = await divergenceOf(store, record);
        if (diverged !== null) {
          store.writeDivergence(diverged);
          this.listen({ type: "diverged", node: node.id, divergence: diverged });
        }
        store.writeRecord(record);
      });
      switch (ending.type) {
        case "done":
          await this.#remember(node, key);
          this.#done.set(node.id, ending.outputs);
          end("ran", { outputs: ending.outputs });
          break;
        case "found":
          await this.#remember(node, key);
          this.#done.set(node.id, ending.record.outputs);
          end("hit", { outputs: ending.record.outputs });
          break;
        case "cancelled":
          end("cancelled");
          break;
        case "failed":
          if (await this.#heal(node, inputs, ending.failure)) break;
          if (!options.keepGoing) this.#stopped = true;
          end("failed", { failure: ending.failure, message: ending.failure.message });
          break;
        default:
          ending satisfies never;
      }
    } catch (error) {
      // What the store refuses before a process is there.
      const failure = ourFailure(error);
      if (!options.keepGoing) this.#stopped = true;
      end("failed", { failure, message: failure.message });
    }
  }

  /**
   * Sets a bad input aside and lets what made it run again, then the node that found it; or bad code, which is
   * built again. Once: where the same is bad a second time, the disk is.
   */
  async #heal(node: Node, inputs: Job["inputs"], failure: Failure): Promise<boolean> {
    if (failure.type !== "damaged") return false;
    const code = this.store.bundleFolder(node.code.bundle);
    // What a process says is held against what it was given.
    const folder = failure.folder === code
      ? code
      : Object.values(inputs).flat().find((one) => one.folder === failure.folder)?.folder;
    if (folder === undefined) return false;
    const id = `${node.id} ${folder}`;
    if (this.#damaged.has(id)) return false;
    this.#damaged.add(id);
    const makers = this.plan.nodes.filter((one) =>
      Object.values(this.#done.get(one.id) ?? {}).some((digest) =>
        this.store.objectFolder(digest) === folder
      )
    );
    const place = this.store.quarantine(folder);
    if (folder === code) {
      // What failed for one is tried again for the next.
      this.#rebuilt = this.#rebuilt.catch(() => {}).then(this.options.rebuild);
      await this.#rebuilt;
    }
    // Another consumer may have set it aside, and what made it be running already.
    for (const maker of makers) {
      this.#done.delete(maker.id);
      this.#results.delete(maker.id);
      this.#again.add(maker);
    }
    if (place !== null) {
      const by = folder === code ? "it is built" : `${makers.map((one) => one.id).join(", ")} runs`;
      this.listen({
        type: "warning",
        message: `${failure.message}; it lies in "${place}" now, and ${by} again`,
      });
    }
    this.#running.delete(node.id);
    this.#again.add(node);
    return true;
  }

  #inputs(node: Node): Job["inputs"] {
    return jobInputs(fingerprintOf(node, this.#done).inputs, this.store);
  }

  /** What the next miss is compared with. A store that cannot be written forgets it, and no more. */
  async #remember(node: Node, key: Key): Promise<void> {
    try {
      await this.store.setLastKey(configName(this.plan), node.id, key);
    } catch {
      // A read-only store serves hits.
    }
  }

  #end(
    node: Node,
    key: Key | null,
    outcome: Outcome,
    milliseconds: number,
    more: Partial<NodeResult> & { failure?: Failure } = {},
  ): void {
    const { failure, ...facts } = more;
    this.#running.delete(node.id);
    this.#results.set(node.id, {
      node: node.id,
      key,
      outcome,
      milliseconds: Math.round(milliseconds),
      ...node.version === null ? {} : { version: node.version },
      ...facts,
    });
    const blockedBy = outcome === "blocked" ? this.#blocker(node) : null;
    this.listen({
      type: "node-ended",
      node: node.id,
      outcome,
      milliseconds,
      ...(failure === undefined ? {} : { failure }),
      ...(blockedBy === null ? {} : { blockedBy }),
      ...(facts.log === undefined ? {} : { logPath: facts.log }),
    });
  }
}
