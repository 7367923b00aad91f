/** Stage processes may fetch no code: what a bundle imports must be in Deno's cache before. */
import { digestOf } from "../store/canonical.ts";
import { environment } from "./process.ts";

/** What of a `Code` decides which packages are needed. */
export interface Needs {
  readonly bundlePath: string;
  readonly packages: Readonly<Record<string, string>>;
}

/** Thrown where the packages cannot be had: no network, a lock file that does not fit. */
export class PackagesError extends Error {
  override readonly name = "PackagesError";
}

const asked = new Map<string, Promise<void>>();

/**
 * Sees to it that the packages of a bundle are in Deno's cache. Asked of Deno once for each set of packages,
 * which `<store>/cache/packages/` remembers; `again` asks although it is remembered, for a cache that was
 * emptied meanwhile.
 */
export function ensurePackages(
  code: Needs,
  config: string,
  store: string,
  again = false,
): Promise<void> {
  const known = asked.get(code.bundlePath);
  if (known !== undefined && !again) return known;
  const done = ensure(code, config, store, again);
  asked.set(code.bundlePath, done);
  // What failed is tried again when it is asked for again.
  done.catch(() => asked.delete(code.bundlePath));
  return done;
}

async function ensure(code: Needs, config: string, store: string, again: boolean): Promise<void> {
  const folder = `${store}/cache/packages`;
  const mark = `${folder}/${await digestOf({ deno: Deno.version.deno, ...code.packages })}`;
  if (!again && exists(mark)) return;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-remote", `--config=${config}`, "--frozen", code.bundlePath],
    clearEnv: true,
    env: environment(),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    const said = new TextDecoder().decode(stderr).trim();
    throw new PackagesError(`Cannot get the packages of a stage: ${said}`);
  }
  try {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(mark, "");
  } catch {
    // A store that cannot be written only means that Deno is asked next time, too.
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
