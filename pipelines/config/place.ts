/** What pages, and what a store keeps beside results, are called by: where a file lies, so that no two share a name. */

/** In hexadecimal digits. */
const SHORT = 8;

/**
 * The file's path within `home`, a folder of the project; of a file elsewhere in the project `_` and its path from the
 * project, of one outside of that `_`, its name and a digest of its path. `.yaml` is left out. All are absolute.
 */
export async function placeOf(file: string, home: string, project: string): Promise<string> {
  const name = (path: string) =>
    /(?:^|\/)\.{0,2}\.yaml$/.test(path) ? path : path.replace(/\.yaml$/, "");
  if (file.startsWith(`${home}/`)) return name(file.slice(home.length + 1)).replace(/^_/, "__");
  if (file.startsWith(`${project}/`)) return `_${name(file.slice(project.length + 1))}`;
  return `_${name(file.slice(file.lastIndexOf("/") + 1))}-${await short(file)}`;
}

/** The same with what `--set` changes: another result has a page of its own. */
export async function withOverrides(place: string, overrides: readonly string[]): Promise<string> {
  return overrides.length === 0 ? place : `${place}.set-${await short(JSON.stringify(overrides))}`;
}

async function short(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(bytes).toHex().slice(0, SHORT);
}
