/** From a plan to arrays of tasks: few jobs, each with something to do, in an order that Slurm can keep. */
import { canDoWithout } from "../plan/partial.ts";
import type { Node, NodeId, Plan } from "../plan/plan.ts";
import { feedsOf } from "../run/waiting.ts";
import type { TaskArray } from "./submission.ts";

/** Where a node is done. */
interface Place {
  readonly array: Draft;
  readonly task: number;
}

/** Where a node that feeds another is done. */
interface Need extends Place {
  /** It can be done without. */
  readonly isSpare: boolean;
}

interface Draft {
  readonly name: string;
  /** What its tasks ask of the cluster, as text that is equal where they ask for the same. */
  readonly asks: string;
  readonly tasks: Node[][];
  /** Of each task, how many of its nodes nothing in it feeds. */
  readonly widths: readonly number[];
  /** All arrays that end before it. */
  readonly before: Set<Draft>;
  readonly after: Map<Draft, { each: boolean; spare: boolean }>;
}

/**
 * Arrays in an order in which each comes after those that feed it. A stage's cells are one array, `size` of
 * them a task. A stage that follows another cell by cell, and asks for the same resources, is done by the
 * same tasks: a job for what takes seconds is what admins complain of.
 *
 * `todo`: nodes that are to run. `size`: of a stage, 1 or more.
 */
export function arraysOf(
  plan: Plan,
  todo: ReadonlySet<NodeId>,
  size: (stage: string) => number,
): TaskArray[] {
  const places = new Map<NodeId, Place>();
  const arrays: Draft[] = [];
  const nodes = plan.nodes.filter(({ id }) => todo.has(id));
  for (const [stage, cells] of Map.groupBy(nodes, (node) => node.stage)) {
    const needs = new Map(cells.map((node) => [
      node,
      [...feedsOf(node)].flatMap((feed): Need[] => {
        const place = places.get(feed);
        return place === undefined ? [] : [{ ...place, isSpare: canDoWithout(node, feed) }];
      }),
    ]));
    const same = joined(cells, needs);
    if (same !== null) {
      for (const node of cells) {
        const place = needs.get(node)?.find(({ array }) => array === same);
        if (place === undefined) continue; // `joined` has seen to it
        same.tasks[place.task]?.push(node);
        places.set(node.id, place);
      }
      continue;
    }
    const tasks = chunks(cells, size(stage));
    const array: Draft = {
      name: stage,
      asks: asks(cells),
      tasks,
      widths: tasks.map((task) => task.length),
      before: new Set(),
      after: new Map(),
    };
    tasks.forEach((task, index) => {
      for (const node of task) {
        places.set(node.id, { array, task: index });
        for (const need of needs.get(node) ?? []) {
          const isSame = need.task === index && need.array.tasks.length === tasks.length;
          const known = array.after.get(need.array);
          array.after.set(need.array, {
            each: isSame && known?.each !== false,
            spare: need.isSpare && known?.spare !== false,
          });
        }
      }
    });
    for (const one of array.after.keys()) {
      for (const before of [one, ...one.before]) array.before.add(before);
    }
    arrays.push(array);
  }
  return arrays.map(({ name, tasks, after }) => ({
    name,
    tasks: tasks.map((task) => task.map(({ id }) => id)),
    // One task after one task is the same either way.
    after: [...after].map(([array, { each, spare }]) => ({
      array: array.name,
      how: spare ? "afterany" : each && array.tasks.length > 1 ? "aftercorr" : "afterok",
    })),
  }));
}

/** The array whose tasks can do these cells too, each what it has fed; null: there is none. */
function joined(cells: readonly Node[], needs: ReadonlyMap<Node, readonly Need[]>): Draft | null {
  const asked = asks(cells);
  const candidates = new Set([...needs.values()].flat().map(({ array }) => array));
  for (const array of candidates) {
    if (array.asks !== asked) continue;
    const counts = array.tasks.map(() => 0);
    const fits = cells.every((node) => {
      const places = needs.get(node) ?? [];
      const tasks = new Set(places.filter((one) => one.array === array).map(({ task }) => task));
      const [task] = tasks;
      if (tasks.size !== 1 || task === undefined) return false;
      const count = (counts[task] ?? 0) + 1;
      counts[task] = count;
      return count <= (array.widths[task] ?? 0) &&
        places.every((one) => one.array === array || array.before.has(one.array));
    });
    if (fits) return array;
  }
  return null;
}

/** Cells of a stage have its resources. */
function asks(cells: readonly Node[]): string {
  return JSON.stringify(cells[0]?.resources ?? null);
}

/** `size`: 1 or more; the last may be shorter. */
export function chunks<T>(all: readonly T[], size: number): T[][] {
  const found: T[][] = [];
  for (let at = 0; at < all.length; at += size) found.push(all.slice(at, at + size));
  return found;
}
