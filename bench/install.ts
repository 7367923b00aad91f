/** Puts what we are measured against into ignored folders of the project, on first use. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LISTS = fileURLToPath(new URL("peers/", import.meta.url));
const IS_WINDOWS = Deno.build.os === "windows";

/** Packages that are installed together. */
export interface Wanted {
  /** What it is called to people. */
  readonly name: string;
  /** Its versions stand in `bench/peers/<list>.txt`, one a line. */
  readonly list: string;
  /** Folder from the project's root. */
  readonly folder: string;
  /** What an installation unpacks at once. */
  readonly gigabytes: number;
  /** The list is complete: nothing that it names as needed is looked for. */
  readonly alone?: boolean;
}

type Say = (line: string) => void;

/** A virtual environment with these packages of PyPI; its folder of programs. @throws Error that says why not */
export async function installPython(wanted: Wanted, say: Say): Promise<string> {
  const venv = join(ROOT, wanted.folder), programs = join(venv, IS_WINDOWS ? "Scripts" : "bin");
  await once(wanted, say, async (list) => {
    const python = join(programs, IS_WINDOWS ? "python.exe" : "python");
    if (!await Deno.stat(python).then((found) => found.isFile, () => false)) {
      await call(IS_WINDOWS ? "python" : "python3", ["-m", "venv", venv]);
    }
    const alone = wanted.alone === true ? ["--no-deps"] : [];
    await call(python, ["-m", "pip", "install", "--quiet", "--no-cache-dir", ...alone, "-r", list]);
  });
  return programs;
}

/** A folder `node_modules` with these packages of npm; its path. @throws Error that says why not */
export async function installNode(wanted: Wanted, say: Say): Promise<string> {
  const folder = join(ROOT, wanted.folder);
  await once(wanted, say, async (list) => {
    const names = (await Deno.readTextFile(list)).split("\n").filter((line) => line !== "");
    const quiet = ["--silent", "--no-audit", "--no-fund"];
    await call("npm", ["install", "--prefix", folder, ...quiet, ...names]);
  });
  return join(folder, "node_modules");
}

/** A mark in the folder holds the list that was installed. */
async function once(
  { name, list, folder, gigabytes }: Wanted,
  say: Say,
  install: (list: string) => Promise<void>,
): Promise<void> {
  const path = join(LISTS, `${list}.txt`), mark = join(ROOT, folder, `${list}.installed`);
  const wanted = await Deno.readTextFile(path);
  if (await Deno.readTextFile(mark).catch(() => "") === wanted) return;
  const free = await freeGigabytes();
  if (free !== null && free < gigabytes) {
    throw new Error(
      `${free.toFixed(1)} GB are free on the disk, ${gigabytes} are wanted to install into ` +
        `"${folder}"`,
    );
  }
  const space = free === null ? "unknown space" : `${free.toFixed(0)} GB`;
  say(`Installing ${name} into ${folder} (${space} free, ${gigabytes} wanted)`);
  await Deno.mkdir(join(ROOT, folder), { recursive: true });
  await install(path);
  await Deno.writeTextFile(mark, wanted);
}

async function call(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (success) return new TextDecoder().decode(stdout);
  const last = new TextDecoder().decode(stderr).trim().split("\n").slice(-2).join(" ");
  throw new Error(`"${[command, ...args].join(" ")}" failed: ${last}`);
}

/** Free space where the project lies; null where the system has no df. */
async function freeGigabytes(): Promise<number | null> {
  if (IS_WINDOWS) return null;
  const line = (await call("df", ["-Pk", ROOT])).trim().split("\n").at(-1) ?? "";
  return Number(line.trim().split(/\s+/)[3]) / 1024 / 1024;
}
