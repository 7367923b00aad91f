/** Keeping a result by hand although the code that made it has changed. */
import { keyOf, type Store } from "../store/local.ts";
import type { StageRecord } from "../store/store.ts";
import { type Change, changesOf } from "./compare.ts";
import { decidedOf } from "./printed.ts";
import { configName, type Done, fingerprintOf, lookUp } from "./fingerprint.ts";
import type { Node, Plan } from "./plan.ts";

export type Accepted =
  /** Its result is there already. */
  | { readonly type: "hit" }
  | { readonly type: "accepted"; readonly record: StageRecord; readonly changes: readonly Change[] }
  /** There is no whole result to keep; `why` says what is wrong. */
  | { readonly type: "nothing"; readonly why: string }
  /** More than code changed: what was made is the answer to another question. */
  | { readonly type: "other"; readonly changes: readonly Change[] };

/** What may have changed: how a result is computed, never what it is computed from. */
const CODE: readonly Change["type"][] = ["format", "version", "code", "package", "kernels"];

/** Writes the last result of a node under the key that it has now. `done`: of all that feeds it. */
export async function acceptResult(
  node: Node,
  plan: Plan,
  store: Store,
  done: Done,
  reason: string,
  now: Date,
): Promise<Accepted> {
  const fingerprint = fingerprintOf(node, done);
  const key = await keyOf(fingerprint);
  const there = lookUp(store, key, node);
  if (there.record !== null && there.damage === null) return { type: "hit" };
  const last = await store.lastKey(configName(plan), node.id);
  if (last === null) return { type: "nothing", why: "it has never run" };
  const { record, damage } = lookUp(store, last, node);
  if (record === null) return { type: "nothing", why: "its last result is not there any more" };
  if (damage !== null) return { type: "nothing", why: damage.detail };
  const changes = changesOf(decidedOf(record, store), {
    fingerprint,
    modules: () => node.code.modules,
  });
  if (changes.some(({ type }) => !CODE.includes(type))) return { type: "other", changes };
  const next: StageRecord = {
    ...record,
    key,
    fingerprint,
    accepted: { from: record.accepted?.from ?? last, reason, when: now.toISOString() },
  };
  store.writeRecord(next);
  return { type: "accepted", record: next, changes };
}
