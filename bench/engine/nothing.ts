/** A stage that does nothing worth a mention, for benches of the engine: two params in, one number out. */
import { z } from "zod";
import { defineStage } from "../../pipelines/stage.ts";

export default defineStage({
  name: "nothing",
  summary: "Adds two params",
  params: z.strictObject({ x: z.number().default(0), y: z.int().default(0) }),
  inputs: { before: { arity: "one", optional: true, what: "what ran before" } },
  outputs: { metrics: { kind: "tensors", tensors: { score: { dtype: "float64", rank: 0 } } } },
  async run({ params: { x, y }, outputs: { metrics } }) {
    await metrics.write("score", "float64", [], Float64Array.of(x + y));
  },
});
