/** From a config's layers to a model, and from a stored topology back to one. */
import { z } from "zod";
import { LAYERS } from "./layers.ts";
import type { LayerSpec, Loss, Model } from "./model.ts";
import { type LayerParams, layerSchema, lossSchema } from "./schema.ts";

/** The layer with its type; the name is still missing where the config gave none. */
function withType(layer: LayerParams): DistributiveOmit<LayerSpec, "name"> & { name?: string } {
  const { conv2d, maxPooling2d, averagePooling2d, dropout, batchNormalization } = layer;
  const { activation, flatten, dense } = layer;
  if (conv2d !== undefined) return { ...named(conv2d), type: "conv2d" };
  if (maxPooling2d !== undefined) return { ...named(maxPooling2d), type: "maxPooling2d" };
  if (averagePooling2d !== undefined) {
    return { ...named(averagePooling2d), type: "averagePooling2d" };
  }
  if (dropout !== undefined) return { ...named(dropout), type: "dropout" };
  if (batchNormalization !== undefined) {
    return { ...named(batchNormalization), type: "batchNormalization" };
  }
  if (activation !== undefined) return { ...named(activation), type: "activation" };
  if (flatten !== undefined) return { ...named(flatten), type: "flatten" };
  if (dense !== undefined) return { ...named(dense), type: "dense" };
  throw new Error("Cannot build a model: a layer without a type");
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Drops a name that is not there, which zod gives as undefined. */
function named<T extends { name?: string | undefined }>(
  settings: T,
): Omit<T, "name"> & { name?: string } {
  const { name, ...rest } = settings;
  return name === undefined ? rest : { ...rest, name };
}

/** Names layers that have no name as Keras does: the first of a kind bare, the next with _1, _2. */
export function buildModel(layers: readonly LayerParams[], inputShape: readonly number[]): Model {
  const counts = new Map<string, number>();
  const specs = layers.map((params): LayerSpec => {
    const layer = withType(params);
    const { name } = layer;
    if (name !== undefined) return { ...layer, name };
    const { autoName } = LAYERS[layer.type];
    const count = counts.get(autoName) ?? 0;
    counts.set(autoName, count + 1);
    return { ...layer, name: count === 0 ? autoName : `${autoName}_${count}` };
  });
  return { inputShape, layers: specs };
}

const topologySchema = z.strictObject({
  topology: z.strictObject({
    inputShape: z.array(z.int().min(1)).length(3),
    layers: z.array(z.looseObject({ type: z.string() })),
  }),
  loss: lossSchema,
});

/** Reads a model's attributes back. @throws Error that says what does not fit */
export function readModel(topology: unknown, loss: unknown): { model: Model; loss: Loss } {
  const outer = topologySchema.safeParse({ topology, loss });
  if (!outer.success) throw unreadable(outer.error);
  const { inputShape, layers } = outer.data.topology;
  // { type, ...settings } is { [type]: settings } in a config, whose schema then checks it.
  const inner = z.array(layerSchema).safeParse(
    layers.map(({ type, ...settings }) => ({ [type]: settings })),
  );
  if (!inner.success) throw unreadable(inner.error);
  return { model: buildModel(inner.data, inputShape), loss: outer.data.loss };
}

function unreadable(error: z.ZodError): Error {
  return new Error(`Cannot read the model's topology: ${z.prettifyError(error)}`);
}
