/** Where a run and a lock part, in the order of the plan. */
import { canonicalJson } from "../store/canonical.ts";
import { brief, changedParams } from "../plan/compare.ts";
import type { Digest, NodeId, Plan } from "../plan/plan.ts";
import { type Lock, settingsOf } from "./lock.ts";

export type Difference =
  /** A node that only one of them has. */
  | { readonly type: "node"; readonly node: NodeId; readonly locked: boolean }
  /** What the node is asked. */
  | {
    readonly type: "setting";
    readonly node: NodeId;
    readonly setting: string;
    readonly locked: string;
    readonly found: string;
  }
  /** What it gave; null: there is no such tensor. */
  | {
    readonly type: "tensor";
    readonly node: NodeId;
    readonly output: string;
    readonly tensor: string;
    readonly locked: Digest | null;
    readonly found: Digest | null;
  };

/** Nodes and what they are asked; nothing has to be run for it. `whole`: the plan is all of its config. */
export function settingDifferences(lock: Lock, plan: Plan, whole: boolean): Difference[] {
  const found: Difference[] = [];
  for (const node of plan.nodes) {
    const locked = lock.get(node.id);
    if (locked === undefined) {
      found.push({ type: "node", node: node.id, locked: false });
      continue;
    }
    const now = settingsOf(node);
    const add = (setting: string, before: string, after: string) =>
      found.push({ type: "setting", node: node.id, setting, locked: before, found: after });
    for (const { path, old, new: next } of changedParams(locked.params, now.params)) {
      add(path === "" ? "params" : path, brief(old), brief(next));
    }
    if (locked.seed !== now.seed) add("seed", `${locked.seed}`, `${now.seed}`);
    if (locked.backend !== now.backend) add("backend", `${locked.backend}`, `${now.backend}`);
  }
  if (whole) {
    const ids = new Set(plan.nodes.map(({ id }) => id));
    for (const node of lock.keys()) {
      if (!ids.has(node)) found.push({ type: "node", node, locked: true });
    }
  }
  return found;
}

/** Tensors of nodes that both have. */
export function tensorDifferences(locked: Lock, found: Lock): Difference[] {
  const differences: Difference[] = [];
  for (const [node, { outputs }] of found) {
    const before = locked.get(node)?.outputs;
    if (before === undefined) continue;
    for (const output of names(before, outputs)) {
      const [old = {}, now = {}] = [before[output], outputs[output]];
      for (const tensor of names(old, now)) {
        const [a = null, b = null] = [old[tensor], now[tensor]];
        if (a !== b) {
          differences.push({ type: "tensor", node, output, tensor, locked: a, found: b });
        }
      }
    }
  }
  return differences;
}

function names(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

/** True if both say the same of the same nodes. */
export function isSame(a: Lock, b: Lock): boolean {
  const text = (lock: Lock) =>
    canonicalJson(Object.fromEntries([...lock].map(([id, node]) => [id, { ...node }])));
  return text(a) === text(b);
}

/** In words. */
export function describeDifference(one: Difference): string {
  switch (one.type) {
    case "node":
      return one.locked ? `${one.node} is in the lock alone` : `${one.node} is not in the lock`;
    case "setting":
      return `${one.node}: ${one.setting} is ${one.found}, ${one.locked} in the lock`;
    case "tensor": {
      const at = `${one.node}.${one.output}, tensor "${one.tensor}"`;
      if (one.found === null) return `${at} is in the lock alone`;
      if (one.locked === null) return `${at} is not in the lock`;
      return `${at} is ${one.found.slice(0, 12)}, ${one.locked.slice(0, 12)} in the lock`;
    }
    default:
      return one satisfies never;
  }
}
