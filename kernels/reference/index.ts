/**
 * The operations in plain loops: slow, obviously right, and what the compiled kernels are held
 * against. Sums and functions are computed in f64 and rounded to f32 where a tensor is written.
 */
import type { Ops } from "../ops.ts";
import { activation } from "./activation.ts";
import { convolution } from "./convolution.ts";
import { dense } from "./dense.ts";
import { dropout } from "./dropout.ts";
import { loss } from "./loss.ts";
import { normalization } from "./normalization.ts";
import { normPool } from "./normpool.ts";
import { optimizer } from "./optimizer.ts";
import { pool } from "./pool.ts";
import { bytes, floats } from "./views.ts";

export function createReferenceOps(memory: WebAssembly.Memory): Ops {
  const ops: Ops = {
    ...convolution(memory),
    ...dense(memory, () => ops),
    ...activation(memory),
    ...pool(memory),
    ...dropout(memory),
    ...normalization(memory),
    ...normPool(memory),
    ...loss(memory),
    ...optimizer(memory),
    lookUp(n, source, table, y) {
      const input = bytes(memory, source), values = floats(memory, table);
      const output = floats(memory, y);
      for (let i = 0; i < n; i++) output.set(i, values.get(input.get(i)));
    },
    add(n, x, y) {
      const terms = floats(memory, x), sums = floats(memory, y);
      for (let i = 0; i < n; i++) sums.set(i, sums.get(i) + terms.get(i));
    },
  };
  return ops;
}
