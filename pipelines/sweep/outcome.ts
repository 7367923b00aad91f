/** What became of a point, by what became of its nodes. */
import { statusOf } from "../plan/fingerprint.ts";
import type { Digest, Key, NodeId, Plan } from "../plan/plan.ts";
import type { NodeResult } from "../run/run.ts";
import { ObjectError } from "../store/info.ts";
import type { Store } from "../store/local.ts";
import { DamagedError } from "../tensor/files.ts";
import type { Figure, Figures } from "./figures.ts";
import type { Entry, Loss } from "./ledger.ts";
import type { Planned } from "./plan.ts";

/** A node that has ended. */
export interface Fact {
  readonly key: Key | null;
  readonly outcome: "hit" | "ran" | "failed" | "blocked";
  readonly outputs: Readonly<Record<string, Digest>> | null;
  /** Of this run. */
  readonly milliseconds: number;
  /** What a hit took when it was made; null: it is none, or that is not known. */
  readonly took: number | null;
  readonly message: string | null;
  readonly log: string | null;
}

/** Null for a node that was cancelled: it is not known what it would have come to. */
export function factOf(result: NodeResult): Fact | null {
  const { key, outcome, outputs, milliseconds, took, message, log } = result;
  if (outcome === "cancelled") return null;
  return {
    key,
    outcome,
    outputs: outputs ?? null,
    milliseconds,
    took: took ?? null,
    message: message ?? null,
    log: log ?? null,
  };
}

export type Facts = ReadonlyMap<NodeId, Fact>;

/** Null: some of its metrics are not there yet. */
export async function judge(
  planned: Planned,
  figures: Figures,
  facts: Facts,
): Promise<Pick<Entry, "result" | "replicates" | "loss"> | null> {
  const ended = planned.metrics.map((node) => ({ node, fact: facts.get(node.id) }));
  if (ended.some(({ fact }) => fact === undefined)) return null;
  const replicates = [];
  let loss: Loss | null = lossOf(planned, facts);
  for (const { node, fact } of ended) {
    if (fact?.outputs == null) continue;
    const figure = await readable(figures, fact.outputs);
    if (typeof figure === "string") loss ??= { node: node.id, message: figure, log: fact.log };
    else if (figure === null) {
      const message = `"${node.stage}" gave no "${figures.asked.tensor}" that is a number`;
      loss ??= { node: node.id, message, log: fact.log };
    } else {
      const seed = node.cell["seed"] ?? "";
      replicates.push({ seed, node: node.id, outputs: fact.outputs, ...figure });
    }
  }
  // A mean over fewer seeds would be compared with means over all.
  const isWhole = loss === null && replicates.length === planned.metrics.length;
  const sum = replicates.reduce((total, { value }) => total + value, 0);
  return {
    result: isWhole ? { type: "done", metric: sum / replicates.length } : { type: "failed" },
    replicates,
    loss: isWhole ? null : loss ?? { node: "", message: "It has no metric", log: null },
  };
}

/** A text says that what is stored is damaged: of a night's work that is the end of one trial, and not of all. */
async function readable(
  figures: Figures,
  outputs: Readonly<Record<string, Digest>>,
): Promise<Figure | string | null> {
  try {
    return await figures.of(outputs);
  } catch (error) {
    if (!(error instanceof DamagedError || error instanceof ObjectError)) throw error;
    return `${error.message}; \`deno task verify --repair\` sets it aside, and the next run makes it again`;
  }
}

/** The first of its nodes that failed. */
function lossOf({ nodes }: Planned, facts: Facts): Loss | null {
  for (const { id } of nodes) {
    const fact = facts.get(id);
    if (fact?.outcome === "failed") {
      return { node: id, message: fact.message ?? "It failed", log: fact.log };
    }
  }
  return null;
}

/** Takes what the store has of some nodes into `done` and `facts`. */
export async function lookUpAll(
  { nodes }: Planned,
  plan: Plan,
  store: Store,
  done: Map<NodeId, Readonly<Record<string, Digest>>>,
  facts: Map<NodeId, Fact>,
): Promise<void> {
  for (const node of nodes) {
    if (done.has(node.id)) continue;
    if (!Object.values(node.feeds).flat().every((feed) => done.has(feed.node))) continue;
    const { status, record } = await statusOf(node, plan, done, store, false);
    if (status.type !== "hit" || record === null) continue;
    done.set(node.id, record.outputs);
    facts.set(node.id, {
      key: status.key,
      outcome: "hit",
      outputs: record.outputs,
      milliseconds: 0,
      took: record.made.milliseconds,
      message: null,
      log: null,
    });
  }
}
