/** Small stages of a test's own, beside a config of their own, in a copy of the project. */
import type { Workplace } from "./rig.ts";

/** A stage that writes one tensor of three numbers, after `body`; `more` are further members. */
export function stageText(body: string, more: string = ""): string {
  return `import { z } from "zod";
import { defineStage } from "../pipelines/stage.ts";

export default defineStage({
  name: "own",
  summary: "A stage of a test",
  params: z.strictObject({ value: z.number().default(1), text: z.string().default("") }),
  inputs: { before: { arity: "one", optional: true, what: "what ran before" } },
  outputs: { out: { kind: "tensors", tensors: { numbers: { dtype: "float64", rank: 1 } } } },
  ${more}
  async run({ params, inputs, outputs, progress, log, signal, checkpoints, checkpointDue }) {
    void [params, inputs, progress, log, signal, checkpoints, checkpointDue];
    const numbers = Float64Array.of(params.value, 2, 3);
    ${body}
    await outputs.out.write("numbers", "float64", [3], numbers);
  },
});
`;
}

/** Writes a page of what it gathers; `more` are further members of its inputs. */
export function gatherText(more: string): string {
  return `import { z } from "zod";
import { defineStage } from "../pipelines/stage.ts";

export default defineStage({
  name: "gather",
  summary: "A page of what there is",
  params: z.strictObject({}),
  inputs: {
    all: { arity: "many", named: true, what: "numbers", ${more} },
    also: { arity: "many", named: true, optional: true, what: "more numbers", ${more} },
    one: { arity: "one", optional: true, what: "a number" },
  },
  outputs: { page: { kind: "file", name: "page.html" } },
  async run({ inputs, outputs }) {
    const names = (gathered) => gathered.map(({ name }) => name).join(" ");
    const text = "all: " + names(inputs.all) + "; also: " + names(inputs.also) +
      '<script type="application/json" id="crisol-lineage">null</script>';
    await outputs.page.writeFile(new TextEncoder().encode(text));
  },
});
`;
}

/** Where `own` writes its stage. */
export const STAGE = "configs/own.ts";
export const CONFIG = "configs/own.yaml";

/** Writes the stage and a config with one node `one` of it. */
export function own(place: Workplace, body: string, more: string = ""): void {
  place.write(STAGE, stageText(body, more));
  place.write(CONFIG, "stages:\n  one:\n    uses: ./own.ts\n");
}
