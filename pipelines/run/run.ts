/** Does a plan: each node when what feeds it is done, as many at once as threads and memory allow. */
import { configName, lookUp, reasonJson, statusOf, trajectoryOf } from "../plan/fingerprint.ts";
import type { Digest, Key, Node, NodeId, Outcome, Plan } from "../plan/plan.ts";
import { withLess } from "../plan/partial.ts";
import { isWholeBundle } from "../store/bundles.ts";
import type { Store } from "../store/local.ts";
import type { StageRecord } from "../store/store.ts";
import { verifyArtifact } from "../tensor/read.ts";
import { Asking, type More, type NodeResult } from "./asking.ts";
import type { Failure, Listener } from "./event.ts";
import { jobInputs } from "./process.ts";
import { Queue, RoomQueue } from "./queue.ts";
import { type RunningTask, Runs } from "./runs.ts";
import { longestFirst } from "./share.ts";
import { feedsOf, Waiting } from "./waiting.ts";
import { isForced, type Task, work } from "./work.ts";

export type { More, NodeResult } from "./asking.ts";

export interface RunOptions {
  readonly id: string;
  /** CPU threads that all stage runs together use at once; each has one at least. */
  readonly jobs: number;
  /**
   * Bytes of memory that all stage runs together may say they need; one always may run. Asked once, by a run that has
   * something to do.
   */
  readonly memory: () => Promise<number>;
  readonly forced: ReadonlySet<NodeId>;
  readonly keepGoing: boolean;
  /**
   * What can do with less runs on what is left where something that it gathers failed. Not for a sweep, whose
   * trials follow from their values alone.
   */
  readonly partial?: boolean;
  /** Nodes that failed elsewhere: they are blocked here. */
  readonly lost?: ReadonlySet<NodeId>;
  readonly signal: AbortSignal;
  /** Folders that may hold data sets, in the order to try. */
  readonly datasets: readonly string[];
  /** Builds the code of the plan's stages once more, and puts into the store what is not there. */
  readonly rebuild: () => Promise<void>;
  /** Adds to the plan while it runs; without it the plan is all. */
  readonly more?: More;
  /** Further tries of a stage run that failed for a reason that may pass; default: none. */
  readonly retries?: number;
  /** Another process of the same run has begun it: what is forced goes on from its checkpoints. */
  readonly goesOn?: boolean;
}

export interface RunResult {
  /** With the nodes that were added. */
  readonly plan: Plan;
  readonly nodes: readonly NodeResult[];
  readonly interrupted: boolean;
}

/** Never throws for what a stage does; a failure is an outcome. What `more` throws is thrown in the end. */
export async function runPlan(
  plan: Plan,
  store: Store,
  options: RunOptions,
  listen: Listener,
): Promise<RunResult> {
  return await new Run(plan, store, options, listen).all();
}

class Run {
  readonly #nodes: Node[] = [];
  /** Of every node that is known: the least begins first. */
  readonly #ranks = new Map<NodeId, number>();
  readonly #waiting = new Waiting();
  /** Ready, and not looked up yet. */
  readonly #fresh = new Queue<Node>();
  /** Waiting, with a feed that will never be done. */
  readonly #stuck = new Queue<Node>();
  /** Ready, and not in the store; an entry of `#room` that is not here any more is void. */
  readonly #missed = new Map<NodeId, Task>();
  readonly #room = new RoomQueue<Task>();
  readonly #running: Runs;
  readonly #done = new Map<NodeId, Readonly<Record<string, Digest>>>();
  readonly #results = new Map<NodeId, NodeResult>();
  readonly #damaged = new Set<string>();
  /** One build after another: the bundler is ended after each. */
  #rebuilt = Promise.resolve();
  #isSorted = false;
  #stopped = false;
  readonly #asking: Asking;
  /** Something ended, or was added, that the loop has not seen. */
  #isChanged = false;
  #wake = () => {};

  constructor(
    readonly plan: Plan,
    readonly store: Store,
    readonly options: RunOptions,
    readonly listen: Listener,
  ) {
    this.#running = new Runs(options.jobs);
    this.#asking = new Asking(options.more, (nodes) => this.#take(nodes), () => this.#change());
  }

