/** A part of a plan that can be done by itself. */
import type { NodeId, Plan } from "./plan.ts";

/** The plan of these nodes and of all that they need. */
export function partOf(plan: Plan, ids: Iterable<NodeId>): Plan {
  const wanted = new Set(ids);
  // Backwards, each node comes before those that feed it.
  for (const node of plan.nodes.toReversed()) {
    if (!wanted.has(node.id)) continue;
    for (const feed of Object.values(node.feeds).flat()) wanted.add(feed.node);
  }
  return { ...plan, nodes: plan.nodes.filter((node) => wanted.has(node.id)) };
}
