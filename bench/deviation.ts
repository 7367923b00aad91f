/**
 * How much the course's two networks move from seed to seed: mean and standard deviation over the seeds of
 * configs/fashion-seeds.yaml. `deno task deviation [FOLDER]`; an hour and a half on two cores.
 */
import { resolve } from "node:path";
import { measure } from "./figures.ts";

const { figures } = await measure(
  "configs/fashion-seeds.yaml",
  resolve(Deno.args[0] ?? "artifacts"),
);
const variants = Map.groupBy(figures, ([cell]) => cell.split(",")[0] ?? cell);
console.log(`\n${"variant".padEnd(10)}  seeds  figure    mean     deviation`);
for (const [variant, cells] of variants) {
  for (const name of ["loss", "accuracy"] as const) {
    const values = cells.map(([, one]) => one[name]);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / (values.length - 1));
    console.log(
      `${variant.padEnd(10)}  ${String(values.length).padStart(5)}  ${name.padEnd(8)}  ` +
        `${mean.toFixed(5)}  ${deviation.toFixed(5)}   ${
          values.map((x) => x.toFixed(4)).join(" ")
        }`,
    );
  }
}