  async all(): Promise<RunResult> {
    const { plan, options } = this;
    const started = performance.now();
    this.listen({
      type: "run-started",
      run: options.id,
      nodes: plan.nodes.map((node) => node.id),
      jobs: options.jobs,
    });
    this.#add(plan.nodes);
    for (;;) {
      this.#isChanged = false;
      if (!this.#isEnding) this.#asking.ask();
      await this.#lookAll();
      // Only a run that has something to do asks how long it took before.
      if (!this.#isSorted && this.#missed.size > 0 && !this.#isEnding) await this.#sort();
      await this.#beginAll();
      // Something ended while the store was asked: what it feeds, or its threads, may be free now.
      if (this.#isChanged) continue;
      this.#running.deal(
        (one) => void this.#work(one).finally(() => this.#change()),
        ({ task: { node } }, threads) =>
          this.listen({ type: "node-threads", node: node.id, threads }),
      );
      if (this.#running.size === 0 && !this.#asking.isAsked) {
        if (this.#isEnding || this.#asking.isOver) break;
        if (this.#asking.hasNews) continue;
        throw new Error("Who adds nodes to this run waits for some that are not in it");
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    this.#endOthers();
    if (this.#asking.broken !== null) throw this.#asking.broken.error;
    const nodes = this.#nodes.flatMap(({ id }) => this.#results.get(id) ?? []);
    const counts = { hit: 0, ran: 0, failed: 0, blocked: 0, cancelled: 0 };
    for (const { outcome } of nodes) counts[outcome]++;
    const interrupted = options.signal.aborted;
    this.listen({
      type: "run-ended",
      run: options.id,
      milliseconds: performance.now() - started,
      counts,
      interrupted,
    });
    return { plan: { ...plan, nodes: this.#nodes }, nodes, interrupted };
  }

  /** Nothing begins any more. */
  get #isEnding(): boolean {
    return this.#stopped || this.#asking.broken !== null || this.options.signal.aborted;
  }

  #change(): void {
    this.#isChanged = true;
    this.#wake();
  }

  /** Those that are new of these nodes. */
  #add(nodes: readonly Node[]): Node[] {
    const added = nodes.filter((node) => {
      if (this.#ranks.has(node.id)) return false;
      this.#ranks.set(node.id, this.#nodes.length);
      this.#nodes.push(node);
      this.#waiting.know(node);
      return true;
    });
    for (const node of added) this.#wait(node);
    return added;
  }

  #take(nodes: readonly Node[]): void {
    if (this.#isEnding) return;
    const added = this.#add(nodes).map(({ id }) => id);
    if (added.length > 0) this.listen({ type: "nodes-added", nodes: added });
  }

  #wait(node: Node): void {
    this.#waiting.add(node, (id) => this.#done.has(id) || this.#isLost(id));
    const isLost = this.options.lost?.has(node.id) === true;
    if (isLost || this.#blocker(node) !== null) this.#stuck.add(node, this.#rankOf(node));
    else if (this.#waiting.isReady(node.id)) this.#fresh.add(node, this.#rankOf(node));
  }

  #rankOf({ id }: Node): number {
    return this.#ranks.get(id) ?? Infinity;
  }

  /** It will not be done in this run, for it, or something before it, failed. */
  #isLost(id: NodeId): boolean {
    const outcome = this.#results.get(id)?.outcome;
    return outcome === "failed" || outcome === "blocked";
  }

  /** A node that feeds this one, will never be done, and cannot be done without. */
  #blocker(node: Node): NodeId | null {
    const feeds = [...feedsOf(node)];
    const cancelled = feeds.find((id) => this.#results.get(id)?.outcome === "cancelled");
    if (cancelled !== undefined) return cancelled;
    const lost = feeds.filter((id) => this.#isLost(id));
    const [first = null] = lost;
    return first !== null && this.options.partial === true && withLess(node, new Set(lost)) !== null
      ? null
      : first;
  }

  /** What a node does without, itself or by what feeds it. */
  #missing(node: Node): NodeId[] {
    const missing = [...feedsOf(node)].flatMap((id) =>
      this.#isLost(id) ? [id] : this.#results.get(id)?.missing ?? []
    );
    return [...new Set(missing)];
  }

  /** Takes what is in the store, and tells of those that are blocked, until neither is left. */
  async #lookAll(): Promise<void> {
    for (;;) {
      if (this.#stopped || this.options.signal.aborted) return;
      const stuck = this.#stuck.take();
      if (stuck !== undefined) {
        if (this.#waiting.has(stuck.id)) this.#end(stuck, null, "blocked", 0);
        continue;
      }
      if (this.#isEnding) return;
      const node = this.#fresh.take();
      if (node === undefined) return;
      if (this.#waiting.isReady(node.id) && !this.#missed.has(node.id)) await this.#look(node);
    }
  }

  async #look(node: Node): Promise<void> {
    const forced = this.options.forced.has(node.id);
    const lost = new Set([...feedsOf(node)].filter((id) => this.#isLost(id)));
    const given = lost.size === 0 ? node : withLess(node, lost);
    if (given === null) throw new Error(`"${node.id}" lacks what it cannot do without`);
    const found = await statusOf(given, this.plan, this.#done, this.store, forced);
    const { status, fingerprint, record } = found;
    // What fed it may have been set aside meanwhile.
    if (!this.#waiting.isReady(node.id)) return;
    if (status.type === "waiting") throw new Error(`"${node.id}" is not ready`);
    if (status.type === "hit") {
      if (record !== null) await this.#hit(node, status.key, record);
      return;
    }
    const { key, reason } = status;
    const trajectory = await trajectoryOf(fingerprint, node);
    if (!this.#waiting.isReady(node.id)) return;
    const inputs = jobInputs(fingerprint.inputs, this.store);
    this.#miss({ node, key, trajectory, fingerprint, reason, inputs });
  }

  async #hit(node: Node, key: Key, record: StageRecord): Promise<void> {
    await this.#remember(node, key);
    this.store.used(key, Date.now());
    this.#done.set(node.id, record.outputs);
    const accepted = record.accepted?.reason;
    if (accepted !== undefined) {
      this.listen({ type: "note", message: `${node.id} was accepted as it is: ${accepted}` });
    }
    this.#end(node, key, "hit", 0, {
      outputs: record.outputs,
      took: record.made.milliseconds,
      ...accepted === undefined ? {} : { accepted },
    });
  }

  #miss(task: Task): void {
    this.#missed.set(task.node.id, task);
    if (this.#isSorted) this.#room.add(task, this.#rankOf(task.node), task.node.memory);
  }

  /** Gives ranks to the plan's nodes by what they took; those that are added come after them, in order. */
  async #sort(): Promise<void> {
    const waiting = this.plan.nodes.filter(({ id }) => this.#waiting.has(id));
    longestFirst(waiting, await this.#before(waiting))
      .forEach(({ id }, index) => this.#ranks.set(id, index));
    this.#running.memory = await this.options.memory();
    this.#isSorted = true;
    for (const task of this.#missed.values()) this.#miss(task);
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

  /** Makes stage runs of what there is room for, which are started when threads are dealt. */
  async #beginAll(): Promise<void> {
    while (!this.#isEnding && !this.#isChanged) {
      const room = this.#running.room();
      const task = room === null ? undefined : this.#room.take(room);
      if (task === undefined) return;
      if (this.#missed.get(task.node.id) === task) await this.#begin(task);
    }
  }

  async #begin(task: Task): Promise<void> {
    const { node, key, reason } = task;
    // It would only wait for that one's lock; then it goes on from where that one ends.
    if (this.#running.isBehind(task)) return;
    this.#missed.delete(node.id);
    // Another node may have made the same since it was looked up.
    if (!isForced(reason)) {
      const { record, damage } = lookUp(this.store, key, node);
      if (record !== null && damage === null) return await this.#hit(node, key, record);
    }
    this.#waiting.remove(node.id);
    this.#running.begin(task);
  }

  async #work({ task, share }: RunningTask): Promise<void> {
    const { node, key, reason } = task;
    const started = performance.now();
    this.listen({ type: "node-started", node: node.id, reason, threads: share.threads });
    const { ending, log, diverged } = await work(
      task,
      share,
      this.store,
      this.options,
      this.listen,
      () => this.#isEnding,
    );
    const end = (outcome: Outcome, more: Partial<NodeResult> & { failure?: Failure } = {}) =>
      this.#end(node, key, outcome, performance.now() - started, {
        reason: reasonJson(reason),
        ...(log === null ? {} : { log }),
        ...(diverged === null ? {} : { diverged }),
        ...more,
      });
    switch (ending.type) {
      case "done":
      case "found": {
        const outputs = ending.type === "done" ? ending.outputs : ending.record.outputs;
        await this.#remember(node, key);
        this.#done.set(node.id, outputs);
        end(ending.type === "done" ? "ran" : "hit", { outputs });
        break;
      }
      case "cancelled":
        end("cancelled");
        break;
      case "failed":
        if (await this.#heal(task, ending.failure)) break;
        if (!this.options.keepGoing) this.#stopped = true;
        end("failed", { failure: ending.failure, message: ending.failure.message });
        break;
      default:
        ending satisfies never;
    }
  }

  /**
   * Sets a bad input aside and lets what made it run again, then the node that found it; or bad code, which is
   * built again. Once: where the same is bad a second time, the disk is.
   */
  async #heal({ node, inputs }: Task, failure: Failure): Promise<boolean> {
    if (failure.type !== "damaged") return false;
    const code = this.store.bundleFolder(node.code.bundle);
    // What a process says is held against what it was given.
    const input = Object.values(inputs).flat().find((one) => one.folder === failure.folder);
    const folder = failure.folder === code ? code : input?.folder;
    if (folder === undefined) return false;
    // Once for each; a process that says it of a folder that is good gets no third try.
    const id = `${node.id} ${folder}`;
    if (this.#damaged.has(id)) return false;
    this.#damaged.add(id);
    const isGood =
      await (input === undefined
        ? isWholeBundle(code, node.code.bundle)
        : verifyArtifact(input.folder, input.digest).then(() => true, () => false));
    // Where another consumer said it too, it may have been made again since.
    if (!isGood) await this.#renew(folder, folder === code, failure.message);
    this.#leave(node.id);
    this.#wait(node);
    return true;
  }
  /** Sets a damaged folder aside, and lets what makes it run again. */
  async #renew(folder: string, isCode: boolean, message: string): Promise<void> {
    const makers = this.#nodes.filter((one) =>
      Object.values(this.#done.get(one.id) ?? {}).some((digest) =>
        this.store.objectFolder(digest) === folder
      )
    );
    const place = this.store.quarantine(folder);
    if (isCode) {
      // What failed for one is tried again for the next.
      this.#rebuilt = this.#rebuilt.catch(() => {}).then(this.options.rebuild);
      await this.#rebuilt;
    }
    // Another consumer may have set it aside, and what made it be running already.
    for (const maker of makers) {
      if (!this.#done.delete(maker.id)) continue;
      this.#results.delete(maker.id);
      for (const { id } of this.#waiting.undone(maker.id)) this.#missed.delete(id);
      this.#wait(maker);
    }
    if (place === null) return;
    const by = isCode ? "it is built" : `${makers.map((one) => one.id).join(", ")} runs`;
    this.listen({
      type: "warning",
      message: `${message}; it lies in "${place}" now, and ${by} again`,
    });
  }

  /**
   * What the next miss is compared with: never what was made of less than the config says. A store that cannot be
   * written forgets it, and no more.
   */
  async #remember(node: Node, key: Key): Promise<void> {
    if (this.#missing(node).length > 0) return;
    try {
      await this.store.setLastKey(configName(this.plan), node.id, key);
    } catch {
      // A read-only store serves hits.
    }
  }

  /** It runs no more; who went the same way may begin. */
  #leave(id: NodeId): void {
    for (const task of this.#running.end(id)) {
      this.#room.add(task, this.#rankOf(task.node), task.node.memory);
    }
  }

  /** Of what never began: an interrupt is told before a failure. */
  #endOthers(): void {
    const isCut = this.options.signal.aborted;
    for (const node of this.#nodes) {
      if (!this.#waiting.has(node.id)) continue;
      const isBlocked = !isCut && this.#blocker(node) !== null;
      this.#end(node, null, isBlocked ? "blocked" : "cancelled", 0);
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
    const missing = facts.outputs === undefined ? [] : this.#missing(node);
    const result: NodeResult = {
      node: node.id,
      key,
      outcome,
      milliseconds: Math.round(milliseconds),
      ...node.version === null ? {} : { version: node.version },
      ...missing.length === 0 ? {} : { missing },
      ...facts,
    };
    this.#leave(node.id);
    this.#waiting.remove(node.id);
    this.#missed.delete(node.id);
    this.#results.set(node.id, result);
    this.#asking.tell(result);
    // What can do without it does not wait for it any more.
    const ready = this.#waiting.done(node.id);
    if (!this.#done.has(node.id)) {
      for (const one of this.#waiting.after(node.id)) {
        if (this.#blocker(one) !== null) this.#stuck.add(one, this.#rankOf(one));
      }
    }
    for (const one of ready) {
      if (this.#blocker(one) === null) this.#fresh.add(one, this.#rankOf(one));
    }
    const blockedBy = outcome === "blocked" ? this.#blocker(node) : null;
    this.listen({
      type: "node-ended",
      node: node.id,
      outcome,
      milliseconds,
      ...(failure === undefined ? {} : { failure }),
      ...(blockedBy === null ? {} : { blockedBy }),
      ...(missing.length === 0 ? {} : { missing }),
      ...(facts.log === undefined ? {} : { logPath: facts.log }),
    });
  }
}
