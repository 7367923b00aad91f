/** Single figures and curves of stored artifacts. */
import type { Digest } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import { isDtype } from "../tensor/dtypes.ts";
import { openArtifact } from "../tensor/read.ts";

/** A tensor of more values is data, not a curve. */
const MOST_VALUES = 100_000;

/**
 * All values of a tensor of one of these artifacts; null where none of them holds it, or it is no curve. What is
 * read is verified. @throws {ObjectError} {DamagedError} where what is stored is not what was written
 */
export async function readTensor(
  store: Store,
  outputs: Readonly<Record<string, Digest>>,
  name: string,
): Promise<readonly number[] | null> {
  for (const digest of Object.values(outputs)) {
    const { manifest } = await store.readInfo(digest);
    const found = manifest.kind === "tensors" ? manifest.tensors[name] : undefined;
    if (found === undefined || !isDtype(found.dtype)) continue;
    const count = found.shape.reduce((product, size) => product * size, 1);
    if (count === 0 || count > MOST_VALUES) return null;
    const artifact = await openArtifact(store.objectFolder(digest), digest);
    return Array.from(await artifact.tensor(name, found.dtype).read());
  }
  return null;
}
