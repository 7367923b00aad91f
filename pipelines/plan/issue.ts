/** From a stage's complaint about params to a place in the config. */
import type { Diagnostic, SourceMap, StageConfig } from "../config/config.ts";
import { nearest } from "../config/nearest.ts";
import type { ParamIssue } from "../stage.ts";
import type { Own } from "./cells.ts";
import { keysAt } from "./keys.ts";
import type { Description } from "./plan.ts";

export function explainIssue(
  issue: ParamIssue,
  stage: StageConfig,
  own: Own,
  description: Description,
  source: SourceMap,
): Diagnostic {
  const [first] = issue.path;
  const key = String(first);
  const { variant, matrix } = own;
  const inStage = ["stages", stage.name];
  // Where the value was written: the matrix wins over the variant, the variant over the stage.
  const path = Object.hasOwn(matrix, key)
    ? [...inStage, "matrix", key]
    : variant !== null && Object.hasOwn(variant.with, key)
    ? [...inStage, "variants", variant.name, "with", ...issue.path]
    : [...inStage, "with", ...issue.path];
  const help = issue.unknown === undefined
    ? null
    : nearest(issue.unknown, issue.known ?? keysAt(description.params, issue.path.slice(0, -1)));
  return {
    severity: "error",
    message: issue.message,
    ...(help === null ? {} : { help: `did you mean "${help}"?` }),
    location: source.locate(path),
  };
}
