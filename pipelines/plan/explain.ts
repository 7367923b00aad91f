/** Why a node is what it is: its fingerprint beside that of a result that is there. */
import type { Store } from "../store/local.ts";
import type { StageRecord } from "../store/store.ts";
import { type Change, changesOf } from "./compare.ts";
import { configName, doneOf, partlyKnown } from "./fingerprint.ts";
import type { Digest, Key, Node, NodeId, NodeStatus, Plan } from "./plan.ts";
import { changedDeclarations, decidedOf, printedModules } from "./printed.ts";

export interface Explanation {
  readonly node: NodeId;
  readonly status: NodeStatus;
  /** What it is compared with; null: no such result is there. */
  readonly before: StageRecord | null;
  readonly changes: readonly Change[];
  /** Inputs whose content is not known before what makes them has run. */
  readonly unknown: readonly string[];
  /** Changed module to the names of what changed in it, where the store has the code of both. */
  readonly declarations: Readonly<Record<string, readonly string[]>>;
}

/** `against`: the key of another result; null: the one that the node had last. */
export async function explainNode(
  node: Node,
  plan: Plan,
  store: Store,
  statuses: ReadonlyMap<NodeId, NodeStatus>,
  against: Key | null,
): Promise<Explanation> {
  const status = statuses.get(node.id);
  if (status === undefined) throw new Error(`"${node.id}" has no status`);
  const key = against ?? await store.lastKey(configName(plan), node.id);
  const before = key === null ? null : store.readRecord(key);
  const { fingerprint, unknown } = partlyKnown(node, doneOf(statuses, store));
  const changes = before === null
    ? []
    : changesOf(decidedOf(before, store), { fingerprint, modules: () => node.code.modules })
      .filter((change) => change.type !== "input" || !unknown.includes(change.input));
  const changed = changes.flatMap((change) => change.type === "code" ? [change.module] : []);
  return {
    node: node.id,
    status,
    before,
    changes,
    unknown,
    declarations: before === null || changed.length === 0
      ? {}
      : changedIn(changed, store, before.made.bundle, node.code.bundle),
  };
}

function changedIn(
  modules: readonly string[],
  store: Store,
  before: Digest,
  now: Digest,
): Record<string, readonly string[]> {
  const [old, next] = [before, now].map((one) => printedModules(store, one));
  if (!old || !next) return {};
  return Object.fromEntries(modules.flatMap((module) => {
    const [a, b] = [old[module], next[module]];
    return a === undefined || b === undefined ? [] : [[module, changedDeclarations(a, b)]];
  }));
}
