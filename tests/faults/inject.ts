/**
 * Loaded before the engine's main module: makes one file operation fail as a broken disk would, in the engine or in
 * one of its stage processes, which it hands itself on to. Its URL says what: `?folder=F` alone notes each
 * operation in F/sites; with `site`, `turn` and `code` the operation of that site fails at that turn, once.
 */

const url = new URL(import.meta.url);
const folder = url.searchParams.get("folder") ?? "";
const site = url.searchParams.get("site");
const turn = Number(url.searchParams.get("turn") ?? 0);
const code = url.searchParams.get("code") ?? "EIO";
const side = url.searchParams.get("side") ?? "engine";

const NUMBERS: Readonly<Record<string, readonly [number, string]>> = {
  EACCES: [13, "Permission denied"],
  EIO: [5, "Input/output error"],
  ENOSPC: [28, "No space left on device"],
  EROFS: [30, "Read-only file system"],
};

const append = Deno.writeTextFileSync.bind(Deno);
const size = (path: string) => lstat(path).size;
const lstat = Deno.lstatSync.bind(Deno);

function broken(): Error {
  const [number, words] = NUMBERS[code] ?? [5, "Input/output error"];
  const message = `${words} (os error ${number})`;
  const error = code === "EACCES" ? new Deno.errors.PermissionDenied(message) : new Error(message);
  return Object.assign(error, { code });
}

/** Names of the functions of ours that asked for it, the nearest first. */
function whoAsks(): string {
  const frames = (new Error().stack ?? "").split("\n").slice(1)
    .filter((line) => line.includes("file:///") && !line.includes("/inject.ts"))
    .map((line) => /at (?:async )?(?:new )?([\w.#$<>]+)/.exec(line)?.[1] ?? "top");
  return frames.slice(0, 3).map((name) => name.split(".").at(-1)).join("<");
}

function look(operation: string): void {
  const found = `${side}:${operation}:${whoAsks()}`;
  if (site === null) return append(`${folder}/sites`, `${found}\n`, { append: true });
  if (found !== site) return;
  append(`${folder}/turns`, ".", { append: true });
  if (size(`${folder}/turns`) === turn) throw broken();
}

/** Replaces a function by one that may fail first. */
function patch(owner: object, name: string, isAsync: boolean): void {
  const real: unknown = Reflect.get(owner, name);
  if (typeof real !== "function") return;
  const label = owner === Deno ? name : `file.${name}`;
  const fake = isAsync
    ? function (this: unknown, ...words: unknown[]) {
      try {
        look(label);
      } catch (error) {
        return Promise.reject(error);
      }
      return Reflect.apply(real, this, words);
    }
    : function (this: unknown, ...words: unknown[]) {
      look(label);
      return Reflect.apply(real, this, words);
    };
  Reflect.set(owner, name, fake);
}

const BOTH = ["open", "readFile", "readTextFile", "writeFile", "writeTextFile", "mkdir", "rename"]
  .concat(["remove", "stat", "lstat", "truncate", "realPath", "utime"]);
for (const name of BOTH) {
  patch(Deno, name, true);
  patch(Deno, `${name}Sync`, false);
}
patch(Deno, "readDirSync", false);
for (const name of ["read", "write", "sync", "lock", "tryLock", "truncate"]) {
  patch(Deno.FsFile.prototype, name, true);
  patch(Deno.FsFile.prototype, `${name}Sync`, false);
}

/** A stage process gets this file, too, and may write its notes. */
if (side === "engine") {
  const own = new URL(url);
  own.searchParams.set("side", "stage");
  Deno.Command = class extends Deno.Command {
    constructor(command: string | URL, options: Deno.CommandOptions = {}) {
      const args = options.args ?? [];
      const isStage = args.at(-1)?.endsWith("/main.js") === true;
      super(command, { ...options, args: isStage ? withNotes(args, own.href) : args });
    }
  };
}

function withNotes(args: readonly string[], own: string): string[] {
  const all = args.map((word) =>
    /^--allow-(?:read|write)=/.test(word) ? `${word},${folder}` : word
  );
  // A process that only answers questions has no rights at all, and no notes.
  if (!all.some((word) => word.startsWith("--allow-write="))) return all;
  // A shell that bounds its memory may come before it.
  const at = all.indexOf("run") + 1;
  return [...all.slice(0, at), `--preload=${own}`, ...all.slice(at)];
}
