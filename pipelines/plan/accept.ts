/** Keeping a result by hand although the code that made it has changed. */
import { keyOf, type Store } from "../store/local.ts";
import type { StageRecord } from "../store/store.ts";
import { type Change, changesOf, type Decided } from "./compare.ts";
import { decidedOf } from "./printed.ts";
import { configName, type Done, fingerprintOf, lookUp } from "./fingerprint.ts";
import type { Key, Node, Plan } from "./plan.ts";

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

/**
 * Writes a result under the key that a node has now: the newest that differs by code alone, whichever run made it. One
 * that was made meanwhile with other params hides none. `done`: of all that feeds it.
 */
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
  const decided = { fingerprint, modules: () => node.code.modules };
  const isOwn = ownCode(node, plan, store);
  let newest: { readonly record: StageRecord; readonly changes: readonly Change[] } | null = null;
  for (const record of store.records()) {
    if (record.key !== last && !isOwn(record)) continue;
    if (newest !== null && madeAt(record) <= madeAt(newest.record)) continue;
    const changes = changesOf(decidedOf(record, store), decided);
    if (changes.some(({ type }) => !CODE.includes(type))) continue;
    if (lookUp(store, record.key, node).damage === null) newest = { record, changes };
  }
  if (newest === null) return none(node, decided, last, store);
  const { record, changes } = newest;
  const next: StageRecord = {
    ...record,
    key,
    fingerprint,
    accepted: { from: record.accepted?.from ?? record.key, reason, when: now.toISOString() },
  };
  store.writeRecord(next);
  return { type: "accepted", record: next, changes };
}

/** Two stages may have one name: only what the same file has made is a result of this one. */
function ownCode(node: Node, plan: Plan, store: Store): (record: StageRecord) => boolean {
  const module = plan.config.stages.find(({ name }) => name === node.stage)?.module ?? "";
  return (record) => {
    const { fingerprint: { stage, code }, made } = record;
    if (stage !== node.description.name) return false;
    // A version stands for code, whose files it does not name.
    if (isPinned(code)) return made.node === node.id;
    return Object.keys(decidedOf(record, store).modules())
      .some((name) => module.endsWith(`/${name.replace(/^\.\//, "")}`));
  };
}

function isPinned(code: StageRecord["fingerprint"]["code"]): boolean {
  return Object.keys(code).join() === "version";
}

/** ISO times sort as text. */
function madeAt({ accepted, made }: StageRecord): string {
  return accepted?.when ?? made.started;
}

/** Why nothing can be accepted: told of the last result. */
function none(
  node: Node,
  decided: Decided,
  last: Key | null,
  store: Store,
): Accepted {
  if (last === null) return { type: "nothing", why: "it has never run" };
  const { record, damage } = lookUp(store, last, node);
  if (record === null) return { type: "nothing", why: "its last result is not there any more" };
  if (damage !== null) return { type: "nothing", why: damage.detail };
  return { type: "other", changes: changesOf(decidedOf(record, store), decided) };
}
