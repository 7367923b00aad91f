/** Training that starts with the weights of a stored model. */
import type { NamedTensor, TrainerState } from "../../models/trainer.ts";
import type { ArtifactReader, ArtifactShape, ParamIssue } from "../../pipelines/stage.ts";

/** What is connected to `from` or `optimizer` and does not fit, as far as it is known. */
export function startIssues(
  input: string,
  found: readonly (ArtifactShape | null)[] | undefined,
  wanted: Shapes,
  what: string,
): ParamIssue[] {
  const misfit = found?.[0] && misfitOf(found[0].tensors, wanted);
  return typeof misfit === "string"
    ? [{ path: [], input, message: `Cannot go on from this: it does not fit ${what}: ${misfit}` }]
    : [];
}

type Shapes = Readonly<Record<string, { readonly shape: readonly (number | null)[] }>>;

/** The first tensor that is missing, of another shape, or too many; null if there is none. */
function misfitOf(found: Shapes, wanted: Shapes): string | null {
  for (const [name, { shape }] of Object.entries(wanted)) {
    const other = found[name]?.shape;
    if (other === undefined) return `it has no "${name}"`;
    if (other.length !== shape.length || other.some((size, i) => size !== shape[i])) {
      return `its "${name}" is [${other.join(", ")}], wanted [${shape.join(", ")}]`;
    }
  }
  const odd = Object.keys(found).find((name) => !Object.hasOwn(wanted, name));
  return odd === undefined ? null : `there is no place for its "${odd}"`;
}

/** The state that a training starts with: that of a stored model, in the trainer's own order. */
export async function readStart(
  own: TrainerState,
  model: ArtifactReader,
  optimizer: ArtifactReader | undefined,
  type: string,
): Promise<TrainerState> {
  const read = async (artifact: ArtifactReader, tensors: readonly NamedTensor[], what: string) => {
    const shapeOf = (name: string) => [name, artifact.tensor(name, "float32")] as const;
    const found = Object.fromEntries(artifact.names.map(shapeOf));
    const wanted = Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor]));
    const misfit = misfitOf(found, wanted);
    if (misfit !== null) throw new Error(`Cannot go on from ${what}: ${misfit}`);
    return await Promise.all(
      tensors.map(async ({ name, shape }) => ({
        name,
        shape,
        values: await artifact.tensor(name, "float32").read(),
      })),
    );
  };
  const weights = await read(model, own.weights, "this model");
  if (optimizer === undefined) return { ...own, weights };
  const stored = optimizer.attributes["type"], step = optimizer.attributes["step"];
  // Two of them may have slots of the same names.
  if (stored !== type || typeof step !== "number") {
    throw new Error(
      `Cannot go on with the optimizer's state: it is of "${stored}", wanted "${type}"`,
    );
  }
  return { weights, slots: await read(optimizer, own.slots, "the optimizer's state"), step };
}
