/** What runs at once: how many threads each has, and how much room is left. */
import type { Digest, NodeId } from "../plan/plan.ts";
import { divide, Share } from "./share.ts";
import type { Task } from "./work.ts";

export interface RunningTask {
  readonly task: Task;
  readonly share: Share;
}

interface One extends RunningTask {
  isStarted: boolean;
}

export class Runs {
  /** In the order in which they began. */
  readonly #all = new Map<NodeId, One>();
  /** Those that go the way of one that runs: they go on from where it ends. */
  readonly #behind = new Map<Digest, Task[]>();
  /** Bytes that all together may say they need. */
  memory = 0;

  /** `jobs`: threads of all together. */
  constructor(readonly jobs: number) {}

  get size(): number {
    return this.#all.size;
  }

  /** Bytes that one more may need, where nothing runs any; null: all threads are taken. */
  room(): number | null {
    if (this.size === 0) return Infinity;
    if (this.size >= this.jobs) return null;
    return this.#all.values().reduce((left, { task }) => left - task.node.memory, this.memory);
  }

  /** True if one runs that goes the same way; `end` gives the task back. */
  isBehind(task: Task): boolean {
    const { trajectory } = task;
    if (!this.#all.values().some((one) => one.task.trajectory === trajectory)) return false;
    const others = this.#behind.get(trajectory);
    if (others === undefined) this.#behind.set(trajectory, [task]);
    else others.push(task);
    return true;
  }

  /** `deal` starts it. */
  begin(task: Task): void {
    this.#all.set(task.node.id, { task, share: new Share(), isStarted: false });
  }

  /** Answers those that were behind it; there may be none, and it may not have run. */
  end(id: NodeId): readonly Task[] {
    const one = this.#all.get(id);
    if (one === undefined) return [];
    this.#all.delete(id);
    const { trajectory } = one.task;
    const behind = this.#behind.get(trajectory) ?? [];
    this.#behind.delete(trajectory);
    return behind;
  }

  /** Divides the threads anew: who gets fewer is told first, then who is new starts, then who gets more. */
  deal(
    start: (one: RunningTask) => void,
    tell: (one: RunningTask, threads: number) => void,
  ): void {
    const all = [...this.#all.values()];
    const shares = divide(this.jobs, all.map(({ task }) => task.node.threads));
    const deals = all.map((one, index) => ({ one, threads: shares[index] ?? 1 }));
    const change = (some: typeof deals) => {
      for (const { one, threads } of some) {
        if (threads === one.share.threads) continue;
        one.share.set(threads);
        if (one.isStarted) tell(one, threads);
      }
    };
    const before = deals.filter(({ one }) => one.isStarted);
    change(before.filter(({ one, threads }) => threads < one.share.threads));
    const begun = deals.filter(({ one }) => !one.isStarted);
    change(begun);
    for (const { one } of begun) {
      one.isStarted = true;
      start(one);
    }
    change(before);
  }
}
