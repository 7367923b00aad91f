/**
 * `deno task faults [--seed N] [NAME...]`: disturbs runs of tests/configs/tiny.yaml in every way that is known, and prints
 * how often they came to the same end as one that was left alone.
 */
import { Lab, type Row, tableLines } from "./lab.ts";
import { SUITE } from "./suite.ts";
import { value } from "../../pipelines/cli/command.ts";
import { called, refuse } from "../task.ts";

const names = Object.keys(SUITE);
const call = await called({
  name: "faults",
  summary: "Disturb runs in every way that is known, and count how often they came to the same end",
  details: `Faults: ${names.join(", ")}.`,
  arguments: [{ name: "fault", description: "only these", required: false, many: true }],
  flags: [{ flags: "--seed <number>", description: "draws the moments (another each time)" }],
  examples: [["faults", "all of them"], ["faults --seed 7", "those of seed 7 again"]],
});
const words = call.arguments, given = value(call, "seed");
const seed = given === undefined
  ? crypto.getRandomValues(new Uint32Array(1))[0] ?? 1
  : Number(given);
const unknown = words.find((word) => SUITE[word] === undefined);
if (unknown !== undefined) {
  refuse(`There is no fault "${unknown}"`, `there are: ${names.join(", ")}`);
}
if (given === "" || !Number.isSafeInteger(seed) || seed < 0) {
  refuse(`--seed "${given}" is no seed`, "give a whole number");
}
console.log(`seed ${seed}`);
await using lab = await Lab.open(seed);
const rows: Row[] = [];
for (const [name, { all: faults }] of Object.entries(SUITE)) {
  if (words.length > 0 && !words.includes(name)) continue;
  const row = await faults(lab);
  rows.push(row);
  console.log(
    `${row.fault}: ${row.survived} of ${row.tries} survived, ${row.seconds.toFixed(0)} s`,
  );
  for (const failure of row.failures) console.log(`  ${failure}`);
}
for (const line of tableLines(rows)) console.log(line);
if (rows.some(({ failures }) => failures.length > 0)) Deno.exitCode = 1;
