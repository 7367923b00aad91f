/** Holds what is stored against its digests, piece by piece. */
import type { Digest, Key } from "../plan/plan.ts";
import { isWholeBundle } from "./bundles.ts";
import { sha256 } from "./canonical.ts";
import { namesIn, readIfThere, sizeOf } from "./files.ts";
import { readInfo } from "./info.ts";
import { keyOf, type Store } from "./local.ts";
import { checkCheckpoint, progressFolder } from "./progress.ts";
import type { StageRecord } from "./store.ts";
import { fieldsOf } from "./valid.ts";

export type Kind = "object" | "record" | "bundle" | "checkpoint";

/** One thing of a store. */
export interface Looked {
  readonly kind: Kind;
  readonly path: string;
  readonly bytes: number;
  /** What is wrong with it; null: nothing. */
  readonly problem: string | null;
  /** False where nothing is wrong, or it is another Crisol's, which is left alone: else it helps to set it aside. */
  readonly isBad: boolean;
}

/** What is looked at; null: all that is there. */
export interface Wanted {
  readonly objects: ReadonlySet<Digest>;
  readonly keys: ReadonlySet<Key>;
}

/** Looks at everything, or at what is wanted. `decodes` looks into an object's tensors, and throws if they are bad. */
export async function* verifyStore(
  store: Store,
  wanted: Wanted | null,
  decodes: (folder: string, digest: Digest) => Promise<unknown>,
): AsyncGenerator<Looked> {
  for (const digest of wanted?.objects ?? store.objects()) {
    yield await object(store, digest, decodes);
  }
  for (const key of wanted?.keys ?? store.keys()) yield await record(store, key);
  if (wanted !== null) return;
  for (const digest of namesIn(`${store.root}/bundles`)) {
    const path = store.bundleFolder(digest as Digest); // a name that is none is whole by no digest
    const isWhole = await isWholeBundle(path, digest as Digest);
    yield {
      kind: "bundle",
      path,
      bytes: sizeOf(path),
      problem: isWhole ? null : "its files are not those of its digest",
      isBad: !isWhole,
    };
  }
  for (const trajectory of namesIn(progressFolder(store.root))) {
    const folder = `${progressFolder(store.root)}/${trajectory}`;
    for (const name of namesIn(folder)) {
      if (!name.endsWith(".checkpoint")) continue;
      const path = `${folder}/${name}`;
      const problem = await checkCheckpoint(path);
      yield { kind: "checkpoint", path, bytes: sizeOf(path), problem, isBad: problem !== null };
    }
  }
}

async function object(
  store: Store,
  digest: Digest,
  decodes: (folder: string, digest: Digest) => Promise<unknown>,
): Promise<Looked> {
  const path = store.objectFolder(digest);
  let bytes = 0;
  const look = async (): Promise<string | null> => {
    const damage = store.damage(digest);
    if (damage !== null) return damage;
    const { files } = await readInfo(path, digest);
    for (const [name, file] of Object.entries(files)) {
      const found = await sha256(await Deno.readFile(`${path}/${name}`));
      bytes += file.size;
      if (found !== file.sha256) {
        return `the SHA-256 of its "${name}" is ${found}, ${file.sha256} was written`;
      }
    }
    await decodes(path, digest);
    return null;
  };
  const problem = await look().catch((error: unknown) => {
    // A damaged file can make a decoder throw anything; what it says is what there is to say.
    if (error instanceof Error) return error.message;
    throw error;
  });
  return { kind: "object", path, bytes, problem, isBad: problem !== null };
}

/** A record is that of its key, and what it names is there: without its outputs it is of no use. */
async function record(store: Store, key: Key): Promise<Looked> {
  const path = store.recordPath(key);
  const found: StageRecord | null = store.readRecord(key);
  const newer = found === null ? versionIn(path) : null;
  const bad = newer !== null
    ? null
    : found === null
    ? "it cannot be read"
    : await keyOf(found.fingerprint) !== key
    ? "its fingerprint is not that of its key"
    : null;
  const missing = Object.entries(found?.outputs ?? {}).flatMap(([name, digest]) => {
    const damage = store.damage(digest);
    return damage === null ? [] : [`its output "${name}" is not whole: ${damage}`];
  });
  const wrong = bad ?? missing[0] ?? null;
  return {
    kind: "record",
    path,
    bytes: sizeOf(path),
    problem: newer !== null ? `it is of version ${newer}, and this Crisol reads version 1` : wrong,
    isBad: newer === null && wrong !== null,
  };
}

/** The version of a record that says that it is of a later one. */
function versionIn(path: string): number | null {
  try {
    const { version } = fieldsOf(JSON.parse(readIfThere(path) ?? ""));
    return typeof version === "number" && version > 1 ? version : null;
  } catch {
    return null;
  }
}
