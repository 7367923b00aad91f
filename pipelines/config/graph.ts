/** What the inputs make of the stages: unknown ones, and cycles. */
import type { Reference } from "./config.ts";
import { suggest } from "./nearest.ts";
import type { Place, Problem } from "./tree.ts";

export const REFERENCE =
  /^([A-Za-z0-9_-]+)(?:@([A-Za-z0-9_.,=+-]+?))?(?:\.([A-Za-z_][A-Za-z0-9_-]*))?$/;

/** An input, with the place of its reference. */
export interface Edge {
  readonly consumer: string;
  readonly reference: Reference;
  readonly place: Place;
}

/**
 * `stage`, `stage.output`, `stage@cell`, `stage@cell.output`; null: none of these. A cell's label may hold
 * a number with a point, so that what follows the last point is an output if it begins with a letter.
 */
export function parseReference(text: string): Reference | null {
  const found = /^([A-Za-z0-9_-]+)(?:@([A-Za-z0-9_.,=+-]+?))?(?:\.([A-Za-z_][A-Za-z0-9_-]*))?$/
    .exec(text);
  const [, stage, cell, output] = found ?? [];
  return stage === undefined ? null : { stage, cell: cell ?? null, output: output ?? null };
}

/** `names` are the stages in declared order. */
export function checkGraph(
  names: readonly string[],
  edges: readonly Edge[],
  problems: Problem[],
): void {
  const known = new Set(names);
  for (const { reference, place } of edges) {
    if (known.has(reference.stage)) continue;
    const help = suggest(reference.stage, names);
    problems.push({
      message: `There is no stage "${reference.stage}"`,
      ...(help === undefined ? {} : { help }),
      place,
    });
  }
  for (const { stages, place } of cycles(names, edges)) {
    problems.push({
      message: `The stages make a cycle: ${stages.join(" > ")}`,
      help: "Each of them takes what the one before it makes, so that none can be first",
      place,
    });
  }
}

/** One for each input that leads back to a stage whose producers are being followed. */
function cycles(
  names: readonly string[],
  edges: readonly Edge[],
): { stages: string[]; place: Place }[] {
  const inputs = Map.groupBy(edges, ({ consumer }) => consumer);
  const found: { stages: string[]; place: Place }[] = [];
  const done = new Set<string>();
  for (const name of names) {
    // By hand and not recursive: a chain of stages may be longer than the stack.
    const way = [{ name, next: 0 }];
    while (way.length > 0) {
      const top = way.at(-1);
      if (top === undefined) break;
      const edge = done.has(top.name) ? undefined : inputs.get(top.name)?.[top.next++];
      if (edge === undefined) {
        done.add(top.name);
        way.pop();
        continue;
      }
      const producer = edge.reference.stage;
      const from = way.findIndex((step) => step.name === producer);
      if (from === -1) {
        way.push({ name: producer, next: 0 });
        continue;
      }
      // The way leads from consumers to producers; the message goes as the data does.
      const stages = [producer, ...way.slice(from).map((step) => step.name).reverse()];
      if (!found.some((one) => one.stages.join() === stages.join())) {
        found.push({ stages, place: edge.place });
      }
    }
  }
  return found;
}
