/** Single figures and curves of stored artifacts. */
import type { Digest } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import { isDtype } from "../tensor/dtypes.ts";
import { openArtifact } from "../tensor/read.ts";

/** A tensor of more values is data, not a curve. */
const MOST_VALUES = 100_000;

type Outputs = Readonly<Record<string, Digest>>;

/**
 * All values of a tensor of one of these artifacts; null where none of them holds it, or it is no curve. What is
 * read is verified. @throws {ObjectError} {DamagedError} where what is stored is not what was written
 */
export async function readTensor(
  store: Store,
  outputs: Outputs,
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

/** The last values of one tensor, by the digests of its artifacts: what was read once is not opened again. */
export class Figures {
  readonly #known: Map<string, number | null>;
  #isNew = false;

  private constructor(readonly store: Store, readonly tensor: string, known: [string, unknown][]) {
    this.#known = new Map(
      known.map(([outputs, value]) => [outputs, typeof value === "number" ? value : null]),
    );
  }

  static async open(store: Store, tensor: string): Promise<Figures> {
    const found = await store.readCache("figures", { tensor }) ?? {};
    return new Figures(store, tensor, Object.entries(found));
  }

  /** Null: there is none of that name, or it is no finite number. */
  async of(outputs: Outputs): Promise<number | null> {
    const key = Object.values(outputs).join(" ");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const last = (await readTensor(this.store, outputs, this.tensor))?.at(-1);
    // JSON has no other numbers.
    const value = last !== undefined && Number.isFinite(last) ? last : null;
    this.#known.set(key, value);
    this.#isNew = true;
    return value;
  }

  async close(): Promise<void> {
    if (!this.#isNew) return;
    const values = Object.fromEntries(this.#known);
    await this.store.writeCache("figures", { tensor: this.tensor }, values);
  }
}
