/**
 * Builds a page's own script with all that it imports, minified, as one file. A stage process may not read
 * packages, so it gets the report's script as it gets kernels: built before, by its digest.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

/** The sources of each page's script in this folder, its entry first. */
export const CLIENTS = {
  "report-client": [
    "client.ts",
    "dom.ts",
    "flame.ts",
    "lineage.ts",
    "missing.ts",
    "settings.ts",
    "../names.ts",
  ],
  "sweep-client": [
    "sweep_client.ts",
    "dom.ts",
    "flame.ts",
    "lineage.ts",
    "sweep_axes.ts",
    "sweep_canvas.ts",
    "sweep_columns.ts",
    "sweep_frames.ts",
    "sweep_kinds.ts",
    "sweep_pointer.ts",
    "sweep_ranking_view.ts",
    "sweep_selection.ts",
    "sweep_values.ts",
    "../names.ts",
    "../../numerics/double.ts",
    "../../numerics/exponential.ts",
    "../../numerics/functions.ts",
    "../../numerics/trigonometry.ts",
  ],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** Says what was built, where a folder may have been written by others; by a file's name. */
export interface Seals {
  /** SHA-256 of what was built; null: nobody vouches for it. */
  read(name: string): Promise<string | null>;
  write(name: string, digest: string): Promise<void>;
}

/** Resolves packages as Deno does, from its own cache, wherever that lies, and takes their browser builds. */
const packages: Plugin = {
  name: "packages",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async (args) => {
      if (args.kind === "entry-point") return undefined;
      const path = createRequire(args.importer).resolve(args.path);
      // Deno takes the condition "node"; vega's two packages that have one have a browser file beside it.
      const browser = path.replace(/\.node\.js$/, ".browser.js");
      if (browser !== path && (await Deno.stat(browser)).isFile) return { path: browser };
      return { path };
    });
  },
};

async function digestOf(...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const encoder = new TextEncoder();
  const hashes: string[] = [];
  for (const part of parts) {
    const bytes = typeof part === "string" ? encoder.encode(part) : new Uint8Array(part);
    const hash = await crypto.subtle.digest("SHA-256", bytes);
    hashes.push(new Uint8Array(hash).toHex());
  }
  if (hashes.length === 1 && hashes[0] !== undefined) return hashes[0];
  return await digestOf(hashes.join("\n"));
}

/**
 * Builds the script into `cacheFolder`, unless it lies there already for these sources and this lock file.
 * `digest` is the SHA-256 of the script's bytes, in hexadecimal. `seals`: what is there is believed by them alone;
 * null: the folder is the caller's own.
 */
export async function buildClient(
  cacheFolder: string,
  name: keyof typeof CLIENTS,
  seals: Seals | null = null,
): Promise<{ readonly path: string; readonly digest: string }> {
  const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const lock = await Deno.readFile(here("../../deno.lock")).catch(() => new Uint8Array());
  const names = [...CLIENTS[name], "build.ts", "../../deno.json"];
  const key = await digestOf(lock, ...await Promise.all(names.map((n) => Deno.readFile(here(n)))));
  await Deno.mkdir(cacheFolder, { recursive: true });
  const file = `${name}-${key.slice(0, 32)}.js`, path = `${cacheFolder}/${file}`;
  const seal = await seals?.read(file) ?? null;
  const built = seals !== null && seal === null ? null : await digestOfFile(path);
  if (built !== null && (seal === null || built === seal)) return { path, digest: built };
  const esbuild = await import("esbuild");
  const result = await esbuild.build({
    // Not by its whole path, in which a "*" would be a pattern.
    entryPoints: [CLIENTS[name][0]],
    absWorkingDir: here("."),
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    platform: "browser",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    tsconfigRaw: "{}",
    logLevel: "silent",
    plugins: [packages],
  });
  const bytes = result.outputFiles[0]?.contents;
  if (bytes === undefined) {
    throw new Error(`Cannot build ${name}: esbuild gave no file`);
  }
  // Renamed into place, so that a reader never sees half of it.
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  await Deno.writeFile(temporary, bytes);
  await Deno.rename(temporary, path);
  const digest = await digestOf(new Uint8Array(bytes));
  await seals?.write(file, digest);
  return { path, digest };
}

/** Null where there is no such file, or an empty one. */
async function digestOfFile(path: string): Promise<string | null> {
  try {
    const bytes = await Deno.readFile(path);
    return bytes.length === 0 ? null : await digestOf(bytes);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
