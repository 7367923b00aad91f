/** Bytes that change on the disk: each file of a store, found by whoever reads it or by `verify`, and made again. */
import { join } from "node:path";
import { digests, type Workplace } from "../rig.ts";
import type { Dice, Lab, Row } from "./lab.ts";

const HARMS = ["a flipped bit", "a file cut short", "a file swapped for another"] as const;

/**
 * What is a note of ours, a lock, or thrown away: nothing of it reaches a result. A bit of the marker can make it that of
 * a later version, which is refused in words.
 */
const NOTES = /^(?:(?:logs|locks|tmp|runs|quarantine|diverged)\/|crisol-store\.json$)/;

/**
 * Damages files of one kind of thing at a time, one file in each object: as many rounds as the object with the most
 * files has. Every second round `verify --repair` comes first; else a run must find what it reads. `most`: rounds.
 */
export async function damage(lab: Lab, most: number | null): Promise<Row> {
  const rounds = roundsOf(lab.clean);
  const chosen = most === null ? rounds : rounds.slice(0, most);
  let files = 0;
  const row = await lab.tries("damaged files", chosen.length, async (dice, index) => {
    const round = chosen[index] ?? [];
    const place = await lab.place(true);
    try {
      for (const path of round) harm(place, path, dice);
      files += round.length;
      const why = index % 2 === 0 ? await repaired(place, round) : await read(lab, place);
      // A record whose outputs were set aside is there until the next run.
      return why ?? await lab.problem(place, false);
    } finally {
      await place[Symbol.asyncDispose]();
    }
  });
  return { ...row, fault: `damaged files (${files} in ${row.tries} rounds)` };
}

/** Paths from the store's folder, so that no two of a round lie in one object. */
function roundsOf(clean: Workplace): string[][] {
  const groups = new Map<string, string[]>();
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(join(clean.store, folder))) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (isDirectory) visit(path);
      else if (!NOTES.test(path)) {
        const group = /^objects\/[^/]+\/[^/]+/.exec(path)?.[0] ?? path.split("/")[0] ?? path;
        groups.set(group, [...groups.get(group) ?? [], path]);
      }
    }
  };
  visit("");
  const longest = Math.max(...[...groups.values()].map((paths) => paths.length));
  return Array.from(
    { length: longest },
    (_, index) => [...groups.values()].flatMap((paths) => paths.sort()[index] ?? []),
  );
}

function harm(place: Workplace, path: string, dice: Dice): void {
  const file = join(place.store, path);
  const bytes = Deno.readFileSync(file);
  const at = dice.below(Math.max(1, bytes.length));
  switch (dice.pick(HARMS)) {
    case "a flipped bit":
      bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
      return Deno.writeFileSync(file, bytes);
    case "a file cut short":
      return Deno.writeFileSync(file, bytes.subarray(0, at));
    case "a file swapped for another":
      return Deno.writeFileSync(file, new TextEncoder().encode(`{"this":"is another file"}`));
  }
}

/** Null if `verify --repair` has found each object, record, bundle and checkpoint that was harmed. */
async function repaired(place: Workplace, round: readonly string[]): Promise<string | null> {
  const { stdout, stderr } = await place.do(["verify", "--repair", "--json"]);
  if (stderr !== "") return `verify said ${stderr}`;
  const found = stdout.split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { path: string; problem: string | null }) // as it prints
    .flatMap(({ path, problem }) => problem === null ? [] : [path]);
  const missed = round.filter((path) => /^(?:objects|records|bundles)\//.test(path))
    .filter((path) => {
      const thing = /^objects\/[^/]+\/[^/]+|^bundles\/[^/]+|^.*/.exec(path)?.[0] ?? path;
      return !found.some((one) => one.endsWith(thing));
    });
  return missed.length === 0 ? null : `verify did not find ${missed.join(", ")}`;
}

/** Null if a run of everything that reads comes to the same digests without help. */
async function read(lab: Lab, place: Workplace): Promise<string | null> {
  const force = ["preprocess", "augment", "evaluate", "report"].flatMap((node) => ["-f", node]);
  const { code, stdout, stderr } = await lab.run(place, force);
  if (code !== 0) return `the reading run ended with ${code}: ${(stdout + stderr).slice(-400)}`;
  const found = digests(place.store);
  const other = Object.entries(lab.digests).find(([name, digest]) => found[name] !== digest);
  if (other !== undefined) return `"${other[0]}" is ${found[other[0]]}, not ${other[1]}`;
  // What nobody has read is found by `verify`.
  await place.do(["verify", "--repair"]);
  return null;
}
