/**
 * `deno task faults [--seed N] [NAME...]`: disturbs runs of tests/configs/tiny.yaml in every way that is known, and prints
 * how often they came to the same end as one that was left alone.
 */
import { Lab, type Row, tableLines } from "./lab.ts";
import { SUITE } from "./suite.ts";

const words = [...Deno.args];
const at = words.indexOf("--seed");
const seed = at < 0 ? crypto.getRandomValues(new Uint32Array(1))[0] ?? 1 : Number(words[at + 1]);
if (at >= 0) words.splice(at, 2);
const unknown = words.filter((word) => SUITE[word] === undefined);
if (unknown.length > 0 || !Number.isSafeInteger(seed)) {
  console.error(
    `error: "${unknown.join(" ")}": wanted --seed N and of ${Object.keys(SUITE).join(", ")}`,
  );
  Deno.exit(2);
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
