/** What is said of a stage that cannot be built. */
import type { BuildFailure, Message } from "esbuild";
import { SOURCE } from "./resolve.ts";

/** A stage that cannot be built: an import that does not exist, an error in its syntax. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

const COMPUTED =
  "has an import() of something that is no plain text: such code would run without " +
  "being part of its identity";

/** What the bundler does not follow, so that it would run without being hashed: its complaint's id to our words. */
export const REFUSED: Readonly<Record<string, string>> = {
  "empty-import-meta": "uses import.meta: what it would read is not part of its identity",
  "unsupported-dynamic-import": COMPUTED,
  "empty-glob": COMPUTED,
};

/** Of anything that a build has thrown. `module`: the stage's file. */
export function explainBuild(error: unknown, module: string): unknown {
  const stage = module.slice(module.lastIndexOf("/") + 1);
  if (!(error instanceof Error)) return error;
  const { errors } = error as Partial<BuildFailure>; // what esbuild throws of sources has them
  if (errors === undefined) return explainEnd(error, stage);
  const [first] = errors;
  const place = first === undefined ? "" : placeOf(first);
  if (first !== undefined && /^No matching export in .* for import "default"$/.test(first.text)) {
    return new BundleError(
      "it has no default export: wanted `export default defineStage({ ... })`",
    );
  }
  const refused = REFUSED[first?.id ?? ""];
  return new BundleError(
    (refused === undefined
      ? first?.text.replaceAll(`"${SOURCE}:`, '"') ?? "It cannot be built"
      : `"${stage}" or what it imports ${refused}`) + place,
  );
}

/** Of what a build has thrown, that the bundler's own process is not there any more. `what`: what was built. */
export function explainEnd(error: unknown, what: string): unknown {
  const words = error instanceof Error ? error.message : "";
  return /^The service (?:was stopped|is no longer running)/.test(words)
    ? new Error(
      `The bundler's process ended while it built "${what}", by itself or by somebody's signal; ` +
        "nothing was planned or run: do the same again, with more free memory if that was short",
      { cause: error },
    )
    : error;
}

/** Where in the sources: the bundler counts columns from 0. */
function placeOf({ location }: Message): string {
  if (location === null) return "";
  const { file, line, column } = location;
  const name = file.startsWith(`${SOURCE}:`) ? file.slice(SOURCE.length + 1) : file;
  return ` (${name}:${line}:${column + 1})`;
}
