/**
 * What the engine itself costs, beside its bounds and beside tools that do the same: `deno task bench:engine
 * [--trials N]`. What it prints, and how to read it: docs/performance.md.
 */
import { join } from "node:path";
import { value } from "../pipelines/cli/command.ts";
import { isThere, Workplace } from "../tests/rig.ts";
import { called, refuse } from "../tests/task.ts";
import { CELLS, CHAIN, FAN, FASHION, shortenFashion, SWEEP, writeGraphs } from "./engine/graphs.ts";
import { type Command, inTurns, peak, time } from "./engine/timed.ts";
import { forget, type Tool, TOOLS } from "./engine/tools.ts";
import { dataFolders } from "./workloads.ts";

/** Of the bounds. */
const TRIALS = 10_000, SOME_TRIALS = 1000;
const call = await called({
  name: "bench:engine",
  summary: "Time what the engine itself costs, beside its bounds and tools that do the same",
  arguments: [],
  flags: [{ flags: "--trials <number>", description: `of the long sweep (${TRIALS})` }],
  examples: [["bench:engine --trials 1000", "without what is bounded for ten thousand"]],
});
const given = value(call, "trials") ?? `${TRIALS}`, trials = Number(given);
if (given === "" || !Number.isInteger(trials) || trials < SOME_TRIALS || trials > TRIALS) {
  refuse(
    `--trials "${given}" cannot be tried`,
    `give a whole number from ${SOME_TRIALS} to ${TRIALS}`,
  );
}
/** Nodes of a fan and of a chain, each with a process of its own. */
const STAGES = 50;
/** Of a command that does nothing, and of one that does all. */
const NOOPS = 15, ALL = 3;

/** A figure of ours; `most` is null where no bound was set. */
interface Row {
  readonly what: string;
  readonly unit: "ms" | "s" | "MB";
  readonly value: number | null;
  readonly most: number | null;
}

const line = (cells: readonly string[]) => console.log(`| ${cells.join(" | ")} |`);
const seconds = async (command: Command) => await time(command) / 1000;

function show({ what, unit, value, most }: Row): void {
  const digits = unit === "s" ? 1 : 0;
  line([
    what,
    value === null ? "not known here" : `${value.toFixed(digits)} ${unit}`,
    most === null ? "" : `${most} ${unit}`,
    most === null || value === null ? "" : value <= most ? "reached" : "missed",
  ]);
}

/** An empty program beside it is what of it is Deno's. */
async function noop(place: Workplace, task: Task): Promise<Row[]> {
  shortenFashion(place);
  const run = task("run", FASHION);
  await time(run);
  const empty = place.write("bench/engine/empty.ts", "");
  const [ours = NaN, theirs = NaN] = await inTurns(NOOPS, [
    () => time(run),
    () => time({ program: Deno.execPath(), args: ["run", empty], cwd: place.root }),
  ]);
  return [
    { what: `no-op of ${FASHION}, \`deno task run\``, unit: "ms", value: ours, most: 200 },
    { what: "an empty program, `deno run`", unit: "ms", value: theirs, most: null },
  ];
}

/** All of it: the plan, each stage's process, the records, and the start of the command. */
async function perStage(place: Workplace, task: Task): Promise<Row[]> {
  const all = [FAN, CHAIN].map((config) => crisol(place, task, config));
  const [fan = NaN, chain = NaN] = await inTurns(ALL, all.map((tool) => () => anew(tool)));
  return [
    { what: `each of ${STAGES} stages beside each other`, unit: "ms", value: fan, most: 80 },
    { what: `each of ${STAGES} stages in a chain`, unit: "ms", value: chain, most: 80 },
  ];
}

