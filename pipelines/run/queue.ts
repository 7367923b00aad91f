/** Queues by rank: adding and taking cost the logarithm of what they hold. */

/** The least rank first; of equal ranks any. A binary heap. */
export class Queue<T> {
  readonly #heap: { readonly rank: number; readonly value: T }[] = [];

  get size(): number {
    return this.#heap.length;
  }
  /** Rank of the next one; Infinity where there is none. */
  get rank(): number {
    return this.#heap[0]?.rank ?? Infinity;
  }

  add(value: T, rank: number): void {
    let at = this.#heap.length;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = this.#heap[up];
      if (parent === undefined || parent.rank <= rank) break;
      this.#heap[at] = parent;
      at = up;
    }
    this.#heap[at] = { rank, value };
  }

  take(): T | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || this.#heap.length === 0) return first?.value;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const down = this.#rankAt(left + 1) < this.#rankAt(left) ? left + 1 : left;
      const child = this.#heap[down];
      if (child === undefined || child.rank >= last.rank) break;
      this.#heap[at] = child;
      at = down;
    }
    this.#heap[at] = last;
    return first.value;
  }

  #rankAt(at: number): number {
    return this.#heap[at]?.rank ?? Infinity;
  }
}

/** Takes by rank what needs no more memory than there is; what needs more stays. */
export class RoomQueue<T> {
  readonly #queues = new Map<number, Queue<T>>();

  add(value: T, rank: number, memory: number): void {
    const queue = this.#queues.get(memory) ?? new Queue<T>();
    this.#queues.set(memory, queue);
    queue.add(value, rank);
  }

  take(memory: number): T | undefined {
    let next: Queue<T> | undefined;
    for (const [need, queue] of this.#queues) {
      if (queue.size === 0) this.#queues.delete(need);
      else if (need <= memory && queue.rank < (next?.rank ?? Infinity)) next = queue;
    }
    return next?.take();
  }
}
