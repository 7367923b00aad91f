/** From a stage's complaint about params to a place in the config. */
import type { Diagnostic, StageConfig } from "../config/config.ts";
import { habitHelp } from "../config/habit.ts";
import { nearest, suggest } from "../config/nearest.ts";
import type { ConfigSource } from "../config/source.ts";
import type { JsonObject } from "../json.ts";
import type { ParamIssue } from "../stage.ts";
import type { Own } from "./cells.ts";
import { givenTo } from "./draft.ts";
import { keysAt, valueAt } from "./keys.ts";
import type { Description } from "./plan.ts";

/** Without those that say that a key is missing which is there, misspelt: one mistake is told once. */
export function explainIssues(
  issues: readonly ParamIssue[],
  stage: StageConfig,
  own: Own,
  description: Description,
  source: ConfigSource,
): Diagnostic[] {
  const params = givenTo(stage, own, description);
  const meant = new Set(issues.flatMap((issue) => {
    const near = spelling(issue, params, description);
    return near === null ? [] : [JSON.stringify([...issue.path.slice(0, -1), near])];
  }));
  // In a map on one line YAML takes "(3, 3)" apart, and what follows the comma for a key.
  const isTupled = issues.some(({ unknown = "", path }) =>
    [unknown, valueAt(params, path)].some((text) =>
      typeof text === "string" && /\([^)]*$/.test(text)
    )
  );
  return issues
    .filter(({ path, message }) =>
      !message.includes(" is missing: ") || !meant.has(JSON.stringify(path))
    )
    .filter(({ unknown = "" }) => !(isTupled && /^[^(]*\)$/.test(unknown)))
    .map((issue) => explainIssue(issue, stage, own, params, description, source));
}

/** What an unknown key or value was probably meant to be. `params`: what was given. */
function spelling(
  { unknown, known, path }: ParamIssue,
  params: JsonObject,
  description: Description,
): string | null {
  return unknown === undefined
    ? null
    : nearest(unknown, known ?? keysAt(description.params, path.slice(0, -1), params));
}

/** What to do: the word that was meant, a habit of another language, what there is to choose from. */
function helpOf(
  issue: ParamIssue,
  params: JsonObject,
  description: Description,
): string | undefined {
  const near = spelling(issue, params, description);
  if (near !== null) return `Did you mean "${near}"?`;
  const { unknown, known, path, message, help } = issue;
  if (unknown !== undefined && known === undefined) {
    return help ??
      suggest(unknown, keysAt(description.params, path.slice(0, -1), params), Infinity);
  }
  const found = valueAt(params, path);
  const habit = typeof found === "string"
    ? habitHelp(found, /wanted .*$/s.exec(message)?.[0] ?? "")
    : null;
  return habit ?? help;
}

function explainIssue(
  issue: ParamIssue,
  stage: StageConfig,
  own: Own,
  params: JsonObject,
  description: Description,
  source: ConfigSource,
): Diagnostic {
  const [first] = issue.path;
  const key = String(first);
  const { variant, matrix } = own;
  const inStage = ["stages", stage.name];
  if (issue.input !== undefined) {
    const inVariant = [...inStage, "variants", variant?.name ?? "", "inputs", issue.input];
    const path = source.has(inVariant) ? inVariant : [...inStage, "inputs", issue.input];
    return source.diagnose(path, issue.message, { help: issue.help });
  }
  const inVariant = [...inStage, "variants", variant?.name ?? "", "with", ...issue.path];
  // Where the value was written: the matrix wins over the variant, the variant over the stage.
  const path = Object.hasOwn(matrix, key)
    ? [...inStage, "matrix", key]
    : source.has(inVariant)
    ? inVariant
    : [...inStage, "with", ...issue.path];
  const isKey = issue.unknown !== undefined && issue.known === undefined;
  return source.diagnose(path, issue.message, {
    help: helpOf(issue, params, description),
    key: isKey,
  });
}

/** Two cells of one name: their labels leave out what tells them apart. */
export function explainTwins(
  id: string,
  stage: StageConfig,
  first: Own,
  second: Own,
  source: ConfigSource,
): Diagnostic {
  const message = `Two cells are called "${id}"`;
  const [one, other] = [first, second].map(({ matrix }) => matrix);
  for (const [key, values] of Object.entries(stage.matrix)) {
    const [a, b] = [one?.[key], other?.[key]].map((value) => JSON.stringify(value) ?? "nothing");
    const index = values.findIndex((value) => JSON.stringify(value) === b);
    if (a === b || a === undefined || b === undefined) continue;
    return source.diagnose(
      ["stages", stage.name, "matrix", key, index],
      `${message}: "${key}" is ${shortened(a)} in one and ${shortened(b)} in the other`,
      { help: "Leave one out, or make variants of them, which have names of their own" },
    );
  }
  return source.diagnose(["stages", stage.name], message);
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
