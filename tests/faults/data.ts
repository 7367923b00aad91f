/** Files from outside that are not what they say: each is refused with words, within bounded memory. */
import { join } from "node:path";
import { listLines, runLines } from "../../pipelines/cli/runs.ts";
import { parseLock } from "../../pipelines/certificate/lock.ts";
import { ConfigError } from "../../pipelines/config/config.ts";
import type { Json } from "../../pipelines/json.ts";
import type { Digest, Key } from "../../pipelines/plan/plan.ts";
import { digestOf, sha256 } from "../../pipelines/store/canonical.ts";
import { Store } from "../../pipelines/store/local.ts";
import { checkCheckpoint } from "../../pipelines/store/progress.ts";
import { verifyArtifact } from "../../pipelines/tensor/read.ts";
import { gunzip } from "../../stages/datasets/gunzip.ts";
import { parseIdx } from "../../stages/datasets/idx.ts";
import { ROOT } from "../rig.ts";
import type { Dice, Lab, Row } from "./lab.ts";

/** What the process may take more than before, in bytes. */
const ROOM = 512 * 1024 * 1024;

const NUMBERS = [-1, 0, 0.5, 1e9, 2 ** 31, 2 ** 32, 2 ** 53, 1e18, 1e308, NaN];
const WORDS = [
  "",
  "../../x",
  "/etc/passwd",
  "__proto__",
  "a\u0000b",
  "\u001b[2J",
  "x".repeat(9999),
];

/** What was read has come out where it must not. */
class Leak extends Error {}

type Try = (dice: Dice) => Promise<string | null> | string | null;

export async function data(lab: Lab, count: number): Promise<Row> {
  const place = await lab.place(true);
  const tries = await allKinds(new Store(place.store), place.folder);
  let most = 0;
  const before = Deno.memoryUsage().rss;
  try {
    const row = await lab.tries("hostile data files", count, async (dice, index) => {
      const kind = tries[index % tries.length];
      const why = await kind?.(dice) ?? null;
      most = Math.max(most, Deno.memoryUsage().rss - before);
      return most > ROOM ? `it took ${Math.round(most / 1e6)} MB` : why;
    }, 1);
    return { ...row, fault: `${row.fault} (${Math.round(most / 1e6)} MB at most)` };
  } finally {
    await place[Symbol.asyncDispose]();
  }
}

/** Null if what it does throws an error with words; a hostile file must not be taken for a good one. */
async function refused(what: () => unknown, mayPass: boolean): Promise<string | null> {
  try {
    await what();
    return mayPass ? null : "it was taken";
  } catch (error) {
    if (!(error instanceof Error) || error.message === "") return `it threw ${error}`;
    if (error instanceof Leak) return error.message;
    const isOurs = error instanceof ConfigError ||
      !/is not a function|of undefined|of null|is not iterable/
        .test(error.message);
    return isOurs ? null : `it broke: ${error.stack}`;
  }
}

