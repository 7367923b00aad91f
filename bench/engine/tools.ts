/** Tools that users have, and Crisol, on one graph: stages that need nothing and write a small file each. */
import { join, resolve } from "node:path";
import { installNode, installPython, type Wanted } from "../install.ts";
import { type Command, time } from "./timed.ts";

/** A tool in a folder of its own that holds the graph. */
export interface Tool {
  readonly name: string;
  /** Does what is to be done, one stage at a time. */
  readonly command: Command;
  /** What it keeps of what was done, from its folder: without these it does all of it again. */
  readonly kept: readonly string[];
}

export function forget({ command, kept }: Tool): void {
  for (const path of kept) {
    try {
      Deno.removeSync(resolve(command.cwd, path), { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Makes a tool's folder ready; `say` hears of an installation. @throws Error that says why it cannot */
type Make = (folder: string, stages: number, say: (line: string) => void) => Promise<Tool>;

const PACKAGES = {
  dvc: { name: "DVC", list: "dvc", folder: ".venv-engine/dvc", gigabytes: 1 },
  snakemake: {
    name: "Snakemake",
    list: "snakemake",
    folder: ".venv-engine/snakemake",
    gigabytes: 1,
  },
  turbo: { name: "Turborepo", list: "turbo", folder: ".venv-engine/turbo", gigabytes: 1 },
} as const satisfies Record<string, Wanted>;

/** By the name that stands for it where it cannot be had. */
export const TOOLS: Readonly<Record<string, Make>> = {
  async DVC(folder, stages, say) {
    const program = join(await installPython(PACKAGES.dvc, say), "dvc");
    const own = join(folder, "own");
    const env = {
      DVC_NO_ANALYTICS: "1",
      DVC_GLOBAL_CONFIG_DIR: own,
      DVC_SYSTEM_CONFIG_DIR: own,
      DVC_SITE_CACHE_DIR: own,
    };
    const lines = numbers(stages).flatMap((i) => [
      `  work${i}:`,
      `    cmd: echo ${i} > ${i}.txt`,
      `    outs: [${i}.txt]`,
    ]);
    write(folder, "dvc.yaml", ["stages:", ...lines]);
    write(folder, ".dvc/config", ["[core]", "no_scm = true", "analytics = false"]);
    return {
      name: "DVC",
      command: { program, args: ["repro", "--quiet"], cwd: folder, env },
      kept: ["dvc.lock", ".dvc/cache"],
    };
  },
  async Snakemake(folder, stages, say) {
    const program = join(await installPython(PACKAGES.snakemake, say), "snakemake");
    write(folder, "Snakefile", [
      "rule all:",
      `    input: expand("out/{i}.txt", i=range(${stages}))`,
      "rule work:",
      '    output: "out/{i}.txt"',
      '    shell: "echo {wildcards.i} > {output}"',
    ]);
    return {
      name: "Snakemake",
      command: {
        program,
        args: ["--cores", "1", "--quiet", "all"],
        cwd: folder,
        env: { XDG_CACHE_HOME: join(folder, "own") },
      },
      kept: [".snakemake", "out"],
    };
  },
  async Turborepo(folder, stages, say) {
    const modules = await installNode(PACKAGES.turbo, say);
    const env = {
      TURBO_TELEMETRY_DISABLED: "1",
      DO_NOT_TRACK: "1",
      TURBO_NO_UPDATE_NOTIFIER: "1",
    };
    const workspace = { private: true, packageManager: "npm@10.0.0", workspaces: ["packages/*"] };
    write(folder, "package.json", [JSON.stringify({ name: "bench", ...workspace })]);
    const work = { inputs: ["package.json"], outputs: ["out.txt"] };
    write(folder, "turbo.json", [JSON.stringify({ tasks: { work } })]);
    for (const i of numbers(stages)) {
      const scripts = { work: `echo ${i} > out.txt` };
      const text = JSON.stringify({ name: `work${i}`, version: "1.0.0", scripts });
      write(folder, `packages/work${i}/package.json`, [text]);
    }
    const args = ["run", "work", "--concurrency=1", "--no-daemon", "--output-logs=errors-only"];
    await time({
      program: "npm",
      args: ["install", "--package-lock-only", "--offline", "--silent"],
      cwd: folder,
    });
    return {
      name: "Turborepo",
      command: { program: await turboOf(modules), args, cwd: folder, env },
      kept: [".turbo"],
    };
  },
};

/** The program itself: npm's command is a launcher in Node, which takes several times as long. */
async function turboOf(modules: string): Promise<string> {
  for await (const { name } of Deno.readDir(join(modules, "@turbo"))) {
    return join(
      modules,
      "@turbo",
      name,
      "bin",
      Deno.build.os === "windows" ? "turbo.exe" : "turbo",
    );
  }
  throw new Error(`There is no program of Turborepo's for this system in "${modules}"`);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function write(folder: string, path: string, lines: readonly string[]): void {
  const file = join(folder, path);
  Deno.mkdirSync(join(file, ".."), { recursive: true });
  Deno.writeTextFileSync(file, `${lines.join("\n")}\n`);
}
