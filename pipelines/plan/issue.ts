/** From a stage's complaint about params to a place in the config. */
import type { Diagnostic, StageConfig } from "../config/config.ts";
import { nearest } from "../config/nearest.ts";
import type { ConfigSource } from "../config/source.ts";
import type { ParamIssue } from "../stage.ts";
import type { Own } from "./cells.ts";
import { keysAt } from "./keys.ts";
import type { Description } from "./plan.ts";

/** Without those that say that a key is missing which is there, misspelt: one mistake is told once. */
export function explainIssues(
  issues: readonly ParamIssue[],
  stage: StageConfig,
  own: Own,
  description: Description,
  source: ConfigSource,
): Diagnostic[] {
  const meant = new Set(issues.flatMap((issue) => {
    const near = spelling(issue, description);
    return near === null ? [] : [JSON.stringify([...issue.path.slice(0, -1), near])];
  }));
  return issues
    .filter(({ path, message }) =>
      !message.includes(" is missing: ") || !meant.has(JSON.stringify(path))
    )
    .map((issue) => explainIssue(issue, stage, own, description, source));
}

/** What an unknown key or value was probably meant to be. */
function spelling({ unknown, known, path }: ParamIssue, { params }: Description): string | null {
  return unknown === undefined
    ? null
    : nearest(unknown, known ?? keysAt(params, path.slice(0, -1)));
}

function explainIssue(
  issue: ParamIssue,
  stage: StageConfig,
  own: Own,
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
  const near = spelling(issue, description);
  return source.diagnose(path, issue.message, {
    help: near === null ? issue.help : `Did you mean "${near}"?`,
    key: isKey,
  });
}
