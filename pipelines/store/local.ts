/**
 * The store in a folder. After a kill at any point it is valid as it stands: objects and records appear by
 * a rename, records after the objects that they name, and nothing in `tmp` is ever looked at.
 *
 *     crisol-store.json      that it is one, see marker.ts
 *     objects/ab/<digest>/   an artifact, with its object.json
 *     records/ab/<key>.json  stage records
 *     runs/<id>.json         run records      logs/<id>/<node>.log
 *     events/<id>.jsonl      what a run tells as it happens, for those who watch
 *     bundles/<digest>/      the code of stages, main.js first
 *     last/<hash>            the key that a config's node had last: what a miss is compared with
 *     progress/<trajectory>/ where trainings stand, see progress.ts: deleting it costs time only
 *     quarantine/            what was found damaged, moved there
 *     diverged/              a file for each time that a key gave another result: never removed
 *     profiles/<page>/       where the time of a node's steps went on some machine, <node>.json
 *     locks/ tmp/ cache/     may be deleted while nothing runs
 */
import type { Json } from "../json.ts";
import type { Digest, Key } from "../plan/plan.ts";
import { Cache } from "./cache.ts";
import { digestOfShort } from "./digests.ts";
import {
  makeFolder,
  namesIn,
  publishFile,
  readIfThere,
  removeQuietly,
  StoreError,
  syncFile,
  syncFolder,
  writeFailure,
} from "./files.ts";
import { ObjectError, parseInfo, readInfo } from "./info.ts";
import { mark } from "./marker.ts";
import { fileName } from "./names.ts";
import { progressFolder } from "./progress.ts";
import { isRecord, isRun } from "./valid.ts";
import {
  type Divergence,
  type Fingerprint,
  INFO,
  type ObjectInfo,
  type RunRecord,
  type StageRecord,
} from "./store.ts";

/** The key of a fingerprint. */
export async function keyOf(fingerprint: Fingerprint): Promise<Key> {
  // All of a fingerprint is JSON; a digest of it is what a key is.
  return await digestOfShort({ ...fingerprint } as unknown as Json) as string as Key;
}

/**
 * Milliseconds after which scratch that nobody holds is nobody's any more: an hour, or a week where folders cannot be
 * locked.
 */
const LEFTOVER_AGE = (Deno.build.os === "windows" ? 7 * 24 : 1) * 60 * 60 * 1000;

const DAY = 24 * 60 * 60 * 1000;

export interface Scratch {
  /** Absolute. */
  readonly path: string;
  remove(): void;
}

export class Store {
  /** `root`: absolute, with `/`. */
  constructor(readonly root: string) {}

  objectFolder(digest: Digest): string {
    return `${this.root}/objects/${digest.slice(0, 2)}/${digest}`;
  }

  readInfo(digest: Digest): Promise<ObjectInfo> {
    return readInfo(this.objectFolder(digest), digest);
  }

  /** Null if every file of the object is there with its size, else what is wrong. Bytes are not read. */
  damage(digest: Digest): string | null {
    const folder = this.objectFolder(digest);
    try {
      const text = readIfThere(`${folder}/${INFO}`);
      if (text === null) return `"${folder}" is not there`;
      return damageOf(folder, parseInfo(folder, text));
    } catch (error) {
      if (error instanceof ObjectError || error instanceof StoreError) return error.message;
      throw error;
    }
  }

