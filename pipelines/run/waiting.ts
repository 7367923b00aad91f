/** Which nodes wait for what: each change costs what it touches, however many nodes there are. */
import type { Node, NodeId } from "../plan/plan.ts";

/** Nodes that feed this one, each once. */
export function feedsOf(node: Node): Set<NodeId> {
  return new Set(Object.values(node.feeds).flat().map((feed) => feed.node));
}

export class Waiting {
  /** Of each that waits, how many of those that feed it are not done. */
  readonly #missing = new Map<NodeId, number>();
  readonly #consumers = new Map<NodeId, Node[]>();

  has(id: NodeId): boolean {
    return this.#missing.has(id);
  }
  isReady(id: NodeId): boolean {
    return this.#missing.get(id) === 0;
  }

  /** To be called once for each node, after those that feed it. */
  know(node: Node): void {
    this.#consumers.set(node.id, []);
    for (const feed of feedsOf(node)) {
      const consumers = this.#consumers.get(feed);
      if (consumers === undefined) {
        throw new Error(`"${node.id}" is fed by "${feed}", which is no node before it`);
      }
      consumers.push(node);
    }
  }

  /** It waits from now on. `isDone`: of the nodes that feed it. */
  add(node: Node, isDone: (id: NodeId) => boolean): void {
    let missing = 0;
    for (const feed of feedsOf(node)) if (!isDone(feed)) missing++;
    this.#missing.set(node.id, missing);
  }
  remove(id: NodeId): void {
    this.#missing.delete(id);
  }

  /** A node is done; answers those that are ready by it. */
  done(id: NodeId): Node[] {
    return this.#change(id, -1).filter((node) => this.isReady(node.id));
  }
  /** What a node has made is not there any more; answers those that wait for it again. */
  undone(id: NodeId): Node[] {
    return this.#change(id, 1);
  }
  /** Those that wait and are fed by it. */
  after(id: NodeId): Node[] {
    return (this.#consumers.get(id) ?? []).filter((node) => this.has(node.id));
  }

  #change(id: NodeId, by: number): Node[] {
    const changed = this.after(id);
    for (const node of changed) {
      this.#missing.set(node.id, (this.#missing.get(node.id) ?? 0) + by);
    }
    return changed;
  }
}
