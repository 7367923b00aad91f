/** Whole commands, as a user starts them: how long they take, and how much memory. */

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** The folder that it is called in. */
  readonly cwd: string;
  /** Beside what the bench's own environment holds. */
  readonly env?: Readonly<Record<string, string>>;
}

async function output({ program, args, cwd, env = {} }: Command): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { ...env, INIT_CWD: cwd, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (success) return text;
  const said = `${text}${new TextDecoder().decode(stderr)}`.trim().split("\n").slice(-8).join("\n");
  throw new Error(`"${[program, ...args].join(" ")}" ended with code ${code}:\n${said}`);
}

/** Milliseconds that it took. @throws Error with the last that it said, where it fails */
export async function time(command: Command): Promise<number> {
  const start = performance.now();
  await output(command);
  return performance.now() - start;
}

/** What the system counts of a process' ended children: of several the largest, not their sum. */
const PEAK = "import resource, subprocess, sys\n" +
  "code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)\n" +
  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n" +
  "sys.exit(code)";

/**
 * The most bytes that the largest process of the command had in memory: the engine's, whose stage processes are
 * small. Null off Linux, and without Python.
 */
export async function peak({ program, args, ...rest }: Command): Promise<number | null> {
  if (Deno.build.os !== "linux") return null;
  const python = { ...rest, program: "python3" };
  try {
    await output({ ...python, args: ["--version"] });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  return Number(await output({ ...python, args: ["-c", PEAK, program, ...args] })) * 1024;
}

/** The median of each, done so many times one after the other, so that all meet the same noise. */
export async function inTurns(
  turns: number,
  all: readonly (() => Promise<number>)[],
): Promise<number[]> {
  const times = all.map((): number[] => []);
  for (let turn = 0; turn < turns; turn++) {
    for (const [index, once] of all.entries()) times[index]?.push(await once());
  }
  return times.map((one) => one.toSorted((a, b) => a - b)[turns >> 1] ?? NaN);
}
