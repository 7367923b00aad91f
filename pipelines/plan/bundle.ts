/**
 * A stage's code. One build of the stage alone gives the files that run, and the key covers those very files; the host,
 * which answers the engine around them, is a build of its own, and the same for all stages of a plan.
 */
import type { BuildOptions, Plugin } from "esbuild";
import { forward } from "../config/paths.ts";
import type { JsonObject } from "../json.ts";
import { type BundleFiles, digestOfBundle, isWholeBundle, putBundle } from "../store/bundles.ts";
import { sha256 } from "../store/canonical.ts";
import type { Store } from "../store/local.ts";
import { explainBuild, REFUSED } from "./bundle_error.ts";
import { getOrAdd } from "./cells.ts";
import { MAPS, mapsText, numbered, type Output } from "./maps.ts";
import { bareImports, importsOf, type Lock, packageClosure } from "./packages.ts";
import type { Code, Digest } from "./plan.ts";
import { MODULES, PRINTED } from "./printed.ts";
import { ENTRY, labelOf, type Loaded, type Places, resolver } from "./resolve.ts";
import { Sources } from "./sources.ts";

/** The file of a bundle that a process is started with. */
export const MAIN = "main.js";

/** The guard first, and what follows loaded after it: it must stand before a line of the stage runs. */
const MAIN_TEXT = `import "./guard.js";
const { default: stage } = await import("./stage.js");
const { serve } = await import("./host.js");
await serve(stage);
`;

/** What the host gives to stages as the world's own, so that they run it: the functions behind the global `Math`. */
const LENT = "numerics/";

/** What a build needs to know of the project; read once a plan. */
export interface Project {
  /** Absolute folder of `deno.json`, with `/`. */
  readonly root: string;
  readonly configText: string;
  readonly lockText: string;
}

type Files = Map<string, Uint8Array<ArrayBuffer>>;

/** What a build gives. */
interface Built {
  readonly files: Files;
  /** The text of `MAPS`. */
  readonly maps: string;
  /** The sources that were read for them, in any order. */
  readonly loaded: readonly Loaded[];
  readonly packages: ReadonlySet<string>;
}

interface Host {
  readonly own: Built;
  readonly lent: Built;
}

/** A source file as explanations of changes need it. */
interface Module {
  readonly digest: Digest;
  /** Without types and comments, one declaration after the other; null: it is data. */
  readonly printed: string | null;
}

const encoder = new TextEncoder();

/** Builds stages of one project, each source file read once for all of them. */
export class Bundler {
  readonly #imports: ReadonlyMap<string, string>;
  readonly #lock: Lock;
  readonly #modules = new Map<string, Promise<Module>>();
  #host: Promise<Host> | null = null;
  #root: string | null = null;

  constructor(
    readonly project: Project,
    readonly store: Store,
    readonly sources: Sources = new Sources(),
  ) {
    this.#imports = importsOf(JSON.parse(project.configText) as JsonObject); // Deno itself has read it
    this.#lock = JSON.parse(project.lockText) as Lock; // as Deno writes it
  }

  /** Builds the stage in the file `module` (absolute), puts its bundle into the store, and digests its code. */
  async bundle(module: string): Promise<Code> {
    try {
      return await this.#bundle(module);
    } catch (error) {
      throw explainBuild(error, module);
    }
  }

