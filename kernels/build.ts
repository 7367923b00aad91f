/**
 * Compiles the kernels, family by family, and keeps the results by the digest of all that decides
 * them. As a script: `deno run -A kernels/build.ts [FOLDER]`.
 */
import { FAMILIES, type Family } from "./families.ts";
import { LEAST_PAGES, MOST_PAGES } from "./memory.ts";

export interface BuiltKernel {
  /** The compiled module's file. */
  readonly path: string;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly digest: string;
}

/** Says what was built, where a folder may have been written by others; by a file's name. */
export interface Seals {
  /** SHA-256 of what was built; null: nobody vouches for it. */
  read(name: string): Promise<string | null>;
  write(name: string, digest: string): Promise<void>;
}

/** Where the project keeps them unless told otherwise. */
export const CACHE_FOLDER = "artifacts/cache/kernels";

/** -O2: -O3 reorders loads so that registers spill. No relaxed SIMD: its bits differ by machine. */
const FLAGS: readonly string[] = [
  "--optimizeLevel",
  "2",
  "--shrinkLevel",
  "0",
  "--noAssert",
  "--runtime",
  "stub",
  "--importMemory",
  "--sharedMemory",
  "--initialMemory",
  `${LEAST_PAGES}`,
  "--maximumMemory",
  `${MOST_PAGES}`,
  "--enable",
  "simd",
  "--enable",
  "threads",
  "--use",
  "abort=",
];

type Sources = ReadonlyMap<string, string>;

/** A family's source and all that it imports, by file name; every file lies in `assembly/`. */
async function sourcesOf(family: Family): Promise<Sources> {
  const found = new Map<string, string>();
  const wanted = [`${family}.ts`];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (found.has(name)) continue;
    const text = await Deno.readTextFile(new URL(`./assembly/${name}`, import.meta.url));
    // A checkout on Windows may have other line ends; the result must not.
    found.set(name, text.replaceAll("\r\n", "\n"));
    for (const [, imported] of text.matchAll(/\bfrom\s+"\.\/([\w-]+)"/g)) {
      wanted.push(`${imported}.ts`);
    }
  }
  return new Map([...found].sort(([a], [b]) => a < b ? -1 : 1));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** The compiler's version, as `deno.json` pins it. */
async function compilerVersion(): Promise<string> {
  const text = await Deno.readTextFile(new URL("../deno.json", import.meta.url));
  const version = /"npm:assemblyscript@(\d[^"]*)"/.exec(text)?.[1];
  if (version === undefined) {
    throw new Error('Cannot tell the AssemblyScript compiler\'s version: "deno.json" must pin it');
  }
  return version;
}

/** Digest of a family's sources, the compiler's version and its flags. */
function sourceDigest(sources: Sources, version: string): Promise<string> {
  const all = JSON.stringify(["kernels v1", version, FLAGS, [...sources]]);
  return sha256(new TextEncoder().encode(all));
}

async function compile(family: Family, sources: Sources): Promise<Uint8Array<ArrayBuffer>> {
  // Imported only here, because it takes most of a second.
  const asc = await import("assemblyscript/asc");
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [`${family}.ts`, "--outFile", "out.wasm", ...FLAGS],
    {
      readFile: (name) => sources.get(name) ?? null,
      writeFile: (_name, contents) => {
        if (typeof contents !== "string") binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) {
    throw new Error(
      `Cannot compile the kernels of "kernels/assembly/${family}.ts": ${stderr.toString()}`,
      { cause: error },
    );
  }
  return Uint8Array.from(binary);
}

/** Writes a file whole or not at all; two processes may do it at once. */
async function publish(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    const file = await Deno.open(temporary, { write: true, createNew: true });
    try {
      for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function readValid(path: string, seal: string | null): Promise<BuiltKernel | null> {
  try {
    const bytes = await Deno.readFile(path), digest = await sha256(bytes);
    const isOurs = seal === null ? WebAssembly.validate(bytes) : digest === seal;
    return isOurs ? { path, digest } : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function build(
  family: Family,
  version: string,
  folder: string,
  seals: Seals | null,
): Promise<BuiltKernel> {
  const sources = await sourcesOf(family);
  const name = `${family}-${await sourceDigest(sources, version)}.wasm`, path = `${folder}/${name}`;
  const seal = await seals?.read(name) ?? null;
  const before = seals !== null && seal === null ? null : await readValid(path, seal);
  if (before !== null) return before;
  const bytes = await compile(family, sources), digest = await sha256(bytes);
  await publish(path, bytes);
  await seals?.write(name, digest);
  return { path, digest };
}

/**
 * All families, compiled into `cacheFolder` where they are not there yet. The same sources give the
 * same bytes in every folder. A warm call only reads and hashes. `seals`: what is there is believed by them
 * alone; null: the folder is the caller's own.
 */
export async function buildKernels(
  cacheFolder: string = CACHE_FOLDER,
  seals: Seals | null = null,
): Promise<Record<Family, BuiltKernel>> {
  await Deno.mkdir(cacheFolder, { recursive: true });
  const built = new Map<Family, BuiltKernel>();
  const version = await compilerVersion();
  for (const family of FAMILIES) {
    built.set(family, await build(family, version, cacheFolder, seals));
  }
  // Every family was set by the loop above.
  return Object.fromEntries(built) as Record<Family, BuiltKernel>;
}
