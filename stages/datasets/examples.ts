/** From a stored data set to what a trainer takes. */
import type { Source } from "../../models/examples.ts";
import type { ArtifactReader } from "../../pipelines/stage.ts";
import { openTransforms } from "./transforms.ts";

/**
 * Labelled images as a trainer takes them, read as they are wanted; `table` says what a byte means. `where` names the
 * data in errors. @throws Error if there are none, or not as many labels as images
 */
export function openExamples(
  artifact: ArtifactReader,
  where: string,
  table: Float32Array,
): Source {
  const images = artifact.tensor("images", "uint8"), classes = artifact.tensor("labels", "uint8");
  const [count = 0, ...shape] = images.shape;
  if (classes.shape[0] !== count) {
    throw new Error(
      `Cannot use ${where}: ${count} images of [${shape.join(", ")}] but ${
        classes.shape[0]
      } labels`,
    );
  }
  if (count === 0) throw new Error(`Cannot use ${where}: it is empty`);
  const transforms = openTransforms(artifact);
  const labels = async (start: number, end: number) =>
    Int32Array.from(await classes.rows(start, end));
  return {
    count,
    shape,
    labels,
    async read(start, end, into) {
      const pixels = await images.rows(start, end, into);
      const part = { pixels, shape, table, labels: await labels(start, end) };
      return transforms === undefined
        ? part
        : { ...part, transforms: await transforms(start, end) };
    },
  };
}
