/** Paths as the rest of the engine writes them. */
import { resolve } from "node:path";

/** Absolute, with `/` on every system. */
export function absolute(...parts: readonly string[]): string {
  const path = resolve(...parts);
  return Deno.build.os === "windows" ? path.replaceAll("\\", "/") : path;
}
