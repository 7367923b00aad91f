/** Who has how many of the CPU's threads, and which stage begins first. Nothing of it reaches a result. */
import type { Node, NodeId } from "../plan/plan.ts";

/**
 * `jobs` threads among running stages, by the most that each can use: one for each, and what is left
 * evenly among those that can use more; of equals the first gets more. Threads that nobody can use stay free.
 */
export function divide(jobs: number, most: readonly Node["threads"][]): number[] {
  const shares = most.map(() => 1);
  for (let left = jobs - most.length; left > 0; left--) {
    let next: number | null = null;
    most.forEach((limit, index) => {
      const has = shares[index] ?? 0;
      const isFull = limit !== "all" && has >= limit;
      if (!isFull && (next === null || has < (shares[next] ?? 0))) next = index;
    });
    if (next === null) break;
    shares[next] = (shares[next] ?? 0) + 1;
  }
  return shares;
}

/** The threads of one running stage. */
export class Share {
  #threads = 1;
  #most = 1;
  #tell = (_threads: number) => {};

  get threads(): number {
    return this.#threads;
  }
  /** The most that it ever had. */
  get most(): number {
    return this.#most;
  }
  set(threads: number): void {
    if (threads === this.#threads) return;
    this.#threads = threads;
    this.#most = Math.max(this.#most, threads);
    this.#tell(threads);
  }
  /** Calls `tell` at every change from now on, in place of who was told before. */
  follow(tell: (threads: number) => void): void {
    this.#tell = tell;
  }
}

/**
 * Nodes, those with the longest way to the end first, so that no long chain is left alone in the end; equals
 * in the order given. The way is the sum of the milliseconds that a chain took `before`. A node of which
 * nothing is known counts as the known cells of its stage did on average, else as all known nodes did; where
 * nothing is known of any, the way is the number of nodes. `nodes`: each after those that feed it.
 */
export function longestFirst(
  nodes: readonly Node[],
  before: ReadonlyMap<NodeId, number>,
): Node[] {
  const mean = (some: readonly Node[]): number | null => {
    const known = some.flatMap(({ id }) => before.get(id) ?? []);
    return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
  };
  const stages = Map.groupBy(nodes, ({ stage }) => stage);
  const usual = mean(nodes) ?? 1;
  const means = new Map([...stages].map(([stage, cells]) => [stage, mean(cells) ?? usual]));
  const after = new Map<NodeId, number>();
  const ways = new Map<NodeId, number>();
  for (const node of nodes.toReversed()) {
    const way = (before.get(node.id) ?? means.get(node.stage) ?? usual) +
      (after.get(node.id) ?? 0);
    ways.set(node.id, way);
    for (const feed of Object.values(node.feeds).flat()) {
      after.set(feed.node, Math.max(after.get(feed.node) ?? 0, way));
    }
  }
  return nodes.toSorted((a, b) => (ways.get(b.id) ?? 0) - (ways.get(a.id) ?? 0));
}
