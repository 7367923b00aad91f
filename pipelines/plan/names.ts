/** What a named input calls the cells that it gathers. Pure. */
import type { Source } from "./bind.ts";
import { cellName, nodeName } from "./cells.ts";

/** `sparse`; with its stage where several feed the input. */
export function namesOf(sources: readonly Source[]): string[] {
  const isSeveral = new Set(sources.map(({ placed }) => placed.node.stage)).size > 1;
  return sources.map(({ placed: { node, cell } }) =>
    isSeveral ? nodeName(node.stage, cell) : cellName(cell)
  );
}
