/** Two runs beside each other: where they were made, what each node was asked, and what it gave. */
import { type Change, changesOf } from "../plan/compare.ts";
import { decidedOf } from "../plan/printed.ts";
import type { Digest, NodeId, Outcome } from "../plan/plan.ts";
import { isDtype } from "../tensor/dtypes.ts";
import { openArtifact } from "../tensor/read.ts";
import { ObjectError } from "../store/info.ts";
import type { Store } from "../store/local.ts";
import type { Manifest, RunRecord, StageRecord } from "../store/store.ts";

export interface RunDiff {
  readonly before: RunFacts;
  readonly now: RunFacts;
  /** Commit, command, overrides, Deno, platform, packages: those that differ; null where one is not known. */
  readonly environment: readonly {
    readonly what: string;
    readonly old: string | null;
    readonly new: string | null;
  }[];
  /** In the order of the later run, then those that it has not. */
  readonly nodes: readonly NodeDiff[];
}

export type RunFacts = Pick<RunRecord, "id" | "started" | "config" | "milliseconds">;

export interface NodeDiff {
  readonly node: NodeId;
  /** Null: the run has no such node. */
  readonly outcomes: readonly [old: Outcome | null, now: Outcome | null];
  /** What it was asked, and with which code. */
  readonly changes: readonly Change[];
  /** Outputs that are not the same; none of a node that only one of the runs has done. */
  readonly outputs: readonly OutputDiff[];
  /** True if both runs have its outputs, and they are the same bits. */
  readonly same: boolean;
}

export interface OutputDiff {
  readonly output: string;
  readonly old: Digest | null;
  readonly new: Digest | null;
  /** Tensors that are not the same; empty where one of the artifacts is not in the store any more. */
  readonly tensors: readonly TensorDiff[];
}

export interface TensorDiff {
  readonly tensor: string;
  readonly old: Digest | null;
  readonly new: Digest | null;
  /** Of numbers and short lists of numbers: metrics and curves. */
  readonly values: { readonly old: readonly number[]; readonly new: readonly number[] } | null;
  /** The classes that the values are of, in their order; null: they are of something else. */
  readonly classes: readonly string[] | null;
}

/** What evaluations tell of each class. A list as long by chance, as one of bins, is none of them. */
const BY_CLASS: readonly string[] = ["precision", "recall", "f1", "support"];

/** A list of more numbers is data, not a figure. */
const MOST_VALUES = 10_000;

export async function diffRuns(before: RunRecord, now: RunRecord, store: Store): Promise<RunDiff> {
  const old = new Map(before.nodes.map((one) => [one.node, one]));
  const next = new Map(now.nodes.map((one) => [one.node, one]));
  const nodes: NodeDiff[] = [];
  for (const node of new Set([...next.keys(), ...old.keys()])) {
    nodes.push(await diffNode(node, old.get(node), next.get(node), store));
  }
  return {
    before: factsOf(before),
    now: factsOf(now),
    environment: environmentOf(before, now, store),
    nodes,
  };
}

function factsOf({ id, started, config, milliseconds }: RunRecord): RunFacts {
  return { id, started, config, milliseconds };
}

type Result = RunRecord["nodes"][number];

async function diffNode(
  node: NodeId,
  before: Result | undefined,
  now: Result | undefined,
  store: Store,
): Promise<NodeDiff> {
  const [old, next] = [recordOf(before, store), recordOf(now, store)];
  const outputs: OutputDiff[] = [];
  const [was, is] = [before?.outputs, now?.outputs];
  if (was !== undefined && is !== undefined) {
    for (const output of names(was, is)) {
      const [a = null, b = null] = [was[output], is[output]];
      if (a === b) continue;
      const tensors = a === null || b === null ? [] : await diffTensors(a, b, store);
      outputs.push({ output, old: a, new: b, tensors });
    }
  }
  return {
    node,
    outcomes: [before?.outcome ?? null, now?.outcome ?? null],
    changes: old === null || next === null
      ? []
      : changesOf(decidedOf(old, store), decidedOf(next, store)),
    outputs,
    same: was !== undefined && is !== undefined && outputs.length === 0,
  };
}

