/**
 * A plan that was made before, if nothing that it was made from has changed. What is compared is content,
 * never a file's time: all sources together are some hundred small files, read and hashed in milliseconds.
 */
import { forward } from "../config/paths.ts";
import { sha256 } from "../store/canonical.ts";
import type { Store } from "../store/local.ts";
import { MAIN } from "./bundle.ts";
import { type PackedPlan, packPlan, unpackPlan } from "./packed.ts";
import type { Digest, Plan } from "./plan.ts";
import { stateOf } from "./sources.ts";

/**
 * Folders whose files decide what a plan is, beside the sources of its stages: the engine's own part in planning, all
 * that a bundle's host is made of, and the sources of kernels and of the report's script.
 */
const FOLDERS = [
  "pipelines/config",
  "pipelines/executors",
  "pipelines/host",
  "pipelines/plan",
  "pipelines/report",
  "pipelines/store",
  "pipelines/tensor",
  "kernels",
  "numerics",
];

/** The same, of a room's size. */
const ALONE = ["pipelines/json.ts", "pipelines/names.ts", "pipelines/stage.ts"];

interface Cached {
  /** By the paths that led there, which may be links. */
  readonly files: readonly string[];
  readonly digest: string;
  readonly plan: PackedPlan;
}

export interface Asked {
  /** Absolute path of the config. */
  readonly path: string;
  readonly overrides: readonly string[];
  /** Absolute folder of `deno.json`. */
  readonly root: string;
}

/** Null if there is none, or it is of yesterday. */
export async function readPlan(asked: Asked, store: Store): Promise<Plan | null> {
  const found = await store.readCache("plans", keyOf(asked)) as Cached | null; // written below
  if (found === null) return null;
  if (await digestOfFiles([...found.files, ...engineFiles(asked.root)]) !== found.digest) {
    return null;
  }
  const { code, kernels } = found.plan.tables;
  const needed = [
    ...code.map(({ bundle }) => `${store.bundleFolder(bundle)}/${MAIN}`),
    ...kernels.flatMap((all) => Object.values(all).map(({ path }) => path)),
  ];
  return new Set(needed).values().every(isFile) ? unpackPlan(found.plan) : null;
}

/** What a plan is made from, as it is before anything of it is read: path to state. */
export type Before = ReadonlyMap<string, Digest>;

/** To be called before the config is read. */
export async function beforePlan(asked: Asked): Promise<Before> {
  const { path, root } = asked;
  const files = [path, `${root}/deno.json`, `${root}/deno.lock`, ...engineFiles(root)];
  return new Map(
    await Promise.all(files.map(async (file) => [file, await digestNow(file)] as const)),
  );
}

/**
 * Keeps a plan, unless a file was edited while it was made: such a plan would stand for text that it was
 * not made from. `read`: the sources' paths and states as they were read.
 */
export async function writePlan(
  asked: Asked,
  store: Store,
  plan: Plan,
  before: Before,
  read: ReadonlyMap<string, Digest>,
): Promise<void> {
  const engine = new Set(engineFiles(asked.root));
  const files = [...new Set([...before.keys(), ...read.keys()])].filter((path) =>
    !engine.has(path)
  );
  const digest = await digestOfFiles([...files, ...engineFiles(asked.root)]);
  for (const [path, known] of [...before, ...read]) {
    if (await digestNow(path) !== known) return;
  }
  const cached: Cached = { files, digest, plan: packPlan(plan) };
  await store.writeCache("plans", keyOf(asked), cached);
}

async function digestNow(path: string): Promise<Digest> {
  const found = lookAt(path);
  return await stateOf(found?.real ?? "", found?.content ?? new Uint8Array());
}

function keyOf({ path, overrides, root }: Asked) {
  return { path, overrides, root, deno: Deno.version.deno };
}

function engineFiles(root: string): string[] {
  const found: string[] = [];
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(folder)) {
      if (isDirectory) visit(`${folder}/${name}`);
      else found.push(`${folder}/${name}`);
    }
  };
  for (const folder of FOLDERS) visit(`${root}/${folder}`);
  return [...found.sort(), ...ALONE.map((path) => `${root}/${path}`)];
}

/** Of names, of where they lead, and of contents; a file that is not there counts as such. */
async function digestOfFiles(files: readonly string[]): Promise<string> {
  const encoder = new TextEncoder();
  const parts = files.flatMap((path) => {
    const found = lookAt(path);
    const line = found === null ? "none" : `${found.real}\n${found.content.length}`;
    return [encoder.encode(`${path}\n${line}\n`), found?.content ?? new Uint8Array()];
  });
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return await sha256(all);
}

/** A file as it is now, links followed; null: there is none to be read, and whoever reads it says why. */
function lookAt(path: string): { real: string; content: Uint8Array<ArrayBuffer> } | null {
  try {
    const real = forward(Deno.realPathSync(path));
    return { real, content: Deno.readFileSync(real) };
  } catch {
    return null;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
