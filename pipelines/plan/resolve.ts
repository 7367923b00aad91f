/**
 * Where the imports of a stage lead. Nothing but the import's own text and deno.json's `imports` decides it: no
 * package.json, no tsconfig, and no file that a new one beside it could take the place of.
 */
import { dirname, join } from "node:path/posix";
import type { Loader, OnResolveArgs, PartialMessage, Plugin } from "esbuild";
import type { Sources } from "./sources.ts";

/** The bundler knows each source file by a name of ours in here, so that no folder of a machine is in what it prints. */
export const SOURCE = "source";

/** What the entry of a build imports: the module in `Rules.entry`. */
export const ENTRY = "crisol:stage";

/** Modules of Node that compute; the others reach files, processes, clocks, or globals that nobody guards. */
const PLAIN_NODE = new Set(
  ["assert", "assert/strict", "events", "path", "stream", "url", "zlib"]
    .map((name) => `node:${name}`),
);

/** Packages of the engine and of its tests: they write to standard output, start programs, hand out `node:process`. */
const TOOLS = /^npm:\/?(?:assemblyscript|commander|esbuild|fast-check|playwright-core)(?:[@/]|$)/;

/** What a file is by its name, where the import does not say more. */
const CODE: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".tsx": "tsx",
  ".js": "js",
  ".mjs": "js",
  ".jsx": "jsx",
};

/** What it is by the import's `with { type: ... }`. */
const TYPES: Readonly<Record<string, Loader>> = { json: "json", text: "text", bytes: "binary" };

/** The folders that a build is made of. */
export interface Folders {
  readonly root: string;
  /** The folder of the stage's own file; null: the build is of the project alone. */
  readonly own: string | null;
}

/** Those folders as they were named, by which imports go, as Deno's do; `real`: links followed, which none may leave. */
export interface Places extends Folders {
  readonly real: Folders;
}

/** A source file of a build. */
export interface Loaded {
  readonly name: string;
  readonly real: string;
  readonly loader: Loader;
  /** Of the import; null: it is code. */
  readonly type: string | null;
}

export interface Rules {
  readonly places: Places;
  /** deno.json's. */
  readonly imports: ReadonlyMap<string, string>;
  readonly sources: Sources;
  /** The file that `ENTRY` stands for, as it was named. */
  readonly entry: string | null;
  /** Gathers the packages that are imported, as `npm:` specifiers. */
  readonly packages: Set<string>;
  /** Gathers the files, by their name and what they were read as. */
  readonly loaded: Map<string, Loaded>;
  /** The file of another build that a source file is in; null: it is in this one. */
  readonly apart?: (name: string) => string | null;
}

/** A file's name in builds: from the project's folder, or, as "./...", from that of the stage's own file. */
function nameIn({ root, own }: Folders, path: string): string | null {
  if (path.startsWith(`${root}/`)) return path.slice(root.length + 1);
  return own !== null && path.startsWith(`${own}/`) ? `.${path.slice(own.length)}` : null;
}

function pathOf({ root, own }: Folders, name: string): string {
  return name.startsWith("./") && own !== null ? `${own}${name.slice(1)}` : `${root}/${name}`;
}