async function manyTrials(place: Workplace, task: Task): Promise<Row[]> {
  const store = join(place.folder, "trials"), empty = join(place.folder, "none");
  const sweep = (count: number) =>
    task("sweep", SWEEP, "--trials", `${count}`, "-j", "2", "--quiet", "--store", store);
  const some = await seconds(sweep(SOME_TRIALS));
  // What it has not tried yet is done now, so that what is measured is a run that does them.
  const memory = await peak(sweep(trials));
  const [nothing = NaN, plan = NaN] = await inTurns(ALL, [
    () => seconds(sweep(trials)),
    async () => {
      await Deno.remove(empty, { recursive: true }).catch(() => {}); // it is not there yet
      return await seconds(task("plan", CELLS, "--store", empty));
    },
  ]);
  // The bounds are those of ten thousand.
  const most = (bound: number) => trials === TRIALS ? bound : null;
  return [
    { what: `plan of ${trials} trials`, unit: "s", value: plan, most: most(2) },
    { what: `no-op of a sweep of ${trials} trials`, unit: "s", value: nothing, most: most(5) },
    {
      what: `memory of the engine with ${trials} trials`,
      unit: "MB",
      value: memory === null ? null : memory / 1e6,
      most: most(400),
    },
    { what: `sweep of ${SOME_TRIALS} trials, two workers`, unit: "s", value: some, most: 60 },
  ];
}

function crisol(place: Workplace, task: Task, config: string): Tool {
  const store = join(place.folder, "stages");
  return {
    name: "Crisol",
    command: task("run", config, "-j", "1", "--quiet", "--store", store),
    kept: [store],
  };
}

/** Milliseconds for each stage of a graph that is done anew. */
async function anew(tool: Tool): Promise<number> {
  forget(tool);
  return await time(tool.command) / STAGES;
}

/** A row for each tool that can be had here; the others are named. */
async function besides(place: Workplace, task: Task): Promise<void> {
  const tools = [crisol(place, task, FAN)], missing: string[] = [];
  for (const [name, make] of Object.entries(TOOLS)) {
    try {
      const tool = await make(join(place.folder, name), STAGES, (line) => console.error(line));
      await time(tool.command);
      tools.push(tool);
    } catch (error) {
      missing.push(`missing: ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const stages = await inTurns(ALL, tools.map((tool) => () => anew(tool)));
  const noops = await inTurns(NOOPS, tools.map(({ command }) => () => time(command)));
  console.log();
  line([`${STAGES} stages, one at a time`, "a stage", "ours by it", "no-op", "ours by it"]);
  line(Array.from({ length: 5 }, () => "---"));
  for (const [index, { name }] of tools.entries()) {
    const cells = [stages, noops].flatMap((times) => {
      const ours = times[0] ?? NaN, found = times[index] ?? NaN;
      return [`${found.toFixed(0)} ms`, (ours / found).toFixed(2)];
    });
    line([name, ...cells]);
  }
  for (const why of missing) console.log(why);
}

/** A command of the project's, as a user types it behind `deno task`. */
type Task = (...words: string[]) => Command;

await using place = await Workplace.copy();
writeGraphs(place, { stages: STAGES, trials });
const git = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
for (
  const words of [["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=bench"]]
) {
  // A run asks git where it stands.
  await time({ program: "git", args: [...git, ...words], cwd: place.root })
    .catch((error) => console.error(`Without git: ${error.message}`));
}
const data = dataFolders().find((folder) => isThere(join(folder, "fashion-mnist")));
const task: Task = (...words) => ({
  program: Deno.execPath(),
  args: ["task", ...words],
  cwd: place.root,
  env: data === undefined ? {} : { CRISOL_DATASETS: data },
});
console.log(`load before the bench: ${(Deno.loadavg()[0] ?? 0).toFixed(1)}\n`);
line(["what", "Crisol", "at most", ""]);
line(Array.from({ length: 4 }, () => "---"));
for (const measure of [noop, perStage, manyTrials]) {
  try {
    for (const row of await measure(place, task)) show(row);
  } catch (error) {
    Deno.exitCode = 1;
    console.error(error instanceof Error ? error.message : String(error));
  }
}
await besides(place, task);
