/**
 * What may go from a store, and its going. Records go before the objects that they name, and folders are moved
 * to `tmp` before they are removed, so that a kill at any moment leaves a store that is valid.
 */
import type { Digest, Key } from "../plan/plan.ts";
import { eventsFolder, eventsPath } from "./events.ts";
import { isFree, namesIn, readIfThere, removeQuietly, sizeOf, StoreError } from "./files.ts";
import { ObjectError } from "./info.ts";
import type { Store } from "./local.ts";
import { progressFolder } from "./progress.ts";
import type { StageRecord } from "./store.ts";

/** What is kept: whatever one of these keeps. At least one is given. */
export interface Scope {
  /** Results that hold one of these tensors; null: it is no rule. */
  readonly locked: ReadonlySet<Digest> | null;
  /** Results of so many of the newest runs. */
  readonly runs: number | null;
  /** What was made or used in so many milliseconds before now. */
  readonly age: number | null;
  /** Of the rest what was used last, up to so many bytes of objects in all. */
  readonly size: number | null;
}

export type Garbage =
  | "records"
  | "objects"
  | "bundles"
  | "checkpoints"
  | "runs"
  | "quarantine"
  | "scratch"
  | "locks"
  | "last";

export interface Goes {
  readonly kind: Garbage;
  readonly path: string;
  readonly bytes: number;
}

interface Kept {
  readonly record: StageRecord;
  readonly used: number;
}

/** What would go, records first. `now`: milliseconds since 1970. */
export async function garbageOf(store: Store, scope: Scope, now: number): Promise<Goes[]> {
  const since = scope.age === null ? Infinity : now - scope.age;
  const all: Kept[] = [...store.records()].map((record) => ({
    record,
    used: timeOf(store.recordPath(record.key)),
  })).sort((a, b) => b.used - a.used || (a.record.key < b.record.key ? -1 : 1));
  const runs = store.readRuns();
  const keptRuns = new Set(
    runs.filter((run, i) =>
      (scope.runs === null && scope.age === null) || (scope.runs !== null && i < scope.runs) ||
      Date.parse(run.started) >= since
    ).map(({ id }) => id),
  );
  const ofRuns = new Set(
    runs.slice(0, scope.runs ?? 0).flatMap(({ nodes }) => nodes.map(({ key }) => key)),
  );
  const keys = new Set<Key>(), objects = new Set<Digest>();
  let bytes = 0;
  const keep = ({ record }: Kept) => {
    if (keys.has(record.key)) return;
    keys.add(record.key);
    for (const digest of Object.values(record.outputs)) {
      if (objects.has(digest)) continue;
      objects.add(digest);
      bytes += sizeOf(store.objectFolder(digest));
    }
  };
  for (const one of all) {
    const { key, outputs } = one.record;
    if (one.used >= since || ofRuns.has(key) || await holds(store, outputs, scope.locked)) {
      keep(one);
    }
  }
  for (const one of scope.size === null ? [] : all) {
    const more = Object.values(one.record.outputs).filter((digest) => !objects.has(digest))
      .reduce((sum, digest) => sum + sizeOf(store.objectFolder(digest)), 0);
    // What does not fit is left out, and so is what was used before it.
    if (!keys.has(one.record.key) && bytes + more > (scope.size ?? 0)) break;
    keep(one);
  }
  const bundles = new Set(
    all.filter(({ record }) => keys.has(record.key)).map(({ record }) => record.made.bundle),
  );
  const { root } = store;
  const goes: Goes[] = [];
  const add = (kind: Garbage, path: string) => goes.push({ kind, path, bytes: sizeOf(path) });
  for (const key of store.keys()) if (!keys.has(key)) add("records", store.recordPath(key));
  for (const digest of store.objects()) {
    if (!objects.has(digest)) add("objects", store.objectFolder(digest));
  }
  for (const name of namesIn(`${root}/bundles`)) {
    if (!bundles.has(name as Digest)) add("bundles", `${root}/bundles/${name}`); // looked up, no more
  }
  // Checkpoints cost time only, and nothing is in `tmp` or `quarantine` that a result needs.
  const rooms = [
    ["checkpoints", progressFolder(root)],
    ["quarantine", `${root}/quarantine`],
    ["scratch", `${root}/tmp`],
  ] as const;
  for (const [kind, folder] of rooms) {
    for (const name of namesIn(folder)) {
      if (timeOf(`${folder}/${name}`) < since) add(kind, `${folder}/${name}`);
    }
  }
  for (const { id } of runs) {
    if (keptRuns.has(id)) continue;
    add("runs", `${root}/runs/${id}.json`);
    add("runs", `${root}/logs/${id}`);
    add("runs", eventsPath(root, id));
  }
  // A run that was broken off has logs and events, and no record.
  const recorded = new Set(runs.map(({ id }) => id));
  for (const folder of [`${root}/logs`, eventsFolder(root)]) {
    for (const name of namesIn(folder)) {
      const isKept = (scope.runs === null && scope.age === null) ||
        timeOf(`${folder}/${name}`) >= since;
      if (!isKept && !recorded.has(name.split(".")[0] ?? name)) add("runs", `${folder}/${name}`);
    }
  }
  for (const path of unfinished(root)) add("scratch", path);
  // Locks that nobody has, and that no run left without its end.
  for (const name of namesIn(`${root}/locks`)) {
    const path = `${root}/locks/${name}`;
    if (!/^[0-9a-f]{64}(?:\.progress)?$/.test(name) || !isFree(path)) continue;
    if (sizeOf(path) === 0 || timeOf(path) < now - LONG) add("locks", path);
  }
  // What a miss is compared with is of no use without its record.
  for (const name of namesIn(`${root}/last`)) {
    const path = `${root}/last/${name}`;
    if (!keys.has(textOf(path) as Key)) add("last", path); // looked up, no more
  }
  return goes;
}

