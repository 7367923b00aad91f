/** Whether an output fits the input that it is connected to. Pure. */
import { own } from "../json.ts";
import type { ArtifactType, InputType } from "../stage.ts";

/** What is wrong with the connection, or null. */
export function misfit(output: ArtifactType, input: InputType): string | null {
  if (input.tensors === undefined) return null;
  const wanted = Object.entries(input.tensors);
  if (output.kind === "file") {
    return `it is a file, wanted ${input.what}`;
  }
  for (const [name, { dtype, rank }] of wanted) {
    const found = own(output.tensors, name);
    if (found === undefined) {
      // An open group may hold it; the stage will see when it reads.
      if (output.open === true) continue;
      const names = Object.keys(output.tensors);
      return `it holds no tensor "${name}" (but ${
        names.join(", ") || "none"
      }), wanted ${input.what}`;
    }
    if (found.dtype !== dtype || found.rank !== rank) {
      return `its tensor "${name}" is ${found.dtype} of rank ${found.rank}, wanted ${dtype} of rank ${rank}: ${input.what}`;
    }
  }
  return null;
}