  /** Digests of all objects that begin so. */
  findObjects(prefix: string): Digest[] {
    const found: Digest[] = [];
    try {
      for (const entry of Deno.readDirSync(`${this.root}/objects/${prefix.slice(0, 2)}`)) {
        // A folder of 64 hexadecimal digits among the objects is named by a digest.
        const isDigest = entry.isDirectory && /^[0-9a-f]{64}$/.test(entry.name);
        if (isDigest && entry.name.startsWith(prefix)) found.push(entry.name as Digest);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return found.sort();
  }

  /** Digests of all objects, as they come. */
  *objects(): Generator<Digest> {
    for (const folder of namesIn(`${this.root}/objects`)) {
      if (/^[0-9a-f]{2}$/.test(folder)) yield* this.findObjects(folder);
    }
  }

  /** Keys of all stage records, as they come. */
  *keys(): Generator<Key> {
    for (const folder of namesIn(`${this.root}/records`)) {
      for (const name of namesIn(`${this.root}/records/${folder}`)) {
        const key = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
        if (key !== undefined) yield key as Key; // 64 hexadecimal digits are what a key is
      }
    }
  }

  /** All stage records that can be read, as they come. */
  *records(): Generator<StageRecord> {
    for (const key of this.keys()) {
      const record = this.readRecord(key);
      if (record !== null) yield record;
    }
  }

  /**
   * Moves a whole object from scratch to its place; one that is there and good stays. Neither is believed before
   * `verify` has read all of it and found the values of its manifest, since a stage wrote it: nobody may write there any
   * more. `verify` answers what it is, and throws what is wrong.
   */
  async put(
    scratch: string,
    digest: Digest,
    verify: (folder: string, digest: Digest) => Promise<ObjectInfo>,
  ): Promise<ObjectInfo> {
    const isGood = async (folder: string) => {
      try {
        await verify(folder, digest);
        return true;
      } catch (error) {
        if (writeFailure(this.root, error) instanceof StoreError) throw error;
        return false;
      }
    };
    try {
      const info = await verify(scratch, digest);
      const stray = strayIn(scratch, info);
      if (stray !== null) {
        throw new ObjectError(`The stage wrote a file that is no part of its output: "${stray}"`);
      }
      const folder = this.objectFolder(digest);
      if (isThere(folder)) {
        if (await isGood(folder)) {
          removeQuietly(scratch);
          return info;
        }
        // Moved aside, so that its place is never half of it.
        this.quarantine(folder);
      }
      await Promise.all(
        [INFO, ...Object.keys(info.files)].map((path) => syncFile(`${scratch}/${path}`)),
      );
      const parent = folder.slice(0, folder.lastIndexOf("/"));
      makeFolder(parent);
      try {
        Deno.renameSync(scratch, folder);
      } catch (error) {
        // Another run has put the same there meanwhile.
        if (!isThere(folder) || !await isGood(folder)) throw error;
        removeQuietly(scratch);
      }
      syncFolder(parent);
      return info;
    } catch (error) {
      throw writeFailure(this.root, error);
    }
  }

  /** Moves what is bad out of the way, for somebody to look at; answers where it is, null if it was gone already. */
  quarantine(path: string): string | null {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const place = `${this.root}/quarantine/${name}.${crypto.randomUUID().slice(0, 8)}`;
    try {
      Deno.mkdirSync(`${this.root}/quarantine`, { recursive: true });
      Deno.renameSync(path, place);
      return place;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw writeFailure(this.root, error);
    }
  }

  /** The record of a key; null where there is none, or none that can be read. */
  readRecord(key: Key): StageRecord | null {
    try {
      const text = readIfThere(this.recordPath(key));
      if (text === null) return null;
      const record: unknown = JSON.parse(text);
      return isRecord(record, key) ? record : null;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof StoreError) return null;
      throw error;
    }
  }

  /**
   * Lets a network file system ask its server whether there is a record: it remembers for a while that there was none,
   * until its folder is read.
   */
  askAnew(key: Key): void {
    const path = this.recordPath(key);
    namesIn(path.slice(0, path.lastIndexOf("/")));
  }

  /** Says that a result was used, at most once a day: what `gc` goes by. */
  used(key: Key, now: number): void {
    const path = this.recordPath(key);
    try {
      const before = Deno.lstatSync(path).mtime?.getTime() ?? 0;
      if (now - before > DAY) Deno.utimeSync(path, new Date(now), new Date(now));
    } catch {
      // A store that cannot be written serves hits all the same.
    }
  }

  /**
   * Holds the store while a run uses it, or (`alone`) while `gc` removes from it: then no run may be there. Null if
   * it is held otherwise. The system lets go of it when the process ends.
   */
  async hold(alone: boolean): Promise<Deno.FsFile | null> {
    const file = await this.#openLock();
    if (await file.tryLock(alone)) return file;
    file.close();
    return null;
  }
  /** `hold` of a run, once it can be had. */
  async waitFor(): Promise<Deno.FsFile> {
    const file = await this.#openLock();
    await file.lock(false);
    return file;
  }
  async #openLock(): Promise<Deno.FsFile> {
    try {
      mark(this.root);
      Deno.mkdirSync(`${this.root}/locks`, { recursive: true });
      return await Deno.open(`${this.root}/locks/store`, { read: true, write: true, create: true });
    } catch (error) {
      throw writeFailure(this.root, error);
    }
  }

