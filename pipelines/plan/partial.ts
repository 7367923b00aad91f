/** What is left of a node where some of what feeds it failed. Pure. */
import type { Feed, Node, NodeId } from "./plan.ts";

/**
 * The node as if what is lost had never been declared: what it makes has the key of that. Null where it cannot do
 * without, or nothing is left to gather.
 */
export function withLess(node: Node, lost: ReadonlySet<NodeId>): Node | null {
  const feeds: Record<string, readonly Feed[]> = {};
  for (const [name, all] of Object.entries(node.feeds)) {
    const type = node.description.inputs[name];
    const left = all.filter((feed) => !lost.has(feed.node));
    if (left.length < all.length && type?.partial !== true) return null;
    if (left.length > 0) feeds[name] = left;
    // As an optional input that is not connected.
    else if (type?.optional !== true) return null;
  }
  return { ...node, feeds };
}

/** True where all that this node takes of another is gathered by inputs that can do with less. */
export function canDoWithout(node: Node, feed: NodeId): boolean {
  return Object.entries(node.feeds).every(([name, all]) =>
    node.description.inputs[name]?.partial === true || all.every((one) => one.node !== feed)
  );
}
