/**
 * Crisol's speed against the peers that users have, in turns: `deno task bench [--quick] [--threads N]`. What
 * it prints, and how to read it: docs/performance.md.
 */
import { has, value } from "../pipelines/cli/command.ts";
import { called, refuse } from "../tests/task.ts";
import { peakOf } from "./peak.ts";
import { type Contender, startCrisol, startPeers } from "./peers.ts";
import { makeWorkloads, type Timed } from "./workloads.ts";

const call = await called({
  name: "bench",
  summary: "Time training beside the peers that users have, in turns",
  arguments: [],
  flags: [
    { flags: "--quick", description: "three turns instead of twelve" },
    { flags: "--threads <number>", description: "CPU threads (all cores)" },
  ],
  examples: [["bench --quick --threads 1", "a first look, on one core"]],
});
const cores = navigator.hardwareConcurrency;
const given = value(call, "threads") ?? `${cores}`, threads = Number(given);
if (given === "" || !Number.isInteger(threads) || threads < 1 || threads > cores) {
  refuse(`--threads "${given}" cannot be used`, `give a whole number from 1 to ${cores}`);
}
const rounds = has(call, "quick") ? 3 : 12;
/** A variant that is so many times slower than its peer's best is not timed further. */
const HOPELESS = 4;

/** One way of one contender, and its milliseconds a step, turn by turn. */
interface Entry {
  readonly contender: Contender;
  readonly variant: string;
  readonly times: number[];
}

const least = (times: readonly number[]) => Math.min(...times);
const median = (times: readonly number[]) =>
  times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN;

async function measure({ title, goal, steps, workload }: Timed, all: readonly Contender[]) {
  console.log(`\n${title}: ms, ${rounds} turns of ${steps}`);
  let entries: Entry[] = [];
  for (const contender of all) {
    for (const variant of contender.variants) {
      try {
        await contender.prepare(workload, variant);
        const times = [await contender.run(workload, variant, 1)];
        entries.push({ contender, variant, times });
      } catch (error) {
        // A process that is gone fails here again for the next workload, and is named again.
        console.log(`  missing: ${contender.name}, ${variant}: ${(error as Error).message}`);
      }
    }
  }
  const best = (contender: Contender) =>
    Math.min(...entries.filter((e) => e.contender === contender).map((e) => least(e.times)));
  const hopeful = entries.filter((e) => least(e.times) <= HOPELESS * best(e.contender));
  for (const { contender, variant, times } of entries.filter((e) => !hopeful.includes(e))) {
    console.log(`  left out: ${contender.name}, ${variant}: ${least(times).toFixed(0)} ms`);
  }
  entries = hopeful.map((entry) => ({ ...entry, times: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const { contender, variant, times } of entries) {
      times.push(await contender.run(workload, variant, steps));
    }
  }
  const ours = entries.find((e) => e.contender.name === "Crisol");
  if (ours === undefined) throw new Error(`Crisol has no time for "${title}"`);
  console.log(`  ${"".padEnd(30)}     least    median   median to Crisol's`);
  for (const { contender, variant, times } of entries) {
    console.log(
      `  ${`${contender.name}, ${variant}`.padEnd(30)} ${least(times).toFixed(1).padStart(9)} ${
        median(times).toFixed(1).padStart(9)
      } ${(median(times) / median(ours.times)).toFixed(2).padStart(20)}`,
    );
  }
  const others = entries.filter((e) => e !== ours).map((e) => median(e.times));
  if (others.length === 0) return;
  console.log(
    `  against the fastest peer: ${
      (Math.min(...others) / median(ours.times)).toFixed(2)
    } times as ` +
      `fast; the goal is ${goal[0]}, hoped for ${goal[1]}`,
  );
}

async function model(): Promise<string> {
  const facts = new TextDecoder().decode(
    (await new Deno.Command("cat", { args: ["/proc/cpuinfo"], stderr: "null" }).output()).stdout,
  );
  return /model name\s*: (.*)/.exec(facts)?.[1] ?? Deno.build.arch;
}

const folder = await Deno.makeTempDir({ prefix: "crisol-bench-" });
const contenders: Contender[] = [];
try {
  const { timed, data } = await makeWorkloads(folder);
  contenders.push(await startCrisol(threads));
  const { peers, missing } = await startPeers(threads, console.log);
  contenders.push(...peers);
  const load = Deno.loadavg()[0] ?? 0;
  console.log(`${await model()}, ${threads} of ${navigator.hardwareConcurrency} cores`);
  console.log(`load before the bench: ${load.toFixed(1)}; images: ${data}`);
  console.log(`peak of one thread through WebAssembly: ${(await peakOf()).toFixed(0)} GFLOP/s`);
  for (const { name, versions } of contenders) console.log(`  ${name}: ${versions}`);
  for (const { name, reason } of missing) console.log(`  missing: ${name}: ${reason}`);
  for (const one of timed) await measure(one, contenders);
} finally {
  for (const contender of contenders) await contender.close();
  await Deno.remove(folder, { recursive: true });
}
