/** `deno task check` and `deno task ok`: one step after the other, as far as they hold. */
import { called, refuse } from "./task.ts";

const CHECKS = [["fmt", "--check"], ["lint"], ["check"], ["task", "schema", "--check"]];

const STEPS: Readonly<Record<string, { summary: string; steps: readonly string[][] }>> = {
  check: { summary: "Format, lint, types, and the editors' schema", steps: CHECKS },
  ok: { summary: "All that check looks at, then all tests", steps: [...CHECKS, ["task", "test"]] },
};

const [name = "", ...words] = Deno.args;
const task = STEPS[name] ?? refuse(`There is no "${name}"`, Object.keys(STEPS).join(", "));
const { summary, steps } = task;
await called({ name, summary, arguments: [], flags: [], examples: [[name, summary]] }, words);
for (const args of steps) {
  const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  if (code !== 0) Deno.exit(code);
}
