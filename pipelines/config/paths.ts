/** Paths as the rest of the engine writes them. */
import { resolve } from "node:path";

/** Absolute, with `/` on every system. */
export function absolute(...parts: readonly string[]): string {
  return forward(resolve(...parts));
}

/** With `/` on Windows; elsewhere a backslash is a character like all others. */
export function forward(path: string): string {
  return Deno.build.os === "windows" ? path.replaceAll("\\", "/") : path;
}
