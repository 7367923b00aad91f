/** A stage process on this machine: how it is started, what it may do, how one talks to it. */
import { type Reply, type Request, TOKEN } from "../host/protocol.ts";
import { Log, repliesIn, ReplyError } from "./output.ts";
import { permissions, type Rights } from "./permissions.ts";
import { watch } from "./watchdog.ts";

/** What a process is given. */
export interface Launch extends Rights {
  /** Bytes that it may take beside what Deno itself takes; default: 512 MiB. */
  readonly memory?: number;
  /** Threads that it may have beside its first; default: none. */
  readonly threads?: number;
  /** Where its standard error goes; null: nowhere but `tail`. */
  readonly log?: string | null;
}

/**
 * What the process sees of our environment: where Deno finds its packages, and how the network is reached.
 * The stage itself may read none of it.
 */
const PASSED = [
  "DENO_DIR",
  "HOME",
  "XDG_CACHE_HOME",
  "USERPROFILE",
  "LOCALAPPDATA",
  "SystemRoot",
  "TMPDIR",
  "TEMP",
  "NPM_CONFIG_REGISTRY",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
] as const;

export interface StageProcess {
  readonly pid: number;
  send(request: Request): Promise<void>;
  /** Ends when the process closes its standard output. What is no reply goes to the log. @throws {ReplyError} */
  replies(): AsyncGenerator<Reply>;
  /** Closes its standard input, at which it ends. */
  close(): Promise<void>;
  /** Ends it at once; harmless when it has ended. */
  kill(): void;
  /** After its standard error was written to the log. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** The end of its standard error so far. */
  tail(): string;
}

/** The flags of Deno: no prompt, no network for code, and only what `launch` names. */
export function flags(launch: Launch): string[] {
  const heap = Math.max(64, Math.round(memoryOf(launch) / MIB));
  return [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-remote",
    "--cached-only",
    "--frozen",
    `--v8-flags=--max-old-space-size=${heap}`,
    ...permissions(launch),
    `${launch.bundle}/main.js`,
  ];
}

/** The environment of stage processes: one time zone and language for all, and what `PASSED` names. */
export function environment(): Record<string, string> {
  const env: Record<string, string> = { TZ: "UTC", LANG: "C", NO_COLOR: "1" };
  for (const name of PASSED) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

const MIB = 1024 * 1024;
/**
 * What Deno 2.9 maps for itself before a line of a stage runs, most of which it never touches: 550 MiB, of it 512 for
 * code; as much again for each thread; and stacks by the number of cores. The rest is room for packages and codecs.
 */
const OWN = 768 * MIB, OWN_THREAD = 544 * MIB, OWN_CORE = 16 * MIB;

function memoryOf({ memory = 512 * MIB }: Launch): number {
  return memory;
}

/**
 * The command with a limit of the system's on the memory that it may map, arrays and WebAssembly included, which V8's own
 * limit leaves out. macOS and Windows keep no such limit.
 */
function limited(launch: Launch): [program: string, args: string[]] {
  const program = Deno.execPath(), args = flags(launch);
  if (Deno.build.os !== "linux") return [program, args];
  const bytes = memoryOf(launch) + OWN + (launch.threads ?? 0) * OWN_THREAD +
    navigator.hardwareConcurrency * OWN_CORE;
  const script = 'ulimit -d "$1"; shift; exec "$@"';
  return ["sh", ["-c", script, "sh", `${Math.ceil(bytes / 1024)}`, program, ...args]];
}

export function spawn(launch: Launch): StageProcess {
  const [program, args] = limited(launch);
  const child = new Deno.Command(program, {
    args,
    clearEnv: true,
    env: environment(),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const unwatch = watch(child.pid);
  const log = new Log(launch.log ?? null);
  const stdin = child.stdin.getWriter();
  const token = newToken();
  // Where the process cannot take it, it has ended, and its end says why.
  stdin.write(encoder.encode(`${token}\n`)).catch(() => {});
  const errors = log.drain(child.stderr);
  let over = false;
  const ended = (async () => {
    const status = await child.status;
    over = true;
    await unwatch();
    await errors;
    log.close();
    return status;
  })();
  return {
    pid: child.pid,
    ended,
    tail: () => log.tail,
    async send(request) {
      await stdin.write(encoder.encode(`${JSON.stringify(request)}\n`));
    },
    async *replies() {
      // Loaded while the process starts.
      const { parseReply } = await import("../host/replies.ts");
      for await (const text of repliesIn(child.stdout, token, (bytes) => log.write(bytes))) {
        const reply = parseReply(text);
        if (typeof reply === "string") throw new ReplyError(`it answers wrongly: ${reply}`);
        yield reply;
      }
    },
    async close() {
      // A process that has ended has closed it already.
      await stdin.close().catch(() => {});
    },
    kill() {
      if (over) return;
      try {
        child.kill("SIGKILL");
      } catch {
        // It ended between the question and the signal.
      }
    },
  };
}

const encoder = new TextEncoder();
function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(TOKEN / 2)).toHex();
}
