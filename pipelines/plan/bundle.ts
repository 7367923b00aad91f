/**
 * A stage's code. Two builds of the same sources: one of the stage alone, whose text is hashed module by
 * module, and one with the host, in pieces that load when they are imported, which is stored and runs.
 */
import { normalize } from "node:path";
import type { BuildFailure, Plugin } from "esbuild";
import { forward } from "../config/paths.ts";
import type { JsonObject } from "../json.ts";
import { type BundleFiles, digestOfBundle, isWholeBundle, putBundle } from "../store/bundles.ts";
import { sha256 } from "../store/canonical.ts";
import type { Store } from "../store/local.ts";
import { importsOf, type Lock, packageClosure, versionless } from "./packages.ts";
import type { Code, Digest } from "./plan.ts";
import { nameOf, parts } from "./printed.ts";
import { Sources } from "./sources.ts";

/** The file of a bundle that a process is started with. */
export const MAIN = "main.js";

/** What a build needs to know of the project; read once a plan. */
export interface Project {
  /** Absolute folder of `deno.json`, with `/`. */
  readonly root: string;
  readonly configText: string;
  readonly lockText: string;
}

/** A stage that cannot be built: an import that does not exist, an error in its syntax. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/** Modules of Node that compute; the others reach files, processes, clocks, or globals that nobody guards. */
const PLAIN_NODE = new Set(
  ["assert", "assert/strict", "buffer", "events", "path", "stream", "timers", "url", "util", "zlib"]
    .map((name) => `node:${name}`),
);

const encoder = new TextEncoder();

