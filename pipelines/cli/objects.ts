/** From `CONFIG NODE.OUTPUT` or a digest to the object in the store. */
import type { Digest } from "../plan/plan.ts";
import type { ObjectInfo } from "../store/store.ts";
import { findArtifact, isDigest } from "./address.ts";
import { argument, type Call, CommandError, UsageError } from "./command.ts";
import { openPlan, type Store } from "./engine.ts";
import { holdStoreOf } from "./store.ts";

export interface Found {
  readonly digest: Digest;
  readonly folder: string;
  readonly info: ObjectInfo;
  readonly store: Store;
}

/** Throws where nothing is addressed, or where the result is not there (yet). */
export async function findObject(call: Call): Promise<Found> {
  const first = argument(call, 0);
  const name = call.arguments[1];
  if (isDigest(first) && name === undefined) return await byDigest(call, first);
  if (name === undefined) {
    throw new UsageError(
      "The artifact is missing",
      `\`deno task show ${first}\` lists those of this config`,
    );
  }
  const opened = await openPlan({ ...call, arguments: [first] });
  const { node, output } = findArtifact(opened.plan, name);
  const status = (await opened.statuses([])).get(node.id);
  const record = status?.type === "hit" ? opened.record(status.key) : null;
  const digest = record?.outputs[output];
  if (digest === undefined) {
    const why = status?.type === "miss"
      ? opened.describe(status.reason)
      : status?.type === "waiting"
      ? `it waits for ${status.for}`
      : "its record is gone";
    throw new CommandError(
      `There is no result of "${node.id}": ${why}`,
      `\`deno task run ${first} ${node.id}\` makes it`,
    );
  }
  return await found(opened.store, digest);
}

async function byDigest(call: Call, prefix: string): Promise<Found> {
  const store = await holdStoreOf(call, false);
  const digests = store.findObjects(prefix);
  const [digest] = digests;
  if (digest === undefined) throw new UsageError(`There is no artifact "${prefix}" in the store`);
  if (digests.length > 1) {
    throw new UsageError(
      `"${prefix}" is the beginning of ${digests.length} digests`,
      `say which: ${digests.slice(0, 8).join(", ")}`,
    );
  }
  return await found(store, digest);
}

async function found(store: Store, digest: Digest): Promise<Found> {
  return { digest, store, folder: store.objectFolder(digest), info: await store.readInfo(digest) };
}