  writeRecord(record: StageRecord): void {
    this.#publish(this.recordPath(record.key), JSON.stringify(record));
  }

  writeRun(record: RunRecord): void {
    this.#publish(`${this.root}/runs/${record.id}.json`, `${JSON.stringify(record, null, 1)}\n`);
  }

  /** Kept for good, in `diverged/`, one file a time. */
  writeDivergence(divergence: Divergence): void {
    const { key, now } = divergence;
    const path = `${this.root}/diverged/${key}.${now.run}.json`;
    this.#publish(path, `${JSON.stringify(divergence, null, 1)}\n`);
  }

  /** Newest first. Records that cannot be read are left out, and those that say another id than their name. */
  readRuns(): RunRecord[] {
    const found: RunRecord[] = [];
    for (const name of namesIn(`${this.root}/runs`).filter((one) => one.endsWith(".json"))) {
      try {
        const record: unknown = JSON.parse(readIfThere(`${this.root}/runs/${name}`) ?? "");
        // Paths are made of it: it must not lead elsewhere.
        if (isRun(record) && `${record.id}.json` === name) found.push(record);
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof StoreError)) throw error;
      }
    }
    // Not by id, which tells no two runs of one second apart.
    const order = (run: RunRecord) => `${run.started} ${run.id}`;
    return found.sort((a, b) => order(a) < order(b) ? 1 : -1);
  }

  /** The key that this node of this config had when it was last done. */
  async lastKey(config: string, node: string): Promise<Key | null> {
    const text = readIfThere(await this.#lastPath(config, node));
    return text !== null && /^[0-9a-f]{64}$/.test(text) ? text as Key : null; // written by setLastKey
  }
  async setLastKey(config: string, node: string, key: Key): Promise<void> {
    const path = await this.#lastPath(config, node);
    // Not synced: one that a power failure cuts off is no key, and costs an explanation.
    if (readIfThere(path) !== key) this.#publish(path, key, false);
  }

  /** An empty folder for one stage run, which is its own as long as this process lives. */
  scratch(): Scratch {
    const path = `${this.root}/tmp/${crypto.randomUUID()}`;
    try {
      Deno.mkdirSync(path, { recursive: true });
      Deno.mkdirSync(`${this.root}/locks`, { recursive: true });
      makeFolder(progressFolder(this.root));
    } catch (error) {
      throw writeFailure(this.root, error);
    }
    const lock = lockFolder(path);
    return {
      path,
      remove() {
        removeQuietly(path);
        lock?.close();
      },
    };
  }
  /** Removes what killed runs have left in `tmp`: nothing that a process holds, or that has just been made. */
  removeLeftovers(now: number): void {
    const folder = `${this.root}/tmp`;
    try {
      for (const { name } of Deno.readDirSync(folder)) {
        const path = `${folder}/${name}`;
        const begun = Deno.lstatSync(path).mtime?.getTime() ?? now;
        if (now - begun < LEFTOVER_AGE) continue;
        const lock = lockFolder(path);
        if (lock !== null || Deno.build.os === "windows") removeQuietly(path);
        lock?.close();
      }
    } catch {
      // There is no such folder yet, or another run removes the same: nothing depends on it.
    }
  }
  lockPath(key: Key): string {
    return `${this.root}/locks/${key}`;
  }
  /** Where the checkpoints of a trajectory lie, and what is locked while they are used. */
  progress(trajectory: Digest): { readonly folder: string; readonly lock: string } {
    return {
      folder: `${progressFolder(this.root)}/${trajectory}`,
      lock: `${this.root}/locks/${trajectory}.progress`,
    };
  }
  /** Where the log of a node in a run lies; it may be none. */
  async logFile(run: string, node: string): Promise<string> {
    return `${this.root}/logs/${run}/${await fileName(node)}.log`;
  }
  /** The same, with its folder made. */
  async logPath(run: string, node: string): Promise<string> {
    const path = await this.logFile(run, node);
    try {
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    } catch (error) {
      throw writeFailure(this.root, error);
    }
    return path;
  }
  /** Where the newest profile of a node of a config lies; it may be none. */
  async profilePath(config: string, node: string): Promise<string> {
    return `${this.root}/profiles/${config}/${await fileName(node)}.json`;
  }

  /** Where a bundle's files lie. */
  bundleFolder(digest: Digest): string {
    return `${this.root}/bundles/${digest}`;
  }
  get cacheFolder(): string {
    return `${this.root}/cache`;
  }

  /** A value that this user computed before from the same `key`; null if there is none. */
  readCache(kind: string, key: Json): Promise<unknown> {
    return new Cache(this.cacheFolder).read(kind, key);
  }
  writeCache(kind: string, key: Json, value: unknown): Promise<void> {
    return new Cache(this.cacheFolder).write(kind, key, value);
  }

  recordPath(key: Key): string {
    return `${this.root}/records/${key.slice(0, 2)}/${key}.json`;
  }
  async #lastPath(config: string, node: string): Promise<string> {
    return `${this.root}/last/${await digestOfShort([config, node])}`;
  }
  #publish(path: string, text: string, isLasting = true): void {
    try {
      publishFile(path, text, { isLasting, scratch: `${this.root}/tmp` });
    } catch (error) {
      throw writeFailure(this.root, error);
    }
  }
}

