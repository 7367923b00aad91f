/** Brings a batch into a program's memory. */
import { resampleInto, ROW } from "../../numerics/resample.ts";
import { sizeOf } from "../layers.ts";
import type { Batch } from "../trainer.ts";
import type { Layout } from "./layout.ts";

/** Copies pixels (resampled where transforms say so), labels and the table of values. */
export function gather(memory: WebAssembly.Memory, layout: Layout, batch: Batch): void {
  const { examples: { pixels, labels, shape, table, transforms }, indices } = batch;
  const size = sizeOf(shape);
  if (size !== layout.inputSize) {
    throw new Error(
      `Cannot take examples of shape [${shape.join(", ")}]: the model wants ${layout.inputSize} ` +
        `values each`,
    );
  }
  new Float32Array(memory.buffer, layout.table, 256).set(table);
  const classes = new Int32Array(memory.buffer, layout.labels, indices.length);
  for (const [i, index] of indices.entries()) {
    const label = labels[index];
    if (label === undefined) {
      throw new RangeError(`Cannot take example ${index}: there are ${labels.length}`);
    }
    classes[i] = label;
    const from = pixels.subarray(index * size, (index + 1) * size);
    const to = new Uint8Array(memory.buffer, layout.bytes + i * size, size);
    if (transforms === undefined) to.set(from);
    else {
      const row = transforms.rows.subarray(index * ROW, (index + 1) * ROW);
      resampleInto(from, shape, row, transforms.fill, transforms.constant, to);
    }
  }
}
