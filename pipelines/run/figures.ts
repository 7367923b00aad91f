/** The figures that a run came to: of outputs that declare which way theirs are better, as evaluations do. */
import type { Done } from "../plan/fingerprint.ts";
import type { Digest, Node, NodeId, Plan } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import { isDtype } from "../tensor/dtypes.ts";
import type { Told } from "./event.ts";

/** So many are for a look; the report has all. */
const MOST = 40;

/**
 * Of the nodes that are done, in the plan's order; no curves: their reader is who trains on. What was read once is not
 * opened again. @throws {ObjectError} {DamagedError} where what is stored is not what was written
 */
export async function figuresOf(plan: Plan, done: Done, store: Store): Promise<Told> {
  const all = plan.nodes.flatMap((node) => wantedOf(node, done));
  const wanted = all.slice(0, MOST);
  if (wanted.length === 0) return { figures: [], more: 0 };
  const asked = wanted.map(({ digest, names }) => [digest, ...names]);
  const known = parse(await store.readCache("figures-of-run", asked), wanted.length);
  const values = known ??
    await Promise.all(wanted.map(({ digest, names }) => readFigures(store, digest, names)));
  if (known === null) await store.writeCache("figures-of-run", asked, values);
  const figures = wanted.map(({ node, output }, i) => ({ node, output, values: values[i] ?? {} }))
    .filter(({ values }) => Object.keys(values).length > 0);
  return { figures, more: all.length - wanted.length };
}

interface Wanted {
  readonly node: NodeId;
  readonly output: string;
  readonly digest: Digest;
  readonly names: readonly string[];
}

function wantedOf({ id, description }: Node, done: Done): Wanted[] {
  return Object.entries(description.outputs).flatMap(([output, type]) => {
    const digest = done.get(id)?.[output];
    if (digest === undefined || type.kind !== "tensors" || type.curves !== undefined) return [];
    const names = Object.keys(type.goals ?? {});
    return names.length === 0 ? [] : [{ node: id, output, digest, names }];
  });
}

/** Its tensors of one value; JSON has no numbers that are not finite. */
async function readFigures(
  store: Store,
  digest: Digest,
  names: readonly string[],
): Promise<Record<string, number>> {
  const { manifest } = await store.readInfo(digest);
  if (manifest.kind !== "tensors") return {};
  // A run of hits alone finds them in the cache, and loads no reader of Zarr.
  const { openArtifact } = await import("../tensor/read.ts");
  const artifact = await openArtifact(store.objectFolder(digest), digest);
  const found: Record<string, number> = {};
  for (const name of names) {
    const tensor = manifest.tensors[name];
    if (tensor === undefined || !isDtype(tensor.dtype)) continue;
    if (tensor.shape.some((size) => size !== 1)) continue;
    const [value] = await artifact.tensor(name, tensor.dtype).read();
    if (value !== undefined && Number.isFinite(value)) found[name] = value;
  }
  return found;
}

function parse(written: unknown, count: number): Record<string, number>[] | null {
  return Array.isArray(written) && written.length === count ? written : null;
}
