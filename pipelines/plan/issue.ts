/** From a stage's complaint about params to a place in the config. */
import type { Diagnostic, StageConfig } from "../config/config.ts";
import { nearest } from "../config/nearest.ts";
import type { ConfigSource } from "../config/source.ts";
import type { ParamIssue } from "../stage.ts";
import type { Own } from "./cells.ts";
import { keysAt } from "./keys.ts";
import type { Description } from "./plan.ts";

export function explainIssue(
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
  const inVariant = [...inStage, "variants", variant?.name ?? "", "with", ...issue.path];
  // Where the value was written: the matrix wins over the variant, the variant over the stage.
  const path = Object.hasOwn(matrix, key)
    ? [...inStage, "matrix", key]
    : source.has(inVariant)
    ? inVariant
    : [...inStage, "with", ...issue.path];
  const isKey = issue.unknown !== undefined && issue.known === undefined;
  const near = issue.unknown === undefined
    ? null
    : nearest(issue.unknown, issue.known ?? keysAt(description.params, issue.path.slice(0, -1)));
  return source.diagnose(path, issue.message, {
    help: near === null ? undefined : `Did you mean "${near}"?`,
    key: isKey,
  });
}
