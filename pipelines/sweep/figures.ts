/** Single figures and curves of stored artifacts. */
import type { Json, JsonObject } from "../json.ts";
import type { Digest } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import { isDtype } from "../tensor/dtypes.ts";
import { openArtifact } from "../tensor/read.ts";

/** A tensor of more values is data, not a curve. */
const MOST_VALUES = 100_000;

type Outputs = Readonly<Record<string, Digest>>;

/** A figure as its stage declares it. */
export interface Asked {
  readonly tensor: string;
  /** By output: which value of its curves counts. */
  readonly curves: Readonly<Record<string, { readonly unit: string; readonly kept: string }>>;
}

/**
 * `at`: which of its curve's values it is, from 1; null: it is no curve of which one is kept. `single`: its tensor
 * is float32, so that fewer digits tell it.
 */
export interface Figure {
  readonly value: number;
  readonly at: number | null;
  readonly single: boolean;
}

interface Found {
  readonly output: string;
  readonly attributes: JsonObject;
  readonly single: boolean;
  readonly values: readonly number[];
}

/**
 * All values of a tensor of one of these artifacts; null where none of them holds it, or it is no curve. What is
 * read is verified. @throws {ObjectError} {DamagedError} where what is stored is not what was written
 */
export async function readTensor(
  store: Store,
  outputs: Outputs,
  name: string,
): Promise<Found | null> {
  for (const [output, digest] of Object.entries(outputs)) {
    const { manifest } = await store.readInfo(digest);
    const found = manifest.kind === "tensors" ? manifest.tensors[name] : undefined;
    if (found === undefined || !isDtype(found.dtype)) continue;
    const count = found.shape.reduce((product, size) => product * size, 1);
    if (count === 0 || count > MOST_VALUES) return null;
    const artifact = await openArtifact(store.objectFolder(digest), digest);
    const values = Array.from(await artifact.tensor(name, found.dtype).read());
    const single = found.dtype === "float32";
    return { output, attributes: artifact.attributes, single, values };
  }
  return null;
}

/** The figures of one tensor, by the digests of its artifacts: what was read once is not opened again. */
export class Figures {
  readonly #known: Map<string, Figure | null>;
  #isNew = false;

  private constructor(readonly store: Store, readonly asked: Asked, known: [string, unknown][]) {
    this.#known = new Map(known.map(([outputs, figure]) => [outputs, parseFigure(figure)]));
  }

  static async open(store: Store, asked: Asked): Promise<Figures> {
    return new Figures(
      store,
      asked,
      Object.entries(await store.readCache("figures", keyOf(asked)) ?? {}),
    );
  }

  /** Null: there is none of that name, or it is no finite number. */
  async of(outputs: Outputs): Promise<Figure | null> {
    const key = Object.values(outputs).join(" ");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = await readTensor(this.store, outputs, this.asked.tensor);
    const figure = found === null ? null : this.#keptOf(found);
    this.#known.set(key, figure);
    this.#isNew = true;
    return figure;
  }

  /** The value of what its stage has kept, a model with the weights of an earlier epoch, say; else the last. */
  #keptOf({ output, attributes, single, values }: Found): Figure | null {
    const curves = this.asked.curves[output];
    const kept = curves === undefined ? null : Number(attributes[curves.kept]);
    const at = kept !== null && values[kept - 1] !== undefined ? kept : null;
    const value = at === null ? values.at(-1) : values[at - 1];
    // JSON has no other numbers.
    return value !== undefined && Number.isFinite(value) ? { value, at, single } : null;
  }

  async close(): Promise<void> {
    if (!this.#isNew) return;
    const values = [...this.#known].map(([key, figure]) => [
      key,
      figure === null ? null : [figure.value, figure.at, figure.single],
    ]);
    await this.store.writeCache("figures", keyOf(this.asked), Object.fromEntries(values));
  }
}

function keyOf({ tensor, curves }: Asked): Json {
  const kept = Object.entries(curves).map(([output, { kept }]) => [output, kept]);
  return { tensor, kept: Object.fromEntries(kept) };
}

function parseFigure(written: unknown): Figure | null {
  const [value, at, single] = Array.isArray(written) ? written : [];
  if (typeof value !== "number") return null;
  return { value, at: typeof at === "number" ? at : null, single: single === true };
}
