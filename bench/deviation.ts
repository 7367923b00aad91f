/**
 * How much the course's network moves from seed to seed: what each seed gave, as `seeds` of configs/fashion.yaml takes
 * it, and where one more run is expected by it. `deno task deviation [--seeds N] [STORE]`; some 2 minutes a seed on
 * two cores, and seeds that the store has cost nothing.
 */
import { resolve } from "node:path";
import { value } from "../pipelines/cli/command.ts";
import { furtherRun } from "../pipelines/report/reference.ts";
import { deviation, mean } from "../pipelines/report/statistics.ts";
import { called, refuse } from "../tests/task.ts";
import { measure } from "./figures.ts";

const call = await called({
  name: "deviation",
  summary: "How much the course's network moves from seed to seed: some 2 minutes a seed",
  arguments: [{
    name: "store",
    description: "where results are kept (artifacts)",
    required: false,
    many: false,
  }],
  flags: [{ flags: "--seeds <number>", description: "how many, from 2 on (16)" }],
  examples: [
    ["deviation", "the 16 seeds of configs/fashion-seeds.yaml"],
    ["deviation --seeds 32", "16 more, once those are done"],
  ],
});
const seeds = value(call, "seeds");
if (seeds !== undefined && !/^(?:[2-9]|[1-9]\d{1,2})$/.test(seeds)) {
  refuse(`--seeds "${seeds}" cannot be used`, "give a whole number from 2 to 999");
}
const { figures } = await measure(
  "configs/fashion-seeds.yaml",
  resolve(call.arguments[0] ?? "artifacts"),
  seeds === undefined ? [] : ["--set", `train.seeds=${seeds}`],
);
const valuesOf = (name: "loss" | "accuracy") => [...figures.values()].map((one) => one[name]);
console.log("\nfigure    seeds  mean     deviation  median   one more run, 95 of 100");
for (const name of ["loss", "accuracy"] as const) {
  const values = valuesOf(name), sorted = [...values].sort((a, b) => a - b);
  const at = (place: number) => sorted[place] ?? NaN;
  const n = values.length, median = (at((n - 1) >> 1) + at(n >> 1)) / 2;
  const digits = (x: number) => x.toFixed(5);
  console.log(
    `${name.padEnd(8)}  ${String(n).padStart(5)}  ${digits(mean(values))}  ` +
      `${digits(deviation(values) ?? NaN)}    ${digits(median)}  ` +
      `${furtherRun(values)?.map(digits).join(" to ")}`,
  );
}
console.log("\nFor `seeds` in configs/fashion.yaml:");
for (const name of ["loss", "accuracy"] as const) {
  console.log(`            ${name}: [${valuesOf(name).map((x) => x.toFixed(4)).join(", ")}]`);
}
