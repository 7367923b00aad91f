/** Stage processes may fetch no code: what a bundle imports must be in Deno's cache before. */
import { environment } from "./process.ts";

/** Thrown where the packages cannot be had: no network, a lock file that does not fit. */
export class PackagesError extends Error {
  override readonly name = "PackagesError";
}

const asked = new Map<string, Promise<void>>();

/**
 * Sees to it that the packages of a bundle are in Deno's cache, by the lock file that lies in it. Asked of
 * Deno once for each bundle, which `<store>/cache/packages/` remembers; `again` asks although it is
 * remembered, for a cache that was emptied meanwhile.
 */
export function ensurePackages(bundle: string, store: string, again = false): Promise<void> {
  const known = asked.get(bundle);
  if (known !== undefined && !again) return known;
  const done = ensure(bundle, store, again);
  asked.set(bundle, done);
  // What failed is tried again when it is asked for again.
  done.catch(() => asked.delete(bundle));
  return done;
}

async function ensure(bundle: string, store: string, again: boolean): Promise<void> {
  const folder = `${store}/cache/packages`;
  const name = bundle.slice(bundle.lastIndexOf("/") + 1);
  const mark = `${folder}/${name.slice(0, 32)}-${Deno.version.deno}`;
  if (!again && exists(mark)) return;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", `--config=${bundle}/deno.json`, "--frozen", `${bundle}/main.js`],
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
