/** A plan as it is kept: what its nodes share is written once. */
import type { Node, Plan } from "./plan.ts";

/** What all cells of a stage have in common, most of it large. */
type Shared = "description" | "code" | "kernels" | "resources";

export interface PackedPlan {
  readonly config: Plan["config"];
  readonly tables: { readonly [name in Shared]: readonly Node[name][] };
  /** With indexes into the tables. */
  readonly nodes: readonly (Omit<Node, Shared> & Readonly<Record<Shared, number>>)[];
}

export function packPlan({ config, nodes }: Plan): PackedPlan {
  const description = new Table<Node["description"]>();
  const code = new Table<Node["code"]>();
  const kernels = new Table<Node["kernels"]>();
  const resources = new Table<Node["resources"]>();
  const packed = nodes.map((node) => ({
    ...node,
    description: description.indexOf(node.description),
    code: code.indexOf(node.code),
    kernels: kernels.indexOf(node.kernels),
    resources: resources.indexOf(node.resources),
  }));
  return {
    config,
    tables: {
      description: description.values,
      code: code.values,
      kernels: kernels.values,
      resources: resources.values,
    },
    nodes: packed,
  };
}

/** Values that are told apart by identity: the planner makes each once. */
class Table<T> {
  readonly #indexes = new Map<T, number>();

  get values(): T[] {
    return [...this.#indexes.keys()];
  }
  indexOf(value: T): number {
    const index = this.#indexes.get(value) ?? this.#indexes.size;
    this.#indexes.set(value, index);
    return index;
  }
}

export function unpackPlan({ config, tables, nodes }: PackedPlan): Plan {
  return {
    config,
    nodes: nodes.map((node) => ({
      ...node,
      description: at(tables.description, node.description),
      code: at(tables.code, node.code),
      kernels: at(tables.kernels, node.kernels),
      resources: at(tables.resources, node.resources),
    })),
  };
}

function at<T>(table: readonly T[], index: number): T {
  const found = table[index];
  if (found === undefined) throw new Error(`A kept plan has nothing at ${index} of a table`);
  return found;
}
