/** What a store still has of the bits that a lock names: the values, and what they were made from. */
import { own } from "../json.ts";
import { compare, describeReason } from "../plan/compare.ts";
import { decidedOf } from "../plan/printed.ts";
import type { Digest, Node } from "../plan/plan.ts";
import { ObjectError } from "../store/info.ts";
import type { Store } from "../store/local.ts";
import type { Fingerprint, Manifest } from "../store/store.ts";
import { openArtifact } from "../tensor/read.ts";
import { isDtype } from "../tensor/dtypes.ts";

/** The first element that differs, by its index along each axis; what it was, and what it is. */
export interface Element {
  readonly index: readonly number[];
  readonly locked: string;
  readonly found: string;
}

/** Bytes that are compared at a time. */
const PIECE = 4 * 1024 * 1024;

type Tensor = (Manifest & { kind: "tensors" })["tensors"][string];

/** An artifact of the store that holds a tensor of this digest under this name; null: none does. */
export async function findTensor(
  store: Store,
  name: string,
  sha256: Digest,
): Promise<{ readonly artifact: Digest; readonly tensor: Tensor } | null> {
  for (const artifact of store.objects()) {
    try {
      const { manifest } = await store.readInfo(artifact);
      const tensor = manifest.kind === "tensors" ? own(manifest.tensors, name) : undefined;
      if (tensor?.sha256 === sha256) return { artifact, tensor };
    } catch (error) {
      // A damaged one is no reference; `verify` tells of it.
      if (!(error instanceof ObjectError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

/**
 * Where two tensors part, read piece by piece; a sentence where they are of another dtype or shape, or where
 * nothing parts (then the store's bytes are not those of their digest).
 */
export async function firstDifference(
  locked: { readonly store: Store; readonly artifact: Digest; readonly tensor: Tensor },
  found: { readonly store: Store; readonly artifact: Digest; readonly tensor: Tensor },
  name: string,
): Promise<Element | string> {
  const { dtype, shape } = found.tensor;
  if (locked.tensor.dtype !== dtype || `${locked.tensor.shape}` !== `${shape}`) {
    const say = ({ dtype, shape }: Tensor) => `${dtype} [${shape.join(", ")}]`;
    return `it is ${say(found.tensor)}, and was ${say(locked.tensor)}`;
  }
  if (!isDtype(dtype)) return `its dtype "${dtype}" cannot be read`;
  const open = async ({ store, artifact }: { store: Store; artifact: Digest }) =>
    (await openArtifact(store.objectFolder(artifact), artifact)).tensor(name, dtype);
  const [a, b] = [await open(locked), await open(found)];
  const rows = shape[0] ?? 1;
  const row = shape.slice(1).reduce((product, n) => product * n, 1);
  const step = shape.length === 0 ? 1 : Math.max(1, Math.floor(PIECE / Math.max(1, row * 8)));
  for (let start = 0; start < rows; start += step) {
    const end = Math.min(rows, start + step);
    const [x, y] = shape.length === 0
      ? [await a.read(), await b.read()]
      : [await a.rows(start, end), await b.rows(start, end)];
    for (let i = 0; i < x.length; i++) {
      if (Object.is(x[i], y[i])) continue;
      const flat = start * row + i;
      return { index: indexOf(flat, shape), locked: `${x[i]}`, found: `${y[i]}` };
    }
  }
  return "no element differs";
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (const size of shape.toReversed()) {
    index.unshift(flat % size);
    flat = Math.floor(flat / size);
  }
  return index;
}

/** Why a node gave another artifact: its fingerprint now beside that of the record that made the other. */
export function whyOther(
  store: Store,
  artifact: Digest,
  now: Fingerprint,
  node: Node,
): string | null {
  for (const record of store.records()) {
    if (!Object.values(record.outputs).includes(artifact)) continue;
    if (record.fingerprint.stage !== now.stage) continue;
    const reason = compare(decidedOf(record, store), now, node);
    if (reason.type === "never-run") continue;
    return describeReason(reason);
  }
  return null;
}
