/** The packages that code imports, with all that these import, as `deno.lock` pins them. */
import type { JsonObject } from "../json.ts";

export interface Lock {
  readonly specifiers?: Readonly<Record<string, string>>;
  readonly npm?: Readonly<
    Record<string, {
      readonly integrity?: string;
      readonly dependencies?: readonly string[];
      /** Loaded where they are there, as they are on some machines. */
      readonly optionalDependencies?: readonly string[];
      readonly optionalPeers?: readonly string[];
    }>
  >;
}

/** Thrown where `deno.lock` lacks a package. */
export class LockError extends Error {
  override readonly name = "LockError";
}

/** `npm:@a/b@1.2.3/sub` to `npm:@a/b@1.2.3`. */
function packageOf(specifier: string): string {
  return /^npm:\/?((?:@[^/]+\/)?[^/]+)/.exec(specifier)?.[1] ?? specifier;
}

/** Name to `version integrity`, by name; `specifiers`: as imported, e.g. `npm:vega@6.4.0`. */
export function packageClosure(
  lock: Lock,
  specifiers: Iterable<string>,
): Readonly<Record<string, string>> {
  const npm = lock.npm ?? {};
  const keys = Object.keys(npm);
  const found = new Map<string, string[]>();
  // Without a version where there is only one in the whole lock file.
  const exactly = (dependency: string) =>
    Object.hasOwn(npm, dependency)
      ? dependency
      : keys.find((one) => one.startsWith(`${dependency}@`));
  const visit = (key: string) => {
    const entry = npm[key];
    if (entry === undefined) throw new LockError(`"deno.lock" has no package "${key}"`);
    const at = key.indexOf("@", 1);
    const name = key.slice(0, at);
    // A suffix after `_` names the peers that this copy goes with.
    const version = key.slice(at + 1);
    const line = `${version} ${entry.integrity ?? ""}`;
    const lines = found.get(name) ?? [];
    if (lines.includes(line)) return;
    found.set(name, [...lines, line]);
    for (const dependency of entry.dependencies ?? []) {
      const exact = exactly(dependency);
      if (exact === undefined) throw new LockError(`"deno.lock" has no package "${dependency}"`);
      visit(exact);
    }
    for (const one of [...entry.optionalDependencies ?? [], ...entry.optionalPeers ?? []]) {
      const exact = exactly(one);
      if (exact !== undefined) visit(exact);
    }
  };
  for (const specifier of specifiers) {
    const wanted = packageOf(specifier);
    const name = wanted.slice(0, wanted.indexOf("@", 1));
    const version = lock.specifiers?.[`npm:${wanted}`];
    if (version === undefined) {
      throw new LockError(
        `"deno.lock" has no package "npm:${wanted}": run \`deno install\` after a change of deno.json`,
      );
    }
    visit(`${name}@${version}`);
  }
  return Object.fromEntries(
    [...found].map(([name, lines]): [string, string] => [name, lines.sort().join("; ")])
      .sort(([a], [b]) => a < b ? -1 : 1),
  );
}

/** deno.json's import map: names to `npm:` specifiers, or to files of the project. */
export function importsOf(config: JsonObject): ReadonlyMap<string, string> {
  const imports = config["imports"];
  if (typeof imports !== "object" || imports === null) return new Map();
  return new Map(
    Object.entries(imports).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

/**
 * What of deno.json stage processes get: names of packages, by which Deno holds the lock file to be up to date. Nothing
 * else of it: its other settings could open doors in the process, or lead the bundle's own imports elsewhere, by no key.
 */
export function bareImports(imports: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    [...imports].filter(([name, target]) =>
      /^[^./:][^:]*$/.test(name) && target.startsWith("npm:")
    ),
  );
}
