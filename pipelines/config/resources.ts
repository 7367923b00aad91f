/** The `resources:` of a config and of its stages. They decide where and how long, never what. */
import { NO_RESOURCES, type Resources } from "./config.ts";
import type { Tree } from "./tree.ts";
import type { TreeReader } from "./tree_reader.ts";
import { parseDuration, parseSize } from "./units.ts";

export const MOST_CPUS = 4096;
export const MOST_TASKS = 1_000_000;
/** By what a cluster counts memory; `none`: it is not told. */
export const MEMORY_PER = ["cpu", "node", "none"] as const;
/** Less holds no stage process. */
const LEAST_MEMORY = 64e6;
const DAY = 86_400_000;
const MOST_TIME = 365 * DAY;

export const GPUS = /^(?:[A-Za-z][\w.-]{0,63}:)?[1-9]\d{0,3}$/;
/** As Slurm's names of partitions and accounts are; several of either, with commas. */
export const CLUSTER_NAME = /^[\w.,@+-]{1,200}$/;
/** One long option without blanks. */
export const SBATCH_OPTION = /^--[a-z][a-z-]*(?:=\S{1,400})?$/;

/** Options of `sbatch` that are written by Crisol, and what to write instead. */
const OURS: Readonly<Record<string, string | null>> = {
  "cpus-per-task": "cpus",
  mem: "memory",
  "mem-per-cpu": "memoryPer",
  "mem-per-gpu": "memory",
  gpus: "gpus",
  time: "time",
  partition: "partition",
  account: "account",
  array: null,
  chdir: null,
  clusters: null,
  dependency: null,
  error: null,
  export: null,
  "export-file": null,
  gid: null,
  help: null,
  input: null,
  "job-name": null,
  "kill-on-invalid-dep": null,
  "no-requeue": null,
  nodes: null,
  ntasks: null,
  "open-mode": null,
  output: null,
  parsable: null,
  quiet: null,
  requeue: null,
  signal: null,
  "test-only": null,
  uid: null,
  usage: null,
  version: null,
  wait: null,
  wrap: null,
};

const KEYS = Object.keys(NO_RESOURCES);

/** What stands there over `base`, key by key; `null` takes a key's value away. */
export function readResources(
  tree: Tree | undefined,
  base: Resources,
  reader: TreeReader,
): Resources {
  const map = tree === undefined ? null : reader.map(tree, "a map of resources");
  if (map === null) return base;
  reader.keys(map, KEYS, "resources");
  const read = <Key extends keyof Resources>(
    key: Key,
    parse: (tree: Tree) => Resources[Key] | null,
  ): Resources[Key] => {
    const value = map.entries.get(key)?.value;
    if (value === undefined) return base[key];
    if (value.kind === "scalar" && value.value === null) return NO_RESOURCES[key];
    return parse(value) ?? NO_RESOURCES[key];
  };
  const named = (tree: Tree) => {
    const text = reader.text(tree);
    return text === null || CLUSTER_NAME.test(text) ? text : reader.wanted(tree, "a name");
  };
  return {
    cpus: read("cpus", (tree) => reader.whole(tree, 1, MOST_CPUS)),
    memory: read("memory", (tree) => {
      const bytes = typeof scalar(tree) === "number" ? scalar(tree) : parseSize(textOf(tree));
      return typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= LEAST_MEMORY
        ? bytes
        : reader.wanted(tree, "a size from 64MB, e.g. 8GB, 512MB");
    }),
    memoryPer: read("memoryPer", (tree) =>
      MEMORY_PER.find((one) => one === scalar(tree)) ??
        reader.wanted(tree, '"cpu", "node" or "none"')),
    tasks: read("tasks", (tree) => reader.whole(tree, 1, MOST_TASKS)),
    gpus: read("gpus", (tree) => {
      const text = Number.isInteger(scalar(tree)) ? String(scalar(tree)) : textOf(tree);
      return GPUS.test(text) ? text : reader.wanted(tree, 'a number of GPUs, "1" or "a100:2"');
    }),
    time: read("time", (tree) => {
      const time = parseDuration(textOf(tree));
      return time !== null && time >= 1000 && time <= MOST_TIME
        ? time
        : reader.wanted(tree, "a time up to 365 days, e.g. 2h, 30min, 90s");
    }),
    partition: read("partition", named),
    account: read("account", named),
    sbatch: read("sbatch", (tree) => {
      if (tree.kind !== "list") {
        return reader.wanted(tree, 'a list of options, e.g. ["--qos=long"]');
      }
      return tree.items.flatMap((item) => readOption(item, reader) ?? []);
    }),
  };
}

function readOption(tree: Tree, reader: TreeReader): string | null {
  const text = textOf(tree);
  if (!SBATCH_OPTION.test(text)) {
    return reader.wanted(tree, "a long option of sbatch without blanks, e.g. --qos=long");
  }
  const name = text.slice(2).split("=")[0] ?? "";
  // sbatch takes the beginning of a name for the name.
  const ours = Object.keys(OURS).find((one) => one.startsWith(name));
  if (ours === undefined) return text;
  const key = OURS[ours] ?? null;
  return reader.complain(
    `The option "--${name}" is not free: Crisol gives sbatch its own`,
    tree.place,
    key === null ? "Leave it out" : `Write \`${key}:\` among the resources`,
  );
}

function scalar(tree: Tree): unknown {
  return tree.kind === "scalar" ? tree.value : null;
}

/** Empty where it is no text, which no pattern takes. */
function textOf(tree: Tree): string {
  const value = scalar(tree);
  return typeof value === "string" ? value : "";
}