function damageOf(folder: string, info: ObjectInfo): string | null {
  for (const [path, { size }] of Object.entries(info.files)) {
    try {
      const found = Deno.lstatSync(`${folder}/${path}`);
      if (!found.isFile) return `"${folder}/${path}" is no file`;
      if (found.size !== size) {
        return `"${folder}/${path}" has ${found.size} bytes, ${size} were written`;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `"${folder}/${path}" is not there`;
    }
  }
  return null;
}

/** The lock of a folder; null where another process has it, or folders cannot be locked. */
function lockFolder(path: string): Deno.FsFile | null {
  if (Deno.build.os === "windows") return null;
  try {
    const file = Deno.openSync(path, { read: true });
    if (file.tryLockSync(true)) return file;
    file.close();
  } catch {
    // Gone, or on a file system without locks.
  }
  return null;
}

/** A file or folder that an object's list of files does not know, or that is no plain one; null: there is none. */
function strayIn(folder: string, { files }: ObjectInfo): string | null {
  const known = new Set([INFO, ...Object.keys(files)]);
  const folders = new Set(
    [...known].flatMap((path) =>
      [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index))
    ),
  );
  const visit = (path: string): string | null => {
    for (const { name, isFile, isDirectory } of Deno.readDirSync(`${folder}/${path}`)) {
      const inner = path === "" ? name : `${path}/${name}`;
      if (isFile ? !known.has(inner) : !isDirectory || !folders.has(inner)) return inner;
      const found = isDirectory ? visit(inner) : null;
      if (found !== null) return found;
    }
    return null;
  };
  return visit("");
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
