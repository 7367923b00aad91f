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
import type { Fingerprint, RunRecord, StageRecord } from "../store/store.ts";
import type { Failure, Listener } from "./event.ts";
import { ourFailure, runStage } from "./process.ts";

export interface RunOptions {
  readonly id: string;
  /** CPU threads to use at once. */
  readonly jobs: number;
  /** Bytes of memory that all stage runs together may say they need; one always may run. */
  readonly memory: number;
  readonly forced: ReadonlySet<NodeId>;
  readonly keepGoing: boolean;
  readonly signal: AbortSignal;
  /** Folders that may hold data sets, in the order to try. */
  readonly datasets: readonly string[];
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
  readonly #running = new Map<NodeId, { node: Node; trajectory: Digest; work: Promise<void> }>();
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
    const waiting = new Set(plan.nodes);
    for (;;) {
      for (const node of [...waiting]) {
        if (this.#stopped || options.signal.aborted) break;
        if (this.#blocker(node) !== null) {
          waiting.delete(node);
          this.#end(node, null, "blocked", 0);
        } else if (this.#isReady(node)) {
          const begun = await this.#begin(node);
          if (begun) waiting.delete(node);
        }
      }
      if (this.#running.size === 0) {
        const more = [...waiting].some((node) =>
          this.#isReady(node) || this.#blocker(node) !== null
        );
        if (this.#stopped || options.signal.aborted || !more) break;
        continue;
      }
      await Promise.race([...this.#running.values()].map(({ work }) => work));
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

  /** Takes a hit, or starts a stage run; false where there is no room for it now. */
  async #begin(node: Node): Promise<boolean> {
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
      this.#done.set(node.id, record.outputs);
      this.#end(node, status.key, "hit", 0, { outputs: record.outputs });
      return true;
    }
    if (status.type === "hit" || !this.#hasRoom(node)) return false;
    const trajectory = await trajectoryOf(fingerprint, node);
    // It would only wait for that one's lock; then it goes on from where that one ends.
    const isGone = [...this.#running.values()].some((one) => one.trajectory === trajectory);
    if (isGone) return false;
    const work = this.#work(node, status.key, trajectory, fingerprint, status.reason)
      .finally(() => this.#running.delete(node.id));
    this.#running.set(node.id, { node, trajectory, work });
    return true;
  }

  #hasRoom(node: Node): boolean {
    const others = [...this.#running.values()].map((one) => one.node);
    if (others.length === 0) return true;
    const sum = (of: (node: Node) => number) => others.reduce((total, one) => total + of(one), 0);
    return sum((one) => one.threads) + node.threads <= this.options.jobs &&
      sum((one) => one.memory) + node.memory <= this.options.memory;
  }

  async #work(
    node: Node,
    key: Key,
    trajectory: Digest,
    fingerprint: Fingerprint,
    reason: MissReason,
  ): Promise<void> {
    const { options, store } = this;
    const started = performance.now();
    const startedAt = new Date().toISOString();
    const threads = Math.min(node.threads, options.jobs);
    this.listen({ type: "node-started", node: node.id, reason, threads });
    const forced = reason.type === "forced" || reason.type === "not-cached";
    let logPath: string | undefined;
    const end = (outcome: Outcome, more: Partial<NodeResult> & { failure?: Failure } = {}) =>
      this.#end(node, key, outcome, performance.now() - started, {
        reason: reasonJson(reason),
        ...(logPath === undefined ? {} : { log: logPath }),
        ...more,
      });
    try {
      logPath = store.logPath(options.id, node.id);
      const ending = await runStage(store, {
        node,
        key,
        trajectory,
        anew: forced,
        inputs: this.#inputs(node),
        threads,
        datasets: options.datasets,
        logPath,
        signal: options.signal,
        lookAgain: () => {
          const { record, damage } = lookUp(store, key, node);
          return forced || damage !== null ? null : record;
        },
        onProgress: (progress) => this.listen({ type: "node-progress", node: node.id, progress }),
        onLog: (message) => this.listen({ type: "node-log", node: node.id, message }),
      }, (outputs, peakMemory) => {
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
            threads,
            deno: Deno.version.deno,
            platform: Deno.build.target,
          },
        };
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

  #inputs(node: Node): Job["inputs"] {
    const { inputs } = fingerprintOf(node, this.#done);
    return Object.fromEntries(
      Object.entries(inputs).map(([name, all]) => [
        name,
        all.map((one) => ({
          name: one.name ?? "",
          digest: one.digest,
          folder: this.store.objectFolder(one.digest),
        })),
      ]),
    );
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
    this.#results.set(node.id, {
      node: node.id,
      key,
      outcome,
      milliseconds: Math.round(milliseconds),
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