function recordOf(result: Result | undefined, store: Store): StageRecord | null {
  return result === undefined || result.key === null ? null : store.readRecord(result.key);
}

function names(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

type Tensor = (Manifest & { kind: "tensors" })["tensors"][string];

async function diffTensors(before: Digest, now: Digest, store: Store): Promise<TensorDiff[]> {
  const [first, second] = [await manifestOf(before, store), await manifestOf(now, store)];
  if (first === null || second === null) return [];
  const [a, b] = [tensorsOf(first), tensorsOf(second)];
  const classes = classesOf(first), isSame = classes?.join("\n") === classesOf(second)?.join("\n");
  const found: TensorDiff[] = [];
  for (const tensor of names(a, b)) {
    const [old, next] = [a[tensor], b[tensor]];
    if (old?.sha256 === next?.sha256) continue;
    const isFigure = old !== undefined && next !== undefined && mayBeFigure(old) &&
      mayBeFigure(next);
    found.push({
      tensor,
      old: old?.sha256 ?? null,
      new: next?.sha256 ?? null,
      values: !isFigure ? null : {
        old: await valuesOf(before, tensor, old, store),
        new: await valuesOf(now, tensor, next, store),
      },
      classes: isFigure && isSame && BY_CLASS.includes(tensor) ? classes : null,
    });
  }
  return found;
}

/** Numbers by themselves, and lists in float64, which is for readers: what networks are made of is float32. */
function mayBeFigure({ dtype, shape }: Tensor): boolean {
  const count = shape[0] ?? 1;
  return shape.length <= 1 &&
    (count === 1 ? dtype.startsWith("float") : dtype === "float64" && count <= MOST_VALUES);
}

async function manifestOf(digest: Digest, store: Store): Promise<Manifest | null> {
  try {
    return (await store.readInfo(digest)).manifest;
  } catch (error) {
    if (error instanceof ObjectError || error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

const tensorsOf = (manifest: Manifest): Readonly<Record<string, Tensor>> =>
  manifest.kind === "tensors" ? manifest.tensors : {};

function classesOf(manifest: Manifest): readonly string[] | null {
  const found = manifest.kind === "tensors" ? manifest.attributes["classes"] : undefined;
  return Array.isArray(found) ? found.map(String) : null;
}

async function valuesOf(
  digest: Digest,
  name: string,
  { dtype }: Tensor,
  store: Store,
): Promise<readonly number[]> {
  if (!isDtype(dtype)) return [];
  const artifact = await openArtifact(store.objectFolder(digest), digest);
  return Array.from(await artifact.tensor(name, dtype).read(), Number);
}

function environmentOf(before: RunRecord, now: RunRecord, store: Store): RunDiff["environment"] {
  const [old, next] = [factTable(before, store), factTable(now, store)];
  return [...new Set([...old.keys(), ...next.keys()])]
    .map((what) => ({ what, old: old.get(what) ?? null, new: next.get(what) ?? null }))
    .filter((one) => one.old !== one.new);
}

function factTable(run: RunRecord, store: Store): Map<string, string> {
  const { git } = run;
  const found = new Map([
    ["config", run.config],
    ["command", run.command.join(" ")],
    ["overrides", run.overrides.join(" ") || "none"],
    ["commit", git === null ? "not in git" : git.commit + (git.dirty ? ", with changes" : "")],
    ["Deno", run.deno],
  ]);
  const platforms = new Set<string>(), packages = new Map<string, string>();
  for (const result of run.nodes) {
    const record = recordOf(result, store);
    if (record === null) continue;
    platforms.add(record.made.platform);
    for (const [name, version] of Object.entries(record.fingerprint.packages)) {
      packages.set(`package ${name}`, version.split(" ")[0] ?? "");
    }
  }
  if (platforms.size > 0) found.set("made on", [...platforms].sort().join(", "));
  for (const [name, version] of [...packages].sort()) found.set(name, version);
  return found;
}