  async #bundle(module: string): Promise<Code> {
    const { version } = await import("esbuild");
    const own = module.slice(0, module.lastIndexOf("/"));
    const root = await this.#realRoot();
    const places = {
      root: this.project.root,
      own,
      real: { root, own: forward(await Deno.realPath(own)) },
    };
    const [stage, host] = await Promise.all([
      this.#build(
        {
          sourcemap: "inline",
          sourcesContent: false,
          stdin: { contents: `export { default } from "${ENTRY}";`, sourcefile: "stage" },
          entryNames: "stage",
          // Told of as an error, with its place, where the bundler would only warn.
          supported: { "import-meta": false },
          logOverride: Object.fromEntries(Object.keys(REFUSED).map((id) => [id, "error"])),
        },
        places,
        { entry: module },
      ),
      this.#host ??= this.#buildHost(root),
    ]);
    const loaded = [...stage.loaded, ...host.lent.loaded]
      .map((one) => ({ ...one, label: labelOf(one.name, one.type) }))
      .sort((a, b) => a.label < b.label ? -1 : 1); // they were loaded in any order
    const modules: Record<string, Digest> = {};
    const printed: Record<string, string> = {};
    for (const one of loaded) {
      const kind = `${one.type ?? ""} ${one.real}`;
      const made = await getOrAdd(this.#modules, kind, () => this.#moduleOf(one));
      modules[one.label] = made.digest;
      if (made.printed !== null) printed[one.label] = made.printed;
    }
    const files: BundleFiles = new Map([
      [MAIN, encoder.encode(MAIN_TEXT)],
      ...host.own.files,
      ...host.lent.files,
      ...stage.files,
      [MODULES, encoder.encode(JSON.stringify(modules))],
      [PRINTED, encoder.encode(JSON.stringify(printed))],
      [MAPS, encoder.encode(stage.maps)],
      ["deno.json", encoder.encode(JSON.stringify({ imports: bareImports(this.#imports) }))],
      ["deno.lock", encoder.encode(this.project.lockText)],
    ]);
    return {
      bundle: await storeBundle(this.store, files),
      built: await digestOfBundle(new Map([...stage.files, ...host.lent.files])),
      modules,
      packages: packageClosure(this.#lock, [
        ...new Set([stage, host.own, host.lent].flatMap(({ packages }) => [...packages])),
      ]),
      bundler: `esbuild ${version}`,
    };
  }

  async #realRoot(): Promise<string> {
    return this.#root ??= forward(await Deno.realPath(this.project.root));
  }

  async #buildHost(root: string): Promise<Host> {
    const lent = new Map<string, string>();
    const places = { root: this.project.root, own: null, real: { root, own: null } };
    const own = await this.#build(
      {
        entryPoints: { guard: "pipelines/host/guard.ts", host: "pipelines/host/main.ts" },
      },
      places,
      {
        apart(name) {
          if (!name.startsWith(LENT)) return null;
          const stem = name.slice(LENT.length).replace(/\.ts$/, "").replaceAll("/", "-");
          lent.set(stem, name);
          return `${stem}.js`;
        },
      },
    );
    return { own, lent: await this.#build({ entryPoints: Object.fromEntries(lent) }, places, {}) };
  }

  /** What is printed is minified, and then laid out anew: so neither comments nor layout are in it, and traces have lines. */
  async #build(
    options: BuildOptions,
    places: Places,
    more: { readonly entry?: string; readonly apart?: (name: string) => string | null },
  ): Promise<Built> {
    const esbuild = await import("esbuild");
    const packages = new Set<string>();
    const loaded = new Map<string, Loaded>();
    const plugin: Plugin = resolver({
      places,
      imports: this.#imports,
      sources: this.sources,
      entry: null,
      packages,
      loaded,
      ...more,
    });
    const { outputFiles } = await esbuild.build({
      entryNames: "[name]",
      chunkNames: "[name]-[hash]",
      ...options,
      bundle: true,
      write: false,
      splitting: true,
      format: "esm",
      platform: "neutral",
      target: "esnext",
      charset: "utf8",
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: "none",
      logLevel: "silent",
      tsconfigRaw: "{}",
      absWorkingDir: places.root,
      outdir: "out",
      plugins: [plugin],
    });
    const outputs: Output[] = [];
    for (const { path, text } of outputFiles) {
      const { code, map } = await esbuild.transform(text, {
        target: "esnext",
        charset: "utf8",
        // Goes on from the map that the build has left in the text.
        ...options.sourcemap === undefined ? {} : { sourcemap: "external", sourcesContent: false },
      });
      outputs.push({ name: path.replace(/^.*[\\/]/, ""), code, map });
    }
    const named = options.sourcemap === undefined ? outputs : numbered(outputs);
    return {
      files: new Map(named.map(({ name, code }) => [name, encoder.encode(code)])),
      maps: mapsText(named),
      loaded: [...loaded.values()],
      packages,
    };
  }

  /** Only for explanations: what is hashed is the whole that is built. */
  async #moduleOf({ real, loader, type }: Loaded): Promise<Module> {
    const content = await this.sources.read(real);
    if (type !== null) return { digest: await sha256(content), printed: null };
    const esbuild = await import("esbuild");
    const options = { loader, target: "esnext", charset: "utf8", tsconfigRaw: "{}" } as const;
    const [short, long] = await Promise.all([
      esbuild.transform(content, { ...options, minifyWhitespace: true, minifySyntax: true }),
      esbuild.transform(content, options),
    ]);
    return { digest: await sha256(encoder.encode(short.code)), printed: long.code };
  }
}

/** Ends esbuild's own process, which would keep ours alive. */
export async function stopBundler(): Promise<void> {
  await (await import("esbuild")).stop();
}

/** Writes the files under their common digest, if they are not there. */
async function storeBundle(store: Store, files: BundleFiles): Promise<Digest> {
  const digest = await digestOfBundle(files);
  if (!await isWholeBundle(store.bundleFolder(digest), digest)) {
    await putBundle(store, digest, files);
  }
  return digest;
}