export function resolver(rules: Rules): Plugin {
  const { places, sources, packages, loaded } = rules;
  const isStage = places.own !== null;
  const wrong = (text: string) => ({ errors: [{ text }] });

  /** `named`: absolute; `path`: as the import has it. */
  const file = async (named: string, path: string, type: string | undefined) => {
    const real = await sources.find(named).catch(() => null);
    if (real === null) return wrong(await absent(named, path));
    const inside = nameIn(places.real, real);
    const name = nameIn(places, named) ?? inside;
    if (inside === null || name === null) {
      return wrong(
        `A stage cannot import "${real}": it lies neither in the project nor in the folder of the ` +
          "stage's own file",
      );
    }
    if (type === undefined && loaderOf(name) === undefined) {
      return wrong(
        `"${path}" is no module of code: write what it is read as, with { type: "json" }, "text" ` +
          'or "bytes"',
      );
    }
    const other = rules.apart?.(name) ?? null;
    return other === null
      ? { path: name, namespace: SOURCE, sideEffects: true }
      : { path: `./${other}`, external: true };
  };

  const external = (target: string, path: string) => {
    if (isStage && TOOLS.test(target)) {
      return wrong(`A stage cannot import "${path}": it is a tool of the engine's own`);
    }
    packages.add(target);
    return { path: target, external: true };
  };

  const resolve = async (args: OnResolveArgs) => {
    const { path, kind } = args;
    const { type, ...more } = args.with;
    const [odd] = Object.keys(more);
    if (odd !== undefined || (type !== undefined && !Object.hasOwn(TYPES, type))) {
      return wrong(
        `"${path}" is imported with ${odd ?? "type"}: "${odd === undefined ? type : more[odd]}"; ` +
          'wanted with { type: "json" }, "text" or "bytes", or none',
      );
    }
    if (kind === "entry-point") return await file(join(places.root, path), path, type);
    if (path === ENTRY && rules.entry !== null && args.namespace !== SOURCE) {
      return await file(rules.entry, path, type);
    }
    if (kind !== "import-statement" && kind !== "dynamic-import") {
      return wrong(`A stage has no require(): write \`import\` for "${path}"`);
    }
    if (/^\.\.?(?:\/|$)/.test(path)) {
      if (/[\\?#%]/.test(path)) return wrong(`"${path}" is no plain path: it may hold no \\ ? # %`);
      return await file(join(dirname(pathOf(places, args.importer)), path), path, type);
    }
    if (path.startsWith("node:")) {
      return !isStage || PLAIN_NODE.has(path) ? { path, external: true } : wrong(
        `A stage cannot import "${path}": it reaches the world through its context alone`,
      );
    }
    if (path.startsWith("npm:")) return external(path, path);
    const target = targetOf(path, rules.imports);
    if (target !== null) {
      return target.startsWith("npm:")
        ? external(target, path)
        : await file(join(places.root, target), path, type);
    }
    return wrong(
      path.startsWith("/")
        ? `"${path}" is an absolute path, which is another one elsewhere: write it from this file`
        : /^[a-z]+:/.test(path)
        ? `A stage cannot import "${path}": only files and packages of deno.json's imports`
        : `"${path}" is not among the imports of deno.json`,
    );
  };

  return {
    name: "sources",
    setup(build) {
      build.onResolve({ filter: /.*/ }, resolve);
      // What we have not resolved: the files that fit a pattern, which the bundler has looked for.
      build.onLoad({ filter: /.*/, namespace: "file" }, () => ({
        errors: [{ id: "unsupported-dynamic-import", text: "a pattern" }],
      }));
      build.onLoad({ filter: /.*/, namespace: SOURCE }, async ({ path: name, with: { type } }) => {
        const real = await sources.find(pathOf(places, name));
        const loader = type === undefined ? loaderOf(name) : TYPES[type];
        if (loader === undefined) throw new Error(`"${name}" was resolved and cannot be loaded`);
        loaded.set(labelOf(name, type ?? null), { name, real, loader, type: type ?? null });
        try {
          return { contents: await sources.read(real), loader };
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error);
          const message: PartialMessage = { text: `"${name}" cannot be read: ${text}` };
          return { errors: [message] };
        }
      });
    },
  };
}

/** How a source file is called where it is told of; one that is read in two ways is two. */
export function labelOf(name: string, type: string | null): string {
  return type === null ? name : `${name} as ${type}`;
}

function loaderOf(name: string): Loader | undefined {
  return CODE[/\.\w+$/.exec(name)?.[0] ?? ""];
}

/** What deno.json's import map makes of a name; null: it has none. */
function targetOf(path: string, imports: ReadonlyMap<string, string>): string | null {
  for (const [name, target] of imports) {
    if (path === name) return target;
    const isPrefix = name.endsWith("/") || target.startsWith("npm:");
    const prefix = name.endsWith("/") ? name : `${name}/`;
    if (isPrefix && path.startsWith(prefix)) return `${target}${path.slice(name.length)}`;
  }
  return null;
}

/** What to write in the place of an import that names no file. */
async function absent(named: string, path: string): Promise<string> {
  const stem = named.replace(/\.\w+$/, "");
  const found: string[] = [];
  for (
    const one of [
      ...Object.keys(CODE).flatMap((end) => [`${named}${end}`, `${stem}${end}`]),
      `${named}/index.ts`,
      `${named}/mod.ts`,
    ]
  ) {
    const isThere = await Deno.stat(one).then(({ isFile }) => isFile, () => false);
    if (isThere) found.push(one);
  }
  const [first] = found;
  if (first === undefined) return `"${path}" names no file`;
  const rest = first.startsWith(named) ? first.slice(named.length) : null;
  const written = rest === null
    ? `${path.replace(/\.\w+$/, "")}${first.slice(stem.length)}`
    : `${path.replace(/\/$/, "")}${rest}`;
  return `"${path}" names no file: an import has the whole name, write "${written}"`;
}
