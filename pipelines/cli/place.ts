/** Facts of the place where the command runs: the working folder, the project, the processor. */
import { forward } from "../config/paths.ts";

/** A path as the user would write it: from the working folder where that is shorter. */
export function shortPath(path: string): string {
  const here = `${forward(Deno.cwd())}/`;
  return forward(path).startsWith(here) ? path.slice(here.length) : path;
}

export function cores(): number {
  return navigator.hardwareConcurrency;
}

/** The folder of `deno.json`, absolute, with `/`. */
export function projectRoot(): string {
  const path = decodeURIComponent(new URL("../..", import.meta.url).pathname);
  return path.replace(/^\/(?=[A-Za-z]:)/, "").replace(/\/$/, "");
}

/**
 * The absolute path of what the user wrote. `deno task` changes to the project's folder and says in INIT_CWD
 * where it was called: that comes first, and then, so that `configs/fashion.yaml` is found from everywhere,
 * the project's folder.
 */
export function userPath(path: string): string {
  const here = forward(Deno.cwd());
  const called = here === projectRoot() ? variable("INIT_CWD") : null;
  const paths = [...called === null ? [] : [forward(called)], here].map((base) =>
    absolute(path, base)
  );
  return paths.find(exists) ?? paths[0] ?? path;
}

function absolute(path: string, base: string): string {
  const given = forward(path);
  if (/^(?:\/|[A-Za-z]:\/)/.test(given)) return normal(given);
  return normal(`${base}/${given}`);
}

/** Without `.` and `..`. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && (part !== "" || parts.length === 0)) parts.push(part);
  }
  return parts.join("/") || "/";
}

export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The environment's value, or nothing where it is empty. */
export function variable(name: string): string | null {
  return Deno.env.get(name) || null;
}
