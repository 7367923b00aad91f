/** What a run will take, by what its nodes took before. */
import { sizeOf } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import type { ArtifactShape } from "../stage.ts";
import { configName } from "./fingerprint.ts";
import type { Node, NodeId, NodeStatus, Plan } from "./plan.ts";

export interface Estimate {
  /** Nodes that will run, or may. */
  readonly nodes: number;
  /** Of those of which something is known. */
  readonly milliseconds: number;
  readonly bytes: number;
  /** Nodes of which no time is known. */
  readonly unknown: number;
}

/** Bytes of an element, where its dtype says: `float64` has eight. */
const bytesOf = (dtype: string) => Number(/\d+$/.exec(dtype)?.[0] ?? 8) / 8;

/**
 * A node takes what it took when it was last done, else what the other cells of its stage did on average; on `jobs`
 * threads the longest chain is the least, and all threads' work divided by them. Space is that of its last outputs, else of the
 * tensors whose shapes are known, unpacked.
 */
export async function estimate(
  plan: Plan,
  statuses: ReadonlyMap<NodeId, NodeStatus>,
  store: Store,
  jobs: number,
): Promise<Estimate> {
  const nodes = plan.nodes.filter(({ id }) => statuses.get(id)?.type !== "hit");
  const known = new Map<NodeId, { milliseconds: number; threads: number; bytes: number }>();
  for (const { id } of nodes) {
    const key = await store.lastKey(configName(plan), id);
    const record = key === null ? null : store.readRecord(key);
    if (record === null) continue;
    const sizes = Object.values(record.outputs).map((digest) => sizeOf(store.objectFolder(digest)));
    known.set(id, { ...record.made, bytes: sum(sizes) });
  }
  const usual = new Map([...Map.groupBy(nodes, ({ stage }) => stage)].map(([stage, all]) => {
    const cells = all.flatMap(({ id }) => known.get(id) ?? []);
    return [
      stage,
      cells.length === 0 ? null : {
        milliseconds: sum(cells.map((cell) => cell.milliseconds)) / cells.length,
        threads: Math.max(...cells.map((cell) => cell.threads)),
      },
    ];
  }));
  let work = 0, bytes = 0, unknown = 0;
  const ends = new Map<NodeId, number>();
  for (const node of nodes) {
    const time = known.get(node.id) ?? usual.get(node.stage) ?? null;
    if (time === null) unknown++;
    work += (time?.milliseconds ?? 0) * Math.min(jobs, time?.threads ?? 1);
    const before = Object.values(node.feeds).flat().map((feed) => ends.get(feed.node) ?? 0);
    ends.set(node.id, Math.max(0, ...before) + (time?.milliseconds ?? 0));
    bytes += known.get(node.id)?.bytes ?? unpacked(node);
  }
  return {
    nodes: nodes.length,
    milliseconds: Math.max(work / jobs, 0, ...ends.values()),
    bytes,
    unknown,
  };
}

/** Bytes of those output tensors whose shape is known before they are made. */
function unpacked({ outputShapes }: Node): number {
  const tensors = (shape: ArtifactShape) => Object.values(shape.tensors);
  return sum(
    Object.values(outputShapes).flatMap(tensors).map(({ dtype, shape }) =>
      shape.some((size) => size === null)
        ? 0
        : shape.reduce<number>((product, size) => product * (size ?? 0), bytesOf(dtype))
    ),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0);
}
