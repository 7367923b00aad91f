/** What a stage has of Deno: files, by the rights of its process, without what differs between machines. */
import { DENO, FILE } from "./guard_list.ts";
import { primordials, uncurry } from "./primordials.ts";

const { apply, append, defineProperty } = primordials;
const BaseError = Error;

/** A stage's `Deno`; the real one cannot be reached from it. */
export function plainDeno(): object {
  const plain: Record<string, unknown> = {};
  for (const name of DENO) {
    // Not looked at: some are loaded when they are.
    const property = Object.getOwnPropertyDescriptor(Deno, name);
    if (property !== undefined) Object.defineProperty(plain, name, property);
  }
  const { lstat, lstatSync, stat, statSync } = Deno;
  plain["lstat"] = async (path: string | URL) => plainInfo(await lstat(path));
  plain["stat"] = async (path: string | URL) => plainInfo(await stat(path));
  plain["lstatSync"] = (path: string | URL) => plainInfo(lstatSync(path));
  plain["statSync"] = (path: string | URL) => plainInfo(statSync(path));
  Object.assign(plain, ANYWHERE);
  const sorted = sortedFolder();
  plain["readDirSync"] = (path: string | URL) => values(sorted(path));
  plain["readDir"] = (path: string | URL) => ({
    async *[Symbol.asyncIterator]() {
      const entries = sorted(path);
      for (let i = 0; i < entries.length; i++) yield entries[i];
    },
  });
  for (const [name, instead] of Object.entries(INSTEAD)) {
    plain[name] = () => {
      throw new BaseError(`A stage has no Deno.${name}: ${instead}`);
    };
  }
  guardFiles();
  return plain;
}

/** Deno's own modules of Node ask for these when they are first imported; they are told the same on all machines. */
const ANYWHERE = {
  build: { os: "linux", arch: "x86_64", vendor: "unknown", target: "", standalone: false },
  execPath: () => "deno",
  mainModule: "file:///main.js",
  pid: 1,
  ppid: 0,
};

/** What an author may well try, and what to do instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  connect: "fetch from a host that it declares in `hosts`",
  listen: "nobody can call it",
  exit: "it ends when `run` returns, and fails when that throws",
  makeTempDir: "its name would be drawn; what it keeps belongs into `outputs` or `checkpoints`",
  makeTempFile: "its name would be drawn; what it keeps belongs into `outputs` or `checkpoints`",
  cwd: "no result may depend on where it runs",
  memoryUsage: "no result may depend on the machine: `check` asks for memory",
};

const values = uncurry(Array.prototype.values);

/** When a file was written, and its place on a disk, differ from run to run. */
function plainInfo(
  { isFile, isDirectory, isSymlink, size }: Deno.FileInfo,
): Partial<Deno.FileInfo> {
  return { isFile, isDirectory, isSymlink, size, mtime: null, atime: null, birthtime: null };
}

/** Entries by name: a file system has an order of its own. */
function sortedFolder(): (path: string | URL) => readonly Deno.DirEntry[] {
  const { readDirSync } = Deno;
  const next = uncurry([][Symbol.iterator]().next);
  const sort = uncurry<Deno.DirEntry[], [(a: Deno.DirEntry, b: Deno.DirEntry) => number], unknown>(
    Array.prototype.sort,
  );
  return (path) => {
    const found: Deno.DirEntry[] = [];
    // Deno answers an iterator of a list.
    const entries = readDirSync(path) as ArrayIterator<never>;
    for (;;) {
      const step = next(entries) as IteratorResult<Deno.DirEntry, undefined>;
      if (step.done === true) break;
      append(found, step.value);
    }
    sort(found, (a, b) => a.name < b.name ? -1 : 1);
    return found;
  };
}

/** An open file: its class would make one of any number, that of standard output, too. */
function guardFiles(): void {
  const file = Deno.FsFile.prototype;
  const { stat, statSync } = file;
  for (const name of Object.getOwnPropertyNames(file)) {
    if (!FILE.includes(name)) Reflect.deleteProperty(file, name);
  }
  Object.defineProperty(file, "stat", {
    async value(this: Deno.FsFile) {
      return plainInfo(await apply(stat, this, []));
    },
  });
  Object.defineProperty(file, "statSync", {
    value(this: Deno.FsFile) {
      return plainInfo(apply(statSync, this, []));
    },
  });
}

/**
 * Streams name the open file that they stand for in a property that can be set, and one that is piped into another
 * is copied from file to file by these: that would be a way to standard output.
 */
export function guardPipes(): void {
  const backing = Object.getOwnPropertySymbols(new ReadableStream())
    .find(({ description }) => description === "[[resourceBacking]]");
  if (backing === undefined) {
    throw new BaseError("A stream of this Deno has no [[resourceBacking]]");
  }
  const { pipeTo, pipeThrough } = ReadableStream.prototype;
  const seal = (stream: object) => {
    const none = { __proto__: null, value: null, writable: false, configurable: false };
    if (!defineProperty(stream, backing, none)) {
      throw new BaseError("A stage cannot pipe into a stream whose insides it has changed");
    }
  };
  const guarded = {
    pipeTo(this: ReadableStream, to: WritableStream, options?: StreamPipeOptions) {
      seal(to);
      return apply(pipeTo, this, [to, options]);
    },
    pipeThrough(this: ReadableStream, pair: ReadableWritablePair, options?: StreamPipeOptions) {
      // Read once: an accessor could answer with another.
      const { readable, writable } = pair;
      seal(writable);
      return apply(pipeThrough, this, [{ readable, writable }, options]);
    },
  };
  for (const [name, value] of Object.entries(guarded)) {
    Object.defineProperty(ReadableStream.prototype, name, { value });
  }
}
