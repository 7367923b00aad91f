/** Whether what was written is what was declared. */
import { own } from "../json.ts";
import type { ArtifactType } from "../stage.ts";
import type { Manifest } from "../store/store.ts";

/** An output that is not what the stage declared. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

export function checkManifest(output: string, type: ArtifactType, manifest: Manifest): void {
  if (type.kind === "file" || manifest.kind === "file") {
    const say = (one: ArtifactType | Manifest) =>
      one.kind === "file" ? `the file "${one.name}"` : "tensors";
    if (say(type) === say(manifest)) return;
    throw new OutputError(
      `Output "${output}" is ${say(manifest)}: ${say(type)} ${
        type.kind === "file" ? "was" : "were"
      } declared`,
    );
  }
  for (const [name, wanted] of Object.entries(type.tensors)) {
    const found = own(manifest.tensors, name);
    if (found === undefined) {
      const names = Object.keys(manifest.tensors);
      throw new OutputError(
        `Output "${output}" lacks the tensor "${name}": ` +
          (names.length === 0 ? "nothing was written" : `it holds ${names.join(", ")}`),
      );
    }
    if (found.dtype !== wanted.dtype || found.shape.length !== wanted.rank) {
      throw new OutputError(
        `Tensor "${name}" of output "${output}" is ${found.dtype} of rank ${found.shape.length}: ` +
          `${wanted.dtype} of rank ${wanted.rank} was declared`,
      );
    }
  }
  if (type.open === true) return;
  for (const name of Object.keys(manifest.tensors)) {
    if (!Object.hasOwn(type.tensors, name)) {
      throw new OutputError(
        `Output "${output}" holds a tensor "${name}" that was not declared: ` +
          `declare it, or say \`open: true\``,
      );
    }
  }
}
