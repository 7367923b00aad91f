/** A node of a draft and of what its stage has answered. Pure. */
import type { Json, JsonObject } from "../json.ts";
import type { Checked } from "./answers.ts";
import type { Learned } from "./bind.ts";
import { nodeName } from "./cells.ts";
import type { Draft } from "./draft.ts";
import { namesOf } from "./names.ts";
import type { Feed, Node, NodeId } from "./plan.ts";

/** CPU threads and bytes of memory of a stage that says nothing. */
const THREADS = 1;
const MEMORY = 1024 * 1024 * 1024;

/** `answer`: null where its params are wrong. `seed`: the config's. */
export function nodeOf(
  { stage, code, description }: Learned,
  { own, cell, fed, counting }: Draft,
  answer: Checked | null,
  kernels: Node["kernels"],
  seed: number,
): Node {
  const feeds: Record<string, Feed[]> = {};
  for (const [name, found] of fed) {
    const names = description.inputs[name]?.named === true ? namesOf(found) : [];
    feeds[name] = found.map(({ placed, output }, index) => ({
      node: placed.node.id,
      output,
      name: names[index] ?? "",
    }));
  }
  const params = counting !== null && isMap(answer?.params)
    ? without(answer.params, counting)
    : answer?.params;
  const checked = answer?.checked;
  const seedLabel = cell.find(({ axis }) => axis === "seed")?.label;
  return {
    id: nodeName(stage.name, cell) as NodeId, // what a node is called
    stage: stage.name,
    cell: Object.fromEntries(cell.map(({ axis, label, whole }) => [axis, whole ?? label])),
    description,
    code,
    params: params ?? null,
    seed: !description.random || checked?.random === false
      ? null
      : own.seed ?? (seedLabel === undefined ? seed : Number(seedLabel)),
    feeds,
    outputShapes: checked?.outputs ?? {},
    kernels,
    numerics: checked?.numerics ?? null,
    horizon: checked?.horizon === false ? null : description.horizon,
    threads: least(checked?.resources?.threads ?? THREADS, stage.resources.cpus),
    memory: stage.resources.memory ?? checked?.resources?.memory ?? MEMORY,
    resources: stage.resources,
    cache: stage.cache,
    version: stage.version,
  };
}

/** The most threads that a stage can use, of those that the config gives it. */
function least(threads: number | "all", cpus: number | null): number | "all" {
  if (cpus === null) return threads;
  return threads === "all" ? cpus : Math.min(threads, cpus);
}

function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(params: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(params).filter(([name]) => name !== key));
}
