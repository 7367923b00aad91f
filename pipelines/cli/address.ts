/** From what the user calls an artifact to the node and output that is meant. */
import type { Node, Plan } from "../plan/plan.ts";
import { suggest } from "../config/nearest.ts";
import { UsageError } from "./command.ts";

export interface Address {
  readonly node: Node;
  readonly output: string;
}

/** 8 to 64 hex digits: a digest or its beginning, not a config's path. */
export function isDigest(text: string): boolean {
  return /^[0-9a-f]{8,64}$/.test(text);
}

/**
 * `stage.output`, `stage@cell.output`, or without `.output` where there is only one. Matched against the
 * plan rather than taken apart, since a cell's label may hold a dot (`train@0.5.model`).
 */
export function findArtifact(plan: Plan, text: string): Address {
  const found: Address[] = [];
  for (const node of plan.nodes) {
    const outputs = Object.keys(node.description.outputs);
    for (const output of outputs) {
      for (const name of [node.id, node.stage]) {
        if (text === `${name}.${output}` || (outputs.length === 1 && text === name)) {
          if (!found.some((one) => one.node === node && one.output === output)) {
            found.push({ node, output });
          }
        }
      }
    }
  }
  const exact = found.find(({ node, output }) =>
    text === `${node.id}.${output}` || text === node.id
  );
  const only = exact ?? (found.length === 1 ? found[0] : undefined);
  if (only !== undefined) return only;
  const all = plan.nodes.flatMap((node) =>
    Object.keys(node.description.outputs).map((output) => `${node.id}.${output}`)
  );
  if (found.length > 1) {
    throw new UsageError(
      `"${text}" is ${found.length} artifacts`,
      `say which: ${some(found.map(({ node, output }) => `${node.id}.${output}`))}`,
    );
  }
  const near = all.filter((name) => name.startsWith(text.split(/[.@]/)[0] ?? text));
  throw new UsageError(
    `There is no artifact "${text}" in ${plan.config.name}`,
    suggest(text, near.length > 0 ? near : all),
  );
}

/** The node of that id, or the only cell of that stage. */
export function findNode(plan: Plan, text: string): Node {
  const [first, ...more] = findNodes(plan, text);
  if (first !== undefined && more.length === 0) return first;
  throw new UsageError(
    `"${text}" has ${more.length + 1} cells`,
    `say which: ${some(findNodes(plan, text).map((c) => c.id))}`,
  );
}

/** A stage for all its cells, or one cell; in the plan's order. Throws where there is none. */
export function findNodes(plan: Plan, text: string): Node[] {
  const found = plan.nodes.filter((node) => node.id === text || node.stage === text);
  if (found.length > 0) return found;
  const near = plan.nodes.filter((node) => node.stage === text.split("@")[0]);
  const names = (near.length > 0 ? near : plan.nodes).map((node) => node.id);
  throw new UsageError(
    `There is no node "${text}" in ${plan.config.name}`,
    suggest(text, [
      ...new Set(near.length > 0 ? [] : plan.nodes.map((node) => node.stage)),
      ...names,
    ]),
  );
}

function some(names: readonly string[]): string {
  const most = 12;
  return names.slice(0, most).join(", ") +
    (names.length > most ? `, and ${names.length - most} more` : "");
}
