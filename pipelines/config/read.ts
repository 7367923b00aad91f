/** Reads a config: file to YAML to tree, overrides, then all checks that need no stage. */
import { basename, dirname } from "node:path";
import { type Config, ConfigError, type SourceMap } from "./config.ts";
import { checkGraph } from "./graph.ts";
import { checkModules } from "./modules.ts";
import { suggest } from "./nearest.ts";
import { absolute } from "./paths.ts";
import { applyOverrides } from "./overrides.ts";
import { placeOf, withOverrides } from "./place.ts";
import { shorten } from "./render.ts";
import { readShape } from "./shape.ts";
import { ConfigSource, diagnostics } from "./source.ts";
import type { Problem, Tree } from "./tree.ts";
import { parseYaml } from "./yaml.ts";

export { ConfigSource } from "./source.ts";

const YAML = /\.ya?ml$/i;

/** A config has a few kilobytes; the parser takes seconds for a bad one of megabytes. */
export const MOST_BYTES = 1 << 18;

/** A config with where its values stand. */
export interface ReadConfig {
  readonly config: Config;
  readonly source: ConfigSource & SourceMap;
  /** Absolute paths of what was read: what a cache must look at again. */
  readonly files: readonly string[];
  /** As they were given, in order. */
  readonly overrides: readonly string[];
}

/**
 * Reads and checks the config at `path`. `project` is the absolute folder of deno.json; `overrides` are
 * the values of `--set`, such as `train@sparse.epochs=3`.
 *
 * @throws {ConfigError} With all that is wrong, in the order of the file.
 */
export async function readConfig(
  path: string,
  project: string,
  overrides: readonly string[],
): Promise<ReadConfig> {
  const file = absolute(path);
  const text = await readText(file, "config");
  const problems: Problem[] = [];
  const complain = () => {
    if (problems.length > 0) throw new ConfigError(diagnostics(file, text, problems));
  };
  const parsed = parseYaml(text, problems);
  refuseOther(file, parsed, "config");
  if (parsed === null) {
    complain();
    throw new Error(`The YAML of "${path}" has no value, and no error`);
  }
  const tree: Tree = applyOverrides(parsed, overrides, problems);
  const shape = readShape(tree, { config: dirname(file), project }, problems);
  checkGraph(shape.stages.map(({ name }) => name), shape.edges, problems);
  await checkModules(shape.uses, problems);
  complain();
  const place = await placeOf(file, `${project}/configs`, project);
  return {
    config: {
      path: file,
      name: basename(file).replace(YAML, ""),
      place,
      page: await withOverrides(place, overrides),
      seed: shape.seed,
      stages: shape.stages,
    },
    source: new ConfigSource(file, text, tree),
    files: [file],
    overrides: [...overrides],
  };
}

/**
 * A text of another kind, such as a README: that is the one mistake, and not the hundred that YAML sees in it.
 *
 * @throws {ConfigError} where neither the file's name nor its text, which `tree` was made of, is YAML's
 */
export function refuseOther(file: string, tree: Tree | null, what: string): void {
  if (tree?.kind === "map" || YAML.test(file)) return;
  fail(
    `"${shorten(file)}" is no ${what}: its text is no map`,
    `A ${what} is a file in YAML (.yaml)`,
  );
}

function fail(message: string, help?: string): never {
  const more = help === undefined ? {} : { help };
  throw new ConfigError([{ severity: "error", message, ...more, location: null }]);
}

/** @throws {ConfigError} where the absolute path `file` names no text; `what` is what messages call it. */
export async function readText(file: string, what: string): Promise<string> {
  const path = shorten(file);
  let bytes: Uint8Array;
  try {
    const { isFile, isDirectory, size } = await Deno.stat(file);
    if (isDirectory) {
      const within = await namesIn(file) ?? [];
      fail(
        `"${path}" is a folder, wanted a ${what}`,
        suggest("", within.map((name) => `${path}/${name}`)) ?? "No YAML file lies in it",
      );
    }
    if (!isFile) fail(`Cannot read "${path}": it is not a file`);
    if (size > MOST_BYTES) {
      fail(`Cannot read "${path}": it has ${size} bytes, wanted at most ${MOST_BYTES}`);
    }
    bytes = await Deno.readFile(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      return fail(`There is no ${what} "${path}"`, await neighbours(path, file));
    }
    const { message } = error instanceof Error ? error : { message: String(error) };
    return fail(`Cannot read "${path}": ${message}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail(`Cannot read "${path}": it is not UTF-8 text`);
  }
}

/** The nearest spelling among the configs of the same folder. */
async function neighbours(path: string, file: string): Promise<string | undefined> {
  const names = await namesIn(dirname(file));
  if (names === null) return `There is no folder "${dirname(path)}"`;
  const folder = path.slice(0, path.length - basename(path).length);
  return suggest(folder + basename(file), names.map((name) => folder + name));
}

/** YAML files of a folder, but for locks, which are no configs; null: it cannot be read. */
async function namesIn(folder: string): Promise<string[] | null> {
  try {
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    return names.filter((name) => YAML.test(name) && !/\.lock\.yaml$/.test(name)).sort();
  } catch {
    return null;
  }
}
