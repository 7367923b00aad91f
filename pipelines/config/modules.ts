/** The stage files that `uses` names. */
import { dirname } from "node:path";
import { suggest } from "./nearest.ts";
import { absolute } from "./paths.ts";
import type { Place, Problem } from "./tree.ts";

/** A stage's `uses`. */
export interface Use {
  readonly uses: string;
  readonly module: string;
  readonly place: Place;
}

const EXTENSION = ".ts";

/** `train` is a file of the project's `stages/`; `./mine.ts` and `../mine.ts` go from the config's folder. */
export function moduleOf(
  uses: string,
  folders: { readonly config: string; readonly project: string },
): { module: string; problem?: string; help?: string } {
  if (/^[A-Za-z0-9_-]+$/.test(uses)) {
    return { module: absolute(folders.project, "stages", uses + EXTENSION) };
  }
  const help = 'Write the name of a file in stages/ ("train"), or "./mine.ts" beside the config';
  const wrong = (problem: string) => ({ module: "", problem, help });
  const text = JSON.stringify(uses);
  if (/^(?:[/\\~]|[A-Za-z][A-Za-z0-9+.-]*:)/.test(uses)) {
    return wrong(`${text} is an absolute path or an address; a config must work elsewhere, too`);
  }
  if (!/^\.\.?\//.test(uses) || /[\\\p{Cc}]/u.test(uses)) return wrong(`${text} names no stage`);
  if (!uses.endsWith(EXTENSION)) return wrong(`${text} does not end in "${EXTENSION}"`);
  return { module: absolute(folders.config, uses) };
}

/** Complains of modules that do not exist. Names are compared with the folder's, so that case counts everywhere. */
export async function checkModules(uses: readonly Use[], problems: Problem[]): Promise<void> {
  const listed = new Map<string, readonly string[]>();
  for (const { uses: text, module, place } of uses) {
    const folder = dirname(module);
    const files = listed.get(folder) ?? await modulesIn(folder);
    listed.set(folder, files);
    const name = module.slice(folder.length).replace(/^\//, "");
    if (files.includes(name)) continue;
    const isNamed = !text.startsWith(".");
    const help = isNamed
      ? suggest(text, files.map((file) => file.slice(0, -EXTENSION.length)))
      : suggest(text, files.map((file) => text.slice(0, text.lastIndexOf("/") + 1) + file));
    problems.push({
      message: isNamed
        ? `There is no stage file "stages/${text}${EXTENSION}"`
        : `There is no stage file "${text}"`,
      ...(help === undefined ? {} : { help }),
      place,
    });
  }
}

/** Sorted; empty where there is no such folder. */
async function modulesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (!entry.isDirectory && entry.name.endsWith(EXTENSION)) files.push(entry.name);
    }
  } catch (error) {
    const absent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (!absent) throw error;
  }
  return files.sort();
}
