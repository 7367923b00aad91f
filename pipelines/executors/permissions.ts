/** What a stage process may do, as Deno is told it. */

/** Paths are absolute. */
export interface Rights {
  /** The bundle's folder: its code, with the config and the lock file that it was made with. */
  readonly bundle: string;
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  /** Hosts, e.g. "example.org:443". */
  readonly net?: readonly string[];
  /** An empty folder, in which its rights are written down where no flag can name them. */
  readonly scratch?: string;
}

/** Characters of one flag: Linux takes words of 128 KiB, in UTF-8. */
const MOST = 32 * 1024;

/**
 * Flags for the config and the rights. Deno 2.9 splits a flag's value at every comma, doubled ones too, and the system
 * bounds a command's length: paths with commas and thousands of paths are named in a config of the process' own, the
 * bundle's with a set of permissions.
 */
export function permissions(
  { bundle, scratch, read = [], write = [], net = [] }: Rights,
): string[] {
  const rights = Object.entries({ read, write, net }).filter(([, values]) => values.length > 0);
  const fits = rights.every(([, values]) =>
    values.every((value) => !value.includes(",")) && values.join().length <= MOST
  );
  const given = `${bundle}/deno.json`;
  if (fits) {
    return [`--config=${given}`, ...rights.map(([name, values]) => `--allow-${name}=${values}`)];
  }
  if (scratch === undefined) throw new Error("A stage process has no folder for its config");
  const path = `${scratch}/.deno.json`;
  // A bundle's config is that of a project, which has been read as such.
  const config = JSON.parse(Deno.readTextFileSync(given)) as Readonly<Record<string, unknown>>;
  const set = { default: Object.fromEntries(rights) };
  Deno.writeTextFileSync(path, JSON.stringify({ ...config, permissions: set }));
  return [`--config=${path}`, `--lock=${bundle}/deno.lock`, "--permission-set"];
}
