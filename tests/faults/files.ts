/** File operations that fail: each place in the engine and in stage processes that touches a file, with each error. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { command, ROOT, TINY, type Workplace } from "../rig.ts";
import type { Lab, Row } from "./lab.ts";

const READ = ["EACCES", "EIO"];
const WRITE = ["ENOSPC", "EACCES", "EIO", "EROFS"];

/** What can go wrong with an operation. */
function codesOf(operation: string): readonly string[] {
  if (/sync$/i.test(operation.replace(/Sync$/, "")) || /lock/i.test(operation)) return ["EIO"];
  return /write|mkdir|rename|remove|truncate|utime/i.test(operation) ? WRITE : READ;
}

interface Fault {
  readonly site: string;
  readonly turn: number;
  readonly code: string;
}

/** `most`: null for all of them. */
export async function files(lab: Lab, most: number | null): Promise<Row> {
  const sites = await sitesOf(lab);
  const dice = lab.dice("turns");
  // Of what can go wrong at a place, two kinds for each that writes and one for each that reads.
  let faults = [...sites].flatMap(([site, times]) => {
    const codes = codesOf(site.split(":")[1] ?? "");
    const first = dice.below(codes.length);
    return codes.map((_, index) => codes[(first + index) % codes.length] ?? "EIO")
      .slice(0, Math.ceil(codes.length / 2))
      .map((code): Fault => ({ site, turn: 1 + dice.below(times), code }));
  });
  if (most !== null) faults = Array.from({ length: most }, () => dice.pick(faults));
  return await lab.tries(
    `a file operation that fails (${sites.size} places)`,
    faults.length,
    async (_, index) => {
      const fault = faults[index];
      if (fault === undefined) return null;
      const place = await lab.place();
      try {
        const why = await disturb(lab, place, fault);
        return why === null ? null : `${fault.code} at ${fault.site}, turn ${fault.turn}: ${why}`;
      } finally {
        await place[Symbol.asyncDispose]();
      }
    },
  );
}

/** Every place that a run touches files from, and how often. */
async function sitesOf(lab: Lab): Promise<Map<string, number>> {
  const place = await lab.place();
  try {
    const { code, stderr } = await runWith(place, {});
    if (code !== 0) throw new Error(`The run that takes notes failed: ${stderr}`);
    const found = new Map<string, number>();
    for (const site of Deno.readTextFileSync(join(place.folder, "notes", "sites")).split("\n")) {
      if (site !== "") found.set(site, (found.get(site) ?? 0) + 1);
    }
    return new Map([...found].sort(([a], [b]) => a < b ? -1 : 1));
  } finally {
    await place[Symbol.asyncDispose]();
  }
}

async function runWith(place: Workplace, fault: Partial<Fault>) {
  const notes = join(place.folder, "notes");
  Deno.mkdirSync(notes, { recursive: true });
  const url = pathToFileURL(join(ROOT, "tests", "faults", "inject.ts"));
  url.searchParams.set("folder", notes);
  for (const [name, value] of Object.entries(fault)) url.searchParams.set(name, `${value}`);
  const words = ["run", TINY, "--store", place.store, "--reports", place.reports];
  return await command(ROOT, words, { preload: url.href });
}

/** Null if the run told of it as it should, or could do without, and the store is none the worse. */
async function disturb(lab: Lab, place: Workplace, fault: Fault): Promise<string | null> {
  const { code, stdout, stderr } = await runWith(place, fault);
  const said = stdout + stderr;
  if (![0, 1, 2].includes(code)) return `it ended with ${code}: ${said.slice(-400)}`;
  if (/^ {4}at |Uncaught/m.test(said)) return `it showed a stack: ${said.slice(-600)}`;
  if (code !== 0 && !/error|failed/.test(said)) return `it failed without a word: ${said}`;
  return await lab.problem(place);
}
