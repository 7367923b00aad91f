/** Layers whose weights could not be stored under their names. */
import { nameIssue } from "../pipelines/names.ts";
import type { Layer, LayerIssue } from "./layers.ts";

/** An optimizer's slot lies below its weight; no other name is longer. */
const SLOT = "momentum";

export function nameIssues(layers: readonly Layer[]): LayerIssue[] {
  const issues: LayerIssue[] = [];
  const names = new Map<string, string>();
  for (const { spec: { name }, position, weights } of layers) {
    const lower = name.toLowerCase(), other = names.get(lower);
    // The same name twice is a fault of the model itself.
    if (other !== undefined && other !== name) {
      issues.push({
        position,
        message: `Layers "${name}" and "${other}" differ only in case, which not every file ` +
          "system keeps",
      });
    }
    names.set(lower, name);
    const found = weights.map(({ path }) => nameIssue(`${path}/${SLOT}`))
      .find((issue) => issue !== null);
    if (found !== undefined) issues.push({ position, message: `Layer "${name}": ${found}` });
  }
  return issues;
}
