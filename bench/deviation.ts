/**
 * How much the course's network moves from seed to seed: mean and standard deviation over the seeds of
 * configs/fashion-seeds.yaml. `deno task deviation [FOLDER]`; twenty minutes on two cores.
 */
import { resolve } from "node:path";
import { called } from "../tests/task.ts";
import { measure } from "./figures.ts";

const call = await called({
  name: "deviation",
  summary: "How much the course's network moves from seed to seed: some twenty minutes",
  arguments: [{
    name: "store",
    description: "where results are kept (artifacts)",
    required: false,
    many: false,
  }],
  flags: [],
  examples: [["deviation", "mean and deviation over the seeds of configs/fashion-seeds.yaml"]],
});
const { figures } = await measure(
  "configs/fashion-seeds.yaml",
  resolve(call.arguments[0] ?? "artifacts"),
);
console.log("\nfigure    seeds  mean     deviation  each seed's");
for (const name of ["loss", "accuracy"] as const) {
  const values = [...figures.values()].map((one) => one[name]);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (values.length - 1));
  console.log(
    `${name.padEnd(8)}  ${String(values.length).padStart(5)}  ${mean.toFixed(5)}  ` +
      `${deviation.toFixed(5)}    ${values.map((x) => x.toFixed(4)).join(" ")}`,
  );
}
