/** One key, two results: never silent. */
import type { Digest } from "../plan/plan.ts";
import { ObjectError } from "../store/info.ts";
import type { Store } from "../store/local.ts";
import type { Divergence, StageRecord } from "../store/store.ts";

/** What a record that is about to be written says otherwise than the one of its key that is there; null: nothing. */
export async function divergenceOf(store: Store, now: StageRecord): Promise<Divergence | null> {
  const before = store.readRecord(now.key);
  if (before === null) return null;
  const names = [...new Set([...Object.keys(before.outputs), ...Object.keys(now.outputs)])].sort();
  const output = names.find((name) => before.outputs[name] !== now.outputs[name]);
  if (output === undefined) return null;
  const [old, next] = [
    await tensorsOf(store, before.outputs[output]),
    await tensorsOf(store, now.outputs[output]),
  ];
  const tensor = [...new Set([...Object.keys(old), ...Object.keys(next)])].sort()
    .find((name) => old[name] !== next[name]) ?? null;
  return {
    key: now.key,
    before: { run: before.made.run, outputs: before.outputs },
    now: { run: now.made.run, outputs: now.outputs },
    output,
    tensor,
    ...before.accepted === undefined ? {} : { accepted: before.accepted.reason },
  };
}

/** Tensor to SHA-256; none of a file, or of what the store no longer has. */
async function tensorsOf(
  store: Store,
  digest: Digest | undefined,
): Promise<Readonly<Record<string, Digest>>> {
  if (digest === undefined) return {};
  try {
    const { manifest } = await store.readInfo(digest);
    if (manifest.kind !== "tensors") return {};
    return Object.fromEntries(
      Object.entries(manifest.tensors).map(([name, { sha256 }]) => [name, sha256]),
    );
  } catch (error) {
    if (error instanceof ObjectError || error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

/** In words, without the node. */
export function describeDivergence(divergence: Divergence): string {
  const { before, now, output, tensor, accepted } = divergence;
  const short = (outputs: Divergence["now"]["outputs"]) =>
    outputs[output]?.slice(0, 12) ?? "nothing";
  const where = tensor === null ? `output "${output}"` : `output "${output}", tensor "${tensor}"`;
  const from = accepted === undefined
    ? "from the same key"
    : `whose result had been accepted (${accepted})`;
  return `gave another result than run ${before.run} ${from}: ${where} was ` +
    `${short(before.outputs)}, is ${short(now.outputs)} in run ${now.run}`;
}
