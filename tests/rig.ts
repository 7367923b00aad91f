/** Runs the command line as a user does: in processes of its own, in the project or in a copy of it. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stop } from "esbuild";
import { FAMILIES } from "../kernels/families.ts";
import { AssetBuilder, builds } from "../pipelines/plan/assets.ts";
import { buildClient } from "../pipelines/report/build.ts";
import type { Event } from "../pipelines/run/event.ts";
import { Store } from "../pipelines/store/local.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

export const TINY = "tests/configs/tiny.yaml";

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Settings {
  /** Where it is called; default: the project's folder. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The URL of a module to load before the command's own. */
  readonly preload?: string;
  /** In a group of its own, whose id is the process', as a terminal has it. */
  readonly detached?: boolean;
  /** Called with the process once it has started, to send it signals. */
  readonly onStart?: (process: Deno.ChildProcess) => void;
  /** Called with each whole line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
  /** The same of standard error. */
  readonly onError?: (line: string) => void;
}

/** The permissions of `deno task run`, so that tests see what users see. */
const FLAGS = [
  "run",
  "--quiet",
  "--allow-read",
  "--allow-write",
  "--allow-run",
  "--allow-env",
  "--allow-sys=systemMemoryInfo,statfs,hostname,cpus",
];

/** Runs `pipelines/main.ts` of a project with these words. */
export async function command(
  root: string,
  words: readonly string[],
  settings: Settings = {},
): Promise<Result> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...FLAGS,
      ...settings.preload === undefined ? [] : [`--preload=${settings.preload}`],
      join(root, "pipelines", "main.ts"),
      ...words,
    ],
    cwd: settings.cwd ?? root,
    env: { NO_COLOR: "1", INIT_CWD: settings.cwd ?? root, ...settings.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: settings.detached ?? false,
  }).spawn();
  settings.onStart?.(process);
  const [stdout, stderr, status] = await Promise.all([
    collect(process.stdout, settings.onLine),
    collect(process.stderr, settings.onError),
    process.status,
  ]);
  return { code: status.code, stdout, stderr };
}

/** What a command has printed by `--json`. */
export function linesOf(text: string): Record<string, unknown>[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void = () => {},
): Promise<string> {
  let all = "", rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    all += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  return all;
}

/** A store and a place for pages, both thrown away in the end; the project itself is only read. */
export class Workplace implements AsyncDisposable {
  private constructor(readonly root: string, readonly folder: string) {}

  /** Uses the project as it stands. */
  static async here(): Promise<Workplace> {
    return await Workplace.#at(ROOT, await Deno.makeTempDir({ prefix: "crisol-" }));
  }

  /** Copies the project, for tests that edit it. `parent`: the folder to copy it to. */
  static async copy(): Promise<Workplace> {
    const folder = await Deno.makeTempDir({ prefix: "crisol-" });
    const root = join(folder, "project");
    for (const path of ["deno.json", "deno.lock", ...COPIED]) {
      copyTree(join(ROOT, path), join(root, path));
    }
    return await Workplace.#at(root, folder);
  }

  /** What the engine builds for stages lies in the store already: it takes seconds, and is the same for all. */
  static async #at(root: string, folder: string): Promise<Workplace> {
    const place = new Workplace(root, folder);
    const from = await built();
    for (const name of BUILDS) copyTree(join(from, name), join(place.store, "cache", name));
    return place;
  }

  get store(): string {
    return join(this.folder, "store");
  }
  get reports(): string {
    return join(this.folder, "reports");
  }

  /** A command with this place's store, e.g. `run`, TINY. */
  async do(words: readonly string[], settings: Settings = {}): Promise<Result> {
    const [name = "", ...rest] = words;
    const publishes = ["run", "profile", "sweep", "submit"].includes(name);
    const flags = ["--store", this.store, ...publishes ? ["--reports", this.reports] : []];
    return await command(this.root, [name, ...rest, ...flags], settings);
  }

  /** Runs a config, and answers all events; fails the test where the exit code is not `code`. */
  async run(
    words: readonly string[],
    { code = 0, ...settings }: Settings & { readonly code?: number } = {},
  ): Promise<Event[]> {
    const result = await this.do(["run", ...words, "--json"], settings);
    assert.equal(result.code, code, `${result.stdout.slice(-2000)}\n${result.stderr}`);
    return result.stdout.split("\n").filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Event); // the command prints events alone
  }

  /** Replaces text in a file of the copy; fails the test where it is not there. */
  edit(path: string, from: string, to: string): void {
    assert.notEqual(this.root, ROOT, "a test may edit a copy only");
    const file = join(this.root, path);
    const text = Deno.readTextFileSync(file);
    assert.ok(text.includes(from), `"${path}" does not hold ${JSON.stringify(from)}`);
    Deno.writeTextFileSync(file, text.replace(from, () => to));
  }

  /** Writes a file of the copy, or beside the store. */
  write(path: string, text: string): string {
    const file = join(this.root === ROOT ? this.folder : this.root, path);
    Deno.mkdirSync(dirname(file), { recursive: true });
    Deno.writeTextFileSync(file, text);
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const COPIED = ["pipelines", "stages", "models", "kernels", "numerics", "configs", "tests/configs"];

/** Folders of a store's cache: builds, and the seals that say that they are this user's. */
const BUILDS = ["kernels", "report", "builds"];
let builder: Promise<string> | null = null;

/** The project's own builds, made when they are wanted first; answers the folder that holds them. */
function built(): Promise<string> {
  return builder ??= (async () => {
    const store = new Store(join(ROOT, "artifacts").replaceAll("\\", "/"));
    await new AssetBuilder(store).get([...FAMILIES, "report-client"]);
    const [folder, seals] = builds(store, "report");
    await buildClient(folder, "sweep-client", seals);
    await stop();
    return store.cacheFolder;
  })();
}

function copyTree(from: string, to: string): void {
  if (Deno.statSync(from).isFile) {
    Deno.mkdirSync(dirname(to), { recursive: true });
    Deno.copyFileSync(from, to);
    return;
  }
  for (const entry of Deno.readDirSync(from)) {
    copyTree(join(from, entry.name), join(to, entry.name));
  }
}

/** Nodes by outcome, each list in the order of the events. */
export function outcomes(events: readonly Event[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const event of events) {
    if (event.type === "node-ended") (found[event.outcome] ??= []).push(event.node);
  }
  return found;
}

/** Every artifact's digest by `node.output`, from the newest run record of the store. */
export function digests(store: string): Record<string, string> {
  const [record] = new Store(store).readRuns();
  assert.ok(record, "there was a run");
  return Object.fromEntries(
    record.nodes.flatMap(({ node, outputs }) =>
      Object.entries(outputs ?? {}).map(([name, digest]) => [`${node}.${name}`, digest])
    ),
  );
}

export function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Skips a test where this machine does not let it: a right, which nobody can install. */
export function allowed(what: string, isAllowed: boolean): { readonly ignore: boolean } {
  if (!isAllowed) console.log(`skipped: it needs ${what}`);
  return { ignore: !isAllowed };
}

/** Skips a test whose outside program is missing, by name; with CI=true that is a failure. */
export function needs(what: string, isThere: boolean): { readonly ignore: boolean } {
  if (isThere) return { ignore: false };
  if (Deno.env.get("CI") === "true") throw new Error(`CI must have ${what}`);
  // tests/run.ts prints such lines.
  console.log(`skipped: it needs ${what}`);
  return { ignore: true };
}
