/** A stage process on this machine: how it is started, what it may do, how one talks to it. */
import type { Reply, Request } from "../host/protocol.ts";

/** What a process is given; paths are absolute and hold no comma. */
export interface Launch {
  /** The bundle's folder: its code, with the config and the lock file that it was made with. */
  readonly bundle: string;
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  /** Hosts, e.g. "example.org:443". */
  readonly net?: readonly string[];
  /** Bytes that its JavaScript heap may take; default: 512 MiB. */
  readonly memory?: number;
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

/** A log grows to this at most; what a stage prints beyond is dropped, with a note. */
export const LOG_LIMIT = 32 * 1024 * 1024;
/** Of standard error, so much is kept in memory, to tell why a process ended. */
const TAIL = 16 * 1024;
/** A reply is one line; a longer one is no reply of ours. */
export const LINE_LIMIT = 16 * 1024 * 1024;

export interface StageProcess {
  readonly pid: number;
  send(request: Request): Promise<void>;
  /** Ends when the process closes its standard output. Lines that are no reply go to the log. */
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
  const paths = (values: readonly string[]) => {
    const comma = values.find((value) => value.includes(","));
    if (comma !== undefined) {
      throw new Error(
        `Cannot give a stage the path "${comma}": it holds a comma, move it elsewhere`,
      );
    }
    return values.join(",");
  };
  const heap = Math.max(64, Math.round((launch.memory ?? 512 * 1024 * 1024) / (1024 * 1024)));
  const given: [string, readonly string[] | undefined][] = [
    ["read", launch.read],
    ["write", launch.write],
    ["net", launch.net],
  ];
  return [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-remote",
    "--cached-only",
    "--frozen",
    `--config=${launch.bundle}/deno.json`,
    `--v8-flags=--max-old-space-size=${heap}`,
    ...given.flatMap(([name, values]) =>
      values === undefined || values.length === 0 ? [] : [`--allow-${name}=${paths(values)}`]
    ),
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

export function spawn(launch: Launch): StageProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: flags(launch),
    clearEnv: true,
    env: environment(),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const log = new Log(launch.log ?? null);
  const stdin = child.stdin.getWriter();
  const errors = log.drain(child.stderr);
  let over = false;
  const ended = (async () => {
    const status = await child.status;
    over = true;
    await errors;
    log.close();
    return status;
  })();
  return {
    pid: child.pid,
    ended,
    tail: () => log.tail,
    async send(request) {
      await stdin.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    },
    async *replies() {
      for await (const line of lines(child.stdout)) {
        const reply = asReply(line);
        if (reply === null) log.write(`${line}\n`);
        else yield reply;
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

/** A reply has a type; what else it holds is the host's, which is our own code. */
function asReply(line: string): Reply | null {
  if (!line.startsWith('{"type":"')) return null;
  try {
    return JSON.parse(line) as Reply; // written by host/main.ts in this very form
  } catch {
    return null;
  }
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > LINE_LIMIT) rest = "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}

/** Standard error, written to a file as it comes. */
class Log {
  #file: Deno.FsFile | null;
  #size = 0;
  tail = "";

  constructor(path: string | null) {
    this.#file = path === null ? null : Deno.openSync(path, { create: true, append: true });
  }
  async drain(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.write(text);
  }
  write(text: string): void {
    this.tail = (this.tail + text).slice(-TAIL);
    if (this.#file === null || this.#size > LOG_LIMIT) return;
    const bytes = new TextEncoder().encode(text);
    this.#size += bytes.length;
    const kept = this.#size > LOG_LIMIT ? "\nThe log is full: what follows is not kept\n" : null;
    try {
      for (const part of kept === null ? [bytes] : [new TextEncoder().encode(kept)]) {
        for (let done = 0; done < part.length;) {
          done += this.#file.writeSync(part.subarray(done));
        }
      }
    } catch {
      // A full disk must not end a run because of what a stage prints; the run itself will say it.
      this.close();
    }
  }
  close(): void {
    this.#file?.close();
    this.#file = null;
  }
}
