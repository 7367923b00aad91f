/**
 * Takes neighbouring nodes together where one operation does what they do one by one, with the same result
 * but for the order of its sums. What is taken is a function of layers and shapes alone.
 */
import { sizeOf } from "../layers.ts";
import type { Node } from "./nodes.ts";
import { poolShape } from "./shapes.ts";

export interface Fused {
  readonly nodes: readonly Node[];
  /** What was taken together, and what not and why: a sentence for each convolution. */
  readonly notes: readonly string[];
}

export function fuse(plain: readonly Node[]): Fused {
  const nodes: Node[] = [], notes: string[] = [];
  for (let i = 0; i < plain.length; i++) {
    const node = plain[i];
    if (node === undefined) break;
    const next = plain[i + 1];
    if (node.kind !== "conv2d" || next?.kind !== "activation" || next.activation !== "relu") {
      nodes.push(node);
      if (node.kind === "conv2d") {
        notes.push(`${node.layer.spec.name}: alone, since no relu follows`);
      }
      continue;
    }
    const { name, filters } = node.layer.spec;
    // A normalisation may stand between.
    const norm = plain[i + 2]?.kind === "norm" ? plain[i + 2] : undefined;
    const at = norm === undefined ? i + 2 : i + 3;
    const pool = plain[at];
    const issue = poolIssue(filters, pool);
    if (pool?.kind !== "pool" || issue !== null) {
      nodes.push({ ...node, relu: "own" });
      notes.push(`${name}: with relu, without a pool, since ${issue}`);
      i += 1;
      continue;
    }
    const after = plain[at + 1];
    const dropout = after?.kind === "dropout"
      ? { rate: after.rate, position: after.position }
      : null;
    const more = dropout === null ? "max-pool" : "max-pool and dropout";
    if (norm?.kind === "norm") {
      nodes.push({ ...node, relu: "before" });
      nodes.push({ kind: "normPool", layer: norm.layer, pool: pool.layer, dropout });
      notes.push(
        `${name}: with relu and the sums that ${norm.layer.spec.name} needs, which is with ${more}`,
      );
    } else {
      nodes.push({ kind: "convPool", layer: node.layer, pool: pool.layer, dropout });
      notes.push(`${name}: with relu, ${more}`);
    }
    i = dropout === null ? at : at + 1;
  }
  return { nodes, notes };
}

/** Why a pool behind a relu is not taken into the convolution; null if it is. */
function poolIssue(filters: number, pool: Node | undefined): string | null {
  if (pool?.kind !== "pool") return "none follows the relu";
  if (pool.how !== "max") return "it takes means";
  const s = poolShape(pool.layer, 1);
  if (s.poolHeight !== 2 || s.poolWidth !== 2 || s.strideY !== 2 || s.strideX !== 2) {
    return "its windows are not 2x2, two apart";
  }
  const inside = s.padTop === 0 && s.padLeft === 0 &&
    s.outHeight * 2 <= s.inHeight && s.outWidth * 2 <= s.inWidth;
  if (!inside) return "its windows reach into padding";
  if (filters % 8 !== 0) return `${filters} filters are no multiple of 8`;
  return sizeOf(pool.layer.outputShape) === 0 ? "it is empty" : null;
}