async function allKinds(store: Store, folder: string): Promise<Try[]> {
  const bomb = await gzip(new Uint8Array(64 * 1024 * 1024));
  const good = await gzip(new Uint8Array(1000));
  const lock = Deno.readTextFileSync(join(ROOT, "tests/configs/tiny.lock.yaml"));
  const objects = [...store.objects()];
  const keys = [...store.keys()];
  const runs = store.readRuns();
  const progress = [...Deno.readDirSync(join(store.root, "progress"))]
    .flatMap(({ name }) =>
      [...Deno.readDirSync(join(store.root, "progress", name))].map((one) =>
        join(store.root, "progress", name, one.name)
      )
    ).filter((path) => path.endsWith(".checkpoint"));
  if (progress.length === 0) throw new Error("the run has left no checkpoint to disturb");

  return [
    // Packed files that unpack to more than was said, or to nothing.
    (dice) =>
      refused(() => gunzip(dice.below(2) === 0 ? bomb : broken(good, dice), 999, "x.gz"), false),
    (dice) => {
      const bytes = new Uint8Array(16 + dice.below(2000));
      const view = new DataView(bytes.buffer);
      for (let at = 0; at < 4; at++) {
        view.setUint32(4 * at, dice.pick([0x803, 10, 28, 2 ** 32 - 1]));
      }
      return refused(() => parseIdx(bytes, [10, 28, 28], "x.idx"), false);
    },
    // An object whose manifest is that of its digest, and absurd all the same.
    async (dice) => {
      const info = hostile(await store.readInfo(dice.pick(objects)) as unknown as Json, dice);
      const manifest = (info as { manifest?: Json } | null)?.manifest ?? null;
      const digest = await digestOf(manifest).catch(() => "0".repeat(64) as Digest);
      const place = `${folder}/object-${crypto.randomUUID()}`;
      Deno.mkdirSync(place);
      Deno.writeTextFileSync(`${place}/object.json`, JSON.stringify(info));
      return await refused(() => verifyArtifact(place, digest), true);
    },
    // A tensor whose own metadata or chunks are absurd, with digests that fit.
    (dice) => tensorOf(dice, store, objects, folder),
    (dice) => {
      const lines = lock.split("\n");
      const anchors = Array.from(
        { length: 30 },
        (_, i) => `  a${i}: &a${i} [${i === 0 ? "x" : Array(9).fill(`*a${i - 1}`).join(", ")}]`,
      );
      const text = dice.below(3) === 0
        ? `version: 1\nnodes:\n${anchors.join("\n")}\n`
        : lines.with(dice.below(lines.length), `  ${dice.pick(WORDS)}: [`).join("\n");
      return refused(() => parseLock("x.lock.yaml", text), true);
    },
    (dice) => {
      const path = `${folder}/checkpoint`;
      Deno.writeFileSync(path, broken(Deno.readFileSync(dice.pick(progress)), dice));
      return refused(async () => {
        if (await checkCheckpoint(path) !== null) throw new Error("it is told as damaged");
      }, false);
    },
    (dice) => {
      const key: Key = dice.pick(keys);
      const path = store.recordPath(key);
      const text = Deno.readTextFileSync(path);
      Deno.writeTextFileSync(path, JSON.stringify(hostile(JSON.parse(text), dice)));
      const why = refused(() => store.readRecord(key), true);
      Deno.writeTextFileSync(path, text);
      return why;
    },
    (dice) => {
      const id = "20990101-000000-0000";
      const path = `${store.root}/runs/${id}.json`;
      Deno.writeTextFileSync(path, JSON.stringify(hostile(runs[0] as unknown as Json, dice)));
      return refused(() => {
        const found = store.readRuns();
        const lines = [...listLines(found), ...found.flatMap((run) => runLines(run))];
        // deno-lint-ignore no-control-regex -- what must not come through
        if (/[\u0000-\u001f]/.test(lines.join(""))) {
          throw new Leak("a control character came through");
        }
      }, true);
    },
  ];
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** With a bit that is another, or an end that is missing. */
function broken(bytes: Uint8Array<ArrayBuffer>, dice: Dice): Uint8Array<ArrayBuffer> {
  const other = bytes.slice();
  const at = 10 + dice.below(Math.max(1, bytes.length - 18));
  if (dice.below(2) === 0) return other.subarray(0, at);
  other[at] = (other[at] ?? 0) ^ (1 << dice.below(8));
  return other;
}

/** The same JSON with one to three values that nobody expects. */
function hostile(value: Json, dice: Dice): Json {
  let made = structuredClone(value);
  for (let turn = dice.below(3); turn >= 0; turn--) made = replaced(made, dice);
  return made;
}

function replaced(value: Json, dice: Dice): Json {
  const isTree = typeof value === "object" && value !== null;
  const keys = isTree ? Object.keys(value) : [];
  if (keys.length === 0 || dice.below(6) === 0) {
    return dice.pick<Json>([...NUMBERS, ...WORDS, null, true, [], {}, [[]], { a: {} }]);
  }
  const key = dice.pick(keys);
  const copy: Record<string, Json> | Json[] = Array.isArray(value)
    ? [...value]
    : { ...value as object };
  Reflect.set(copy, key, replaced(Reflect.get(copy, key) as Json, dice)); // it is of a JSON tree
  return copy;
}

/** One tensor of a stored object with other metadata or a chunk that unpacks to more; all digests fit. */
async function tensorOf(
  dice: Dice,
  store: Store,
  objects: readonly Digest[],
  folder: string,
): Promise<string | null> {
  const digest = dice.pick(objects);
  const info = await store.readInfo(digest);
  const from = store.objectFolder(digest);
  const place = `${folder}/tensor-${crypto.randomUUID()}`;
  const files: Record<string, { size: number; sha256: Digest }> = {};
  for (const path of Object.keys(info.files)) {
    let bytes = Deno.readFileSync(`${from}/${path}`);
    if (path.endsWith("/zarr.json") && dice.below(2) === 0) {
      const metadata: Json = JSON.parse(new TextDecoder().decode(bytes));
      bytes = new TextEncoder().encode(JSON.stringify(hostile(metadata, dice)));
    } else if (/\/c[^/]*$/.test(path) && dice.below(2) === 0) {
      bytes = dice.below(2) === 0 ? zeros(2 ** 30) : broken(bytes, dice);
    }
    Deno.mkdirSync(`${place}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeFileSync(`${place}/${path}`, bytes);
    files[path] = { size: bytes.length, sha256: await sha256(bytes) };
  }
  Deno.writeTextFileSync(`${place}/object.json`, JSON.stringify({ ...info, files }));
  return await refused(() => verifyArtifact(place, digest), true);
}

/** A zstd frame of so many zeros, in blocks that repeat one byte. */
function zeros(count: number): Uint8Array<ArrayBuffer> {
  const block = 128 * 1024;
  const blocks = Math.ceil(count / block);
  const bytes = new Uint8Array(4 + 1 + 8 + 4 * blocks);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xfd2fb528, true);
  // One segment, whose size stands in eight bytes.
  view.setUint8(4, 0b1110_0000);
  view.setBigUint64(5, BigInt(blocks * block), true);
  for (let i = 0; i < blocks; i++) {
    const isLast = i === blocks - 1 ? 1 : 0;
    const header = isLast | (1 << 1) | (block << 3);
    view.setUint16(13 + 4 * i, header & 0xffff, true);
    view.setUint8(15 + 4 * i, header >> 16);
  }
  return bytes;
}
