/** Real file systems that are full or cannot be written. */
import type { Workplace } from "../rig.ts";
import type { Dice, Lab, Row } from "./lab.ts";

/** Half of the tries on a tmpfs that is too small by some amount, half on a store that is read-only. */
export async function mounts(lab: Lab, count: number): Promise<Row> {
  const name = "a full or read-only file system";
  if (!await canMount(lab)) {
    console.log("skipped: mounting is not allowed here");
    return { fault: `${name} (not allowed here)`, tries: 0, survived: 0, failures: [], seconds: 0 };
  }
  return await lab.tries(
    name,
    count,
    (dice, index) => index % 2 === 0 ? full(lab, dice) : readOnly(lab),
  );
}

async function mount(...words: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command("mount", { args: words, stderr: "null" }).output()).success;
  } catch {
    return false; // there is no such command
  }
}

async function unmount(place: Workplace): Promise<void> {
  await new Deno.Command("umount", { args: [place.store] }).output();
}

async function canMount(lab: Lab): Promise<boolean> {
  const place = await lab.place();
  const done = await mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", place.store);
  if (done) await unmount(place);
  await place[Symbol.asyncDispose]();
  return done;
}

/** A run that fills its disk, then the same run on the same disk with room. */
async function full(lab: Lab, dice: Dice): Promise<string | null> {
  const place = await lab.place();
  const size = 40 + dice.below(2500);
  await mount("-t", "tmpfs", "-o", `size=${size}k`, "tmpfs", place.store);
  try {
    const { code, stdout, stderr } = await lab.run(place, ["--no-space-check"]);
    const said = stdout + stderr;
    if (code !== 0 && !/No room is left|no room|os error 28/i.test(said)) {
      return `a disk of ${size} kB: it ended with ${code}: ${said.slice(-400)}`;
    }
    if (/^ {4}at |Uncaught/m.test(said)) return `it showed a stack: ${said.slice(-600)}`;
    await mount("-o", "remount,size=64m", place.store);
    return await lab.problem(place);
  } finally {
    await unmount(place);
    await place[Symbol.asyncDispose]();
  }
}

/** A store that cannot be written serves what it has, and refuses what must be written. */
async function readOnly(lab: Lab): Promise<string | null> {
  const place = await lab.place(true);
  await mount("--bind", place.store, place.store);
  try {
    await mount("-o", "remount,bind,ro", place.store);
    const hit = await lab.run(place);
    if (hit.code !== 0) return `hits were refused: ${(hit.stdout + hit.stderr).slice(-400)}`;
    const miss = await lab.run(place, ["--set", "train.epochs=1"]);
    const said = miss.stdout + miss.stderr;
    if (miss.code !== 1 || !/cannot be written|Read-only file system/.test(said)) {
      return `a miss ended with ${miss.code}: ${said.slice(-400)}`;
    }
  } finally {
    await unmount(place);
  }
  try {
    return await lab.problem(place);
  } finally {
    await place[Symbol.asyncDispose]();
  }
}
