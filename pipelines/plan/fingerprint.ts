/** What decides a node's result, and whether the store has it. */
import type { Json, JsonObject } from "../json.ts";
import { digestOf } from "../store/canonical.ts";
import { keyOf, type Store } from "../store/local.ts";
import type { Fingerprint, StageRecord } from "../store/store.ts";
import { compare } from "./compare.ts";
import type { Digest, Key, Node, NodeId, NodeStatus, Plan } from "./plan.ts";
import { decidedOf } from "./printed.ts";

/**
 * Raised when the encoding of fingerprints or manifests changes, or the host's meaning of a stage: all
 * results are then made anew.
 */
export const FORMAT = "2";

/** Output digests of the nodes that are done. */
export type Done = ReadonlyMap<NodeId, Readonly<Record<string, Digest>>>;

/** Throws if a node that feeds this one is not done. */
export function fingerprintOf(node: Node, done: Done): Fingerprint {
  const { fingerprint, unknown } = partlyKnown(node, done);
  if (unknown.length > 0) {
    throw new Error(`"${node.id}" is asked for its fingerprint before what feeds it is done`);
  }
  return fingerprint;
}

/** A fingerprint without those inputs that are not all done, and their names. */
export function partlyKnown(
  node: Node,
  done: Done,
): { readonly fingerprint: Fingerprint; readonly unknown: readonly string[] } {
  const inputs: Record<string, Fingerprint["inputs"][string]> = {};
  const unknown: string[] = [];
  for (const [name, feeds] of Object.entries(node.feeds)) {
    const isNamed = node.description.inputs[name]?.named === true;
    const known = feeds.flatMap((feed) => {
      const digest = done.get(feed.node)?.[feed.output];
      return digest === undefined ? [] : [isNamed ? { name: feed.name, digest } : { digest }];
    });
    if (known.length === feeds.length) inputs[name] = known;
    else unknown.push(name);
  }
  const { code, version } = node;
  const fingerprint = {
    // A version stands for all that the bundler says.
    format: version === null ? `${FORMAT}, ${code.bundler}` : FORMAT,
    stage: node.description.name,
    code: version === null ? { built: code.built } : { version },
    packages: version === null ? code.packages : {},
    params: node.params,
    inputs,
    seed: node.seed,
    numerics: node.numerics,
    kernels: Object.fromEntries(
      Object.entries(node.kernels).map(([family, { digest }]) => [family, digest]),
    ),
  };
  return { fingerprint, unknown };
}

/**
 * What names the checkpoints of a run: its fingerprint, without the param that only says how far it goes.
 * So they can come from no other code, params or data.
 */
export async function trajectoryOf(fingerprint: Fingerprint, node: Node): Promise<Digest> {
  const { params, ...rest } = fingerprint;
  const isMap = typeof params === "object" && params !== null && !Array.isArray(params);
  const way = isMap
    ? Object.fromEntries(Object.entries(params).filter(([name]) => name !== node.horizon))
    : params;
  // All of a fingerprint is JSON.
  return await digestOf({ ...rest, params: way } as unknown as Json);
}

/** What the store has of a key: a whole result, a damaged one, or nothing. */
export function lookUp(
  store: Store,
  key: Key,
  node: Node,
): { record: StageRecord | null; damage: { output: string; detail: string } | null } {
  const record = store.readRecord(key);
  if (record === null) return { record, damage: null };
  for (const output of Object.keys(node.description.outputs)) {
    const digest = record.outputs[output];
    const detail = digest === undefined ? "its record does not name it" : store.damage(digest);
    if (detail !== null) return { record, damage: { output, detail } };
  }
  return { record, damage: null };
}

/** How a node stands, given what feeds it: `done` holds all of that. */
export async function statusOf(
  node: Node,
  plan: Plan,
  done: Done,
  store: Store,
  forced: boolean,
): Promise<{ status: NodeStatus; fingerprint: Fingerprint; record: StageRecord | null }> {
  const fingerprint = fingerprintOf(node, done);
  const key = await keyOf(fingerprint);
  const miss = (reason: (NodeStatus & { type: "miss" })["reason"]) => ({
    status: { type: "miss", key, reason } as const,
    fingerprint,
    record: null,
  });
  if (forced) return miss({ type: "forced" });
  if (!node.cache) return miss({ type: "not-cached" });
  const { record, damage } = lookUp(store, key, node);
  if (damage !== null) return miss({ type: "output-missing", ...damage });
  if (record !== null) {
    const accepted = record.accepted?.reason;
    const status = { type: "hit", key, ...accepted === undefined ? {} : { accepted } } as const;
    return { status, fingerprint, record };
  }
  const last = await store.lastKey(configName(plan), node.id);
  const before = last === null || last === key ? null : store.readRecord(last);
  return miss(
    before === null ? { type: "never-run" } : compare(decidedOf(before, store), fingerprint, node),
  );
}

/** How the store calls a config: by where it lies in the project, which moves with the folder. */
export function configName(plan: Plan): string {
  return plan.config.place;
}

/** Every node's status, nothing run: what comes after a node that would run is `waiting`. */
export async function statuses(
  plan: Plan,
  store: Store,
  forced: ReadonlySet<NodeId>,
): Promise<ReadonlyMap<NodeId, NodeStatus>> {
  const done = new Map<NodeId, Readonly<Record<string, Digest>>>();
  const found = new Map<NodeId, NodeStatus>();
  for (const node of plan.nodes) {
    const blocking = Object.values(node.feeds).flat().find((feed) => !done.has(feed.node));
    if (blocking !== undefined) {
      found.set(node.id, { type: "waiting", for: blocking.node });
      continue;
    }
    const { status, record } = await statusOf(node, plan, done, store, forced.has(node.id));
    found.set(node.id, status);
    if (record !== null) done.set(node.id, record.outputs);
  }
  return found;
}

/** What the hits among these have given. */
export function doneOf(statuses: ReadonlyMap<NodeId, NodeStatus>, store: Store): Done {
  const done = new Map<NodeId, Readonly<Record<string, Digest>>>();
  for (const [node, status] of statuses) {
    const record = status.type === "hit" ? store.readRecord(status.key) : null;
    if (record !== null) done.set(node, record.outputs);
  }
  return done;
}

/** A miss reason as the run record keeps it. */
export function reasonJson(reason: object): JsonObject {
  return { ...reason } as JsonObject; // reasons hold words and numbers alone
}
