/** Processes that are timed: Crisol's, and its peers' in a virtual environment that is made on first use. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPython } from "./install.ts";
import type { Workload } from "./workloads.ts";

const PEERS = fileURLToPath(new URL("peers/", import.meta.url));
/** What the environment takes on Linux, and what an installation unpacks at once. */
const NEEDED_GB = 8;

export interface Contender {
  readonly name: string;
  readonly versions: string;
  /** Ways of doing the same, of which the fastest counts. */
  readonly variants: readonly string[];
  /** Makes a network ready, and warms it up. @throws Error that says why it cannot */
  prepare(workload: Workload, variant: string): Promise<void>;
  /** Milliseconds a step, the mean of so many in a row. */
  run(workload: Workload, variant: string, steps: number): Promise<number>;
  close(): Promise<void>;
}

/** A peer that cannot take part, and why. */
export interface Missing {
  readonly name: string;
  readonly reason: string;
}

interface Answer {
  readonly ready?: Pick<Contender, "name" | "versions" | "variants">;
  readonly ms?: number;
  readonly error?: string;
}

/** The scripts in bench/peers/, with the names that stand for them before they can speak. */
const SCRIPTS = {
  keras_tensorflow: "Keras on TensorFlow",
  keras_jax: "Keras on JAX",
  pytorch: "PyTorch",
} as const;
type Script = keyof typeof SCRIPTS;

/** Starts a process on the first so many cores. @throws Error with the last that it said */
async function start(
  name: string,
  command: string,
  args: readonly string[],
  threads: number,
): Promise<Contender> {
  const limited = Deno.build.os === "linux" && threads < navigator.hardwareConcurrency;
  const [program = command, ...rest] = limited
    ? ["taskset", "-c", `0-${threads - 1}`, command, ...args]
    : [command, ...args];
  const child = new Deno.Command(program, {
    args: rest,
    env: { OMP_NUM_THREADS: `${threads}`, TF_CPP_MIN_LOG_LEVEL: "2" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let said = "";
  const listening = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      said = (said + text).slice(-4000);
    }
  })();
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";

  async function answer(): Promise<Answer> {
    for (;;) {
      const end = pending.indexOf("\n");
      if (end >= 0) {
        const line = pending.slice(0, end);
        pending = pending.slice(end + 1);
        // What both ends of the protocol write; a line that is not JSON throws.
        const found = JSON.parse(line) as Answer;
        if (found.error !== undefined) throw new Error(`${name}: ${found.error}`);
        return found;
      }
      const { done, value } = await output.read();
      if (done) {
        await listening;
        const { code } = await child.status;
        const last = said.trim().split("\n").slice(-3).join("\n");
        throw new Error(`${name} ended with code ${code} before it answered: ${last}`);
      }
      pending += value;
    }
  }

  async function ask(request: object): Promise<Answer> {
    await input.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    return await answer();
  }

  const { ready } = await answer();
  if (ready === undefined) throw new Error(`${name} did not begin by saying what it is`);
  return {
    ...ready,
    async prepare(workload, variant) {
      await ask({ do: "prepare", workload, variant });
    },
    async run(workload, variant, steps) {
      const { ms } = await ask({ do: "run", workload: workload.name, variant, steps });
      if (ms === undefined) throw new Error(`${name} gave no time`);
      return ms;
    },
    async close() {
      await input.close().catch(() => {}); // it may have ended by itself
      await child.status;
    },
  };
}

export async function startCrisol(threads: number): Promise<Contender> {
  const script = fileURLToPath(new URL("crisol.ts", import.meta.url));
  const args = ["run", "--quiet", "--allow-all", script, `${threads}`];
  return await start("Crisol", Deno.execPath(), args, threads);
}

/** All peers that can be had here; `say` hears of installations. */
export async function startPeers(
  threads: number,
  say: (line: string) => void,
): Promise<{ readonly peers: readonly Contender[]; readonly missing: readonly Missing[] }> {
  const peers: Contender[] = [], missing: Missing[] = [];
  for (const script of Object.keys(SCRIPTS) as Script[]) { // the keys of a constant
    const name = SCRIPTS[script];
    try {
      const python = await install(script, say);
      peers.push(await start(name, python, [join(PEERS, `${script}.py`), `${threads}`], threads));
    } catch (error) {
      missing.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { peers, missing };
}

/** The environment's Python, with what a script needs. @throws Error that says why not */
export async function install(script: Script, say: (line: string) => void): Promise<string> {
  const programs = await installPython({
    name: SCRIPTS[script],
    list: script,
    folder: ".venv-bench",
    gigabytes: NEEDED_GB,
    alone: script === "pytorch",
  }, say);
  return join(programs, Deno.build.os === "windows" ? "python.exe" : "python");
}
