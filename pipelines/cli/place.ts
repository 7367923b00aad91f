/** Facts of the place where the command runs: the working folder, the processor. */
import { isAbsolute, relative } from "node:path";

/** A path as the user would write it: from the working folder where that is shorter. */
export function shortPath(path: string): string {
  if (!isAbsolute(path)) return path;
  const short = relative(Deno.cwd(), path);
  return short !== "" && short.length < path.length ? short : path;
}

export function cores(): number {
  return navigator.hardwareConcurrency;
}