/** Milliseconds after which a lock's line names nobody any more: a week. */
const LONG = 7 * 24 * 60 * 60 * 1000;

/** Folders in which files are moved to their places, and how many levels lie between. */
const PUBLISHED = [["runs", 0], ["last", 0], ["events", 0], ["records", 1], ["cache", 1]]
  .concat([["profiles", 1], ["sweeps", 1], ["sweeps", 2], ["submissions", 1]]) as [
    string,
    number,
  ][];

/** What killed processes were about to move to its place: nobody writes while the store is held alone. */
function unfinished(root: string): string[] {
  const below = (folder: string, levels: number): string[] =>
    levels === 0
      ? [folder]
      : namesIn(folder).flatMap((name) => below(`${folder}/${name}`, levels - 1));
  return PUBLISHED.flatMap(([name, levels]) => below(`${root}/${name}`, levels)).flatMap((folder) =>
    namesIn(folder).filter((name) => /\.(?:[0-9a-f]{8}|[0-9a-f-]{36})\.tmp$/.test(name))
      .map((name) => `${folder}/${name}`)
  );
}

function textOf(path: string): string {
  try {
    return readIfThere(path) ?? "";
  } catch (error) {
    if (error instanceof StoreError) return "";
    throw error;
  }
}

/** Removes it, in its order. */
export function removeGarbage(store: Store, goes: readonly Goes[]): void {
  Deno.mkdirSync(`${store.root}/tmp`, { recursive: true });
  for (const { path } of goes) {
    const aside = `${store.root}/tmp/${crypto.randomUUID()}`;
    try {
      Deno.renameSync(path, aside);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw error;
    }
    removeQuietly(aside);
  }
}

/** Whether one of these artifacts holds a tensor that is asked for. */
async function holds(
  store: Store,
  outputs: StageRecord["outputs"],
  tensors: ReadonlySet<Digest> | null,
): Promise<boolean> {
  if (tensors === null) return false;
  for (const digest of Object.values(outputs)) {
    try {
      const { manifest } = await store.readInfo(digest);
      if (manifest.kind !== "tensors") continue;
      if (Object.values(manifest.tensors).some(({ sha256 }) => tensors.has(sha256))) return true;
    } catch (error) {
      if (!(error instanceof ObjectError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return false;
}

/** When it was last changed, in milliseconds since 1970. */
function timeOf(path: string): number {
  try {
    return Deno.lstatSync(path).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
