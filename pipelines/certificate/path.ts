/** Where the lock file of a config lies. */
import type { Config } from "../config/config.ts";

export function lockPath({ path }: Pick<Config, "path">): string {
  return `${path.replace(/\.ya?ml$/, "")}.lock.yaml`;
}