/** Builds the stage in the file `module` (absolute), puts its bundle into the store, and digests its code. */
export async function bundleStage(
  project: Project,
  module: string,
  store: Store,
  sources: Sources = new Sources(),
): Promise<Code> {
  const esbuild = await import("esbuild");
  const externals = new Set<string>();
  const imports = importsOf(JSON.parse(project.configText) as JsonObject); // Deno itself has read it
  const common = {
    bundle: true,
    write: false,
    // What a linked folder holds imports as from where the link stands, in the project.
    preserveSymlinks: true,
    metafile: true,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    tsconfigRaw: "{}",
    absWorkingDir: project.root,
    outdir: "out",
  } as const;
  const line = (path: string) => JSON.stringify(path);
  const host = `${project.root}/pipelines/host`;
  try {
    const alone = await esbuild.build({
      ...common,
      stdin: {
        contents: `export { default } from ${line(module)};`,
        resolveDir: project.root,
        sourcefile: "stage",
      },
      plugins: [
        fence(project, module),
        resolver(project, imports, externals, versionless(imports)),
        loader(sources),
      ],
    });
    const whole = await esbuild.build({
      ...common,
      splitting: true,
      chunkNames: "[name]-[hash]",
      stdin: {
        // The guard first, and what follows loaded after it: it must stand before a line of the stage runs.
        contents: `import ${line(`${host}/guard.ts`)};\n` +
          `const { default: stage } = await import(${line(module)});\n` +
          `const { serve } = await import(${line(`${host}/main.ts`)});\nawait serve(stage);`,
        resolveDir: project.root,
        sourcefile: "main",
      },
      entryNames: "main",
      plugins: [resolver(project, imports, new Set(), (target) => target), loader(sources)],
    });
    const text = alone.outputFiles[0]?.text ?? "";
    refuse(text, module);
    const modules: Record<string, Digest> = {};
    const known = new Set(Object.keys(alone.metafile.inputs));
    for (const [path, part] of parts(text, (header) => known.has(header))) {
      // Printed anew: the bundler keeps some of the source's line breaks, and quotes around keys.
      const { code } = await esbuild.transform(part, {
        minifyWhitespace: true,
        minifySyntax: true,
        charset: "utf8",
      }).catch(() => ({ code: part }));
      modules[nameOf(path)] = await sha256(encoder.encode(code));
    }
    const files = new Map<string, Uint8Array<ArrayBuffer>>([
      ["deno.json", encoder.encode(project.configText)],
      ["deno.lock", encoder.encode(project.lockText)],
    ]);
    for (const { path, contents } of whole.outputFiles) {
      files.set(path.slice(path.lastIndexOf("/") + 1).replace(/.*\\/, ""), contents.slice());
    }
    const lock = JSON.parse(project.lockText) as Lock; // as Deno writes it
    return {
      bundle: await storeBundle(store, files),
      modules,
      packages: packageClosure(lock, externals),
      bundler: `esbuild ${esbuild.version}`,
    };
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>; // what esbuild throws has them
    if (errors === undefined) throw error;
    const [first] = errors;
    if (/^No matching export in .* for import "default"$/.test(first?.text ?? "")) {
      throw new BundleError(
        "it has no default export: wanted `export default defineStage({ ... })`",
      );
    }
    const place = first?.location
      ? ` (${first.location.file}:${first.location.line}:${first.location.column + 1})`
      : "";
    // The bundler has taken the files of a pattern, and one of them is no module.
    const isPattern = /\bimport\((?!\s*(["'])[^"']*\1\s*[,)])/.test(
      first?.location?.lineText ?? "",
    );
    throw new BundleError(
      (isPattern ? patternIn(module) : first?.text ?? "It cannot be built") + place,
    );
  }
}

/** Ends esbuild's own process, which would keep ours alive. */
export async function stopBundler(): Promise<void> {
  await (await import("esbuild")).stop();
}

/**
 * Packages stay outside, by the exact version that deno.json names; anything else is a file. `externals`
 * gathers them; `print` says how the build's text names one.
 */
function resolver(
  project: Project,
  imports: ReadonlyMap<string, string>,
  externals: Set<string>,
  print: (target: string) => string,
): Plugin {
  const external = (path: string) => {
    externals.add(path);
    return { path: print(path), external: true };
  };
  return {
    name: "imports",
    setup(build) {
      build.onResolve({ filter: /.*/ }, (args) => {
        const { path } = args;
        if (args.kind === "entry-point" || path.startsWith(".")) return undefined;
        // As it stands: the bundler takes a "*" in a path for a pattern.
        if (isAbsolute(path)) return { path: normalize(path) };
        if (path.startsWith("node:")) return { path, external: true };
        if (path.startsWith("npm:")) return external(path);
        for (const [name, target] of imports) {
          const rest = path === name
            ? ""
            : name.endsWith("/") && path.startsWith(name)
            ? path.slice(name.length)
            : path.startsWith(`${name}/`) && target.startsWith("npm:")
            ? path.slice(name.length)
            : null;
          if (rest === null) continue;
          return target.startsWith("npm:")
            ? external(`${target}${rest}`)
            : { path: `${project.root}/${target.replace(/^\.\//, "")}${rest}` };
        }
        return {
          errors: [{
            text: /^[a-z]+:/.test(path)
              ? `A stage cannot import "${path}": only files and packages of deno.json's imports`
              : `"${path}" is not among the imports of deno.json`,
          }],
        };
      });
    },
  };
}

/** What a stage's own code may not be made of. */
function fence(project: Project, module: string): Plugin {
  const real = (path: string) => {
    try {
      return forward(Deno.realPathSync(path));
    } catch {
      return forward(path); // the bundler's own complaint names the import
    }
  };
  const folders = [project.root, module.slice(0, module.lastIndexOf("/"))].map(real);
  return {
    name: "fence",
    setup(build) {
      build.onResolve({ filter: /^node:/ }, ({ path }) =>
        PLAIN_NODE.has(path) ? undefined : {
          errors: [{
            text: `A stage cannot import "${path}": it reaches the world through its context alone`,
          }],
        });
      // Links are followed here: what a link leads to would be read by the engine, which may read all.
      build.onLoad({ filter: /.*/, namespace: "file" }, ({ path }) => {
        const file = real(path);
        return folders.some((folder) => file.startsWith(`${folder}/`)) ? undefined : {
          errors: [{
            text:
              `A stage cannot import "${file}": it lies neither in the project nor in the folder ` +
              "of the stage's own file",
          }],
        };
      });
    },
  };
}

/** Both builds see each file as it was when it was first read: what runs is what was hashed. */
function loader(sources: Sources): Plugin {
  return {
    name: "sources",
    setup(build) {
      build.onLoad({ filter: /.*/, namespace: "file" }, async ({ path }) => {
        try {
          return { contents: await sources.read(path), loader: "default" };
        } catch {
          return undefined; // the bundler's own complaint names the import
        }
      });
    },
  };
}

function isAbsolute(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path);
}

/** What the bundler does not follow, so that it would run without being hashed. */
function refuse(text: string, module: string): void {
  const name = module.slice(module.lastIndexOf("/") + 1);
  if (/\bimport\.meta\b/.test(text)) {
    throw new BundleError(
      `"${name}" or what it imports uses import.meta: what it would read is not part of its identity`,
    );
  }
  // Of a pattern, the bundler would take all files that fit, and new ones would go unseen.
  if (/\bimport\((?!\s*["'])|\b__glob\(\{/.test(text)) {
    throw new BundleError(patternIn(module));
  }
}

function patternIn(module: string): string {
  return `"${module.slice(module.lastIndexOf("/") + 1)}" or what it imports has an import() of ` +
    "something that is no plain text: such code would run without being part of its identity";
}

/** Writes the files under their common digest, if they are not there. */
async function storeBundle(store: Store, files: BundleFiles): Promise<Digest> {
  const digest = await digestOfBundle(files);
  if (!await isWholeBundle(store.bundleFolder(digest), digest)) {
    await putBundle(store, digest, files);
  }
  return digest;
}
