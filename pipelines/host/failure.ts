/** From anything that a stage run throws to what its author reads. */
import type { Failure } from "../run/event.ts";
import { OUT_OF_MEMORY } from "./protocol.ts";
import { ObjectError } from "../store/info.ts";
import { OutputError } from "../tensor/declared.ts";
import { DamagedError } from "../tensor/files.ts";

/** What each permission of Deno is for, and what a stage declares instead; `what` is in quotes, or empty. */
const REFUSALS: Readonly<Record<string, readonly [did: (what: string) => string, help: string]>> = {
  read: [
    (what) => `read ${what || "files"}`,
    "declare an artifact in `inputs`: it reads no other file",
  ],
  write: [
    (what) => `write ${what || "files"}`,
    "declare it in `outputs` and write it by `outputs` of the context; it writes no other file",
  ],
  net: [
    (what) => `reach ${what || "the network"}`,
    'declare the host: `hosts: ["example.org:443"]`, and check by a digest what comes from there',
  ],
  env: [
    (what) => what === "" ? "read the environment" : `read the environment variable ${what}`,
    "declare a param in `params`: its value is then in the config, and part of the result's key",
  ],
  run: [
    (what) => `start or end a process${what === "" ? "" : `: ${what}`}`,
    "no stage can declare that: do the work in `run`",
  ],
  sys: [
    (what) => `ask this machine for ${what || "its facts"}`,
    "no result may depend on the machine: `check` asks for memory and threads, `context.threads` says how many it has",
  ],
  ffi: [
    (what) => `load native code${what === "" ? "" : `: ${what}`}`,
    "no stage can declare that: kernels are WebAssembly, named in `check`",
  ],
  import: [
    (what) => `load code${what === "" ? "" : ` from ${what}`}`,
    "import a file or a package of deno.json, by a plain text: it is then part of the result's key",
  ],
};

/** What V8 says where an array, or the memory of WebAssembly, cannot be had. */
const NO_MEMORY = /allocation failed|Unable to grow instance memory|[Cc]ould not allocate memory/;

/** Deno's advice names its own flags, which nobody can give to a stage. */
function refusal(stage: string, message: string): Pick<Failure, "message"> & { help: string } {
  const found = /\b(read|write|net|env|run|sys|ffi|import) access(?: to ("[^"]*"|<\w+>))?/
    .exec(message);
  // Of links alone Deno says so: they would need all files.
  const link = /symlink/i.test(message);
  const [did, help] = (link ? undefined : REFUSALS[found?.[1] ?? ""]) ??
    [() => link ? "make a symbolic link" : "do this", "no stage can declare that"];
  return { message: `Stage "${stage}" may not ${did(found?.[2] ?? "")}`, help };
}

/** `stage`: its declared name. */
export function failureOf(stage: string, error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
  if (error instanceof Deno.errors.NotCapable) {
    // The stack begins with the message, whose advice is Deno's.
    const lines = stack.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
    const told = refusal(stage, message);
    return { type: "permission", ...told, stack: [told.message, ...lines].join("\n") };
  }
  if (error instanceof RangeError && NO_MEMORY.test(message)) {
    return { ...OUT_OF_MEMORY, ...stack };
  }
  if (error instanceof OutputError) return { type: "bad-output", message, ...stack };
  if (error instanceof DamagedError || error instanceof ObjectError) {
    return { type: "damaged", message, folder: error.folder, ...stack };
  }
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EROFS") {
    return {
      type: "store",
      message: `Cannot write to the store: ${message}`,
      help: "make room, or name another place by --store",
      ...stack,
    };
  }
  return { type: "threw", message, ...stack };
}
