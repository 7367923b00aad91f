/** `verify [CONFIG] [NODE...]`: re-hashes what is stored, or runs it again and compares. */
import { type Call, has, UsageError, value } from "./command.ts";

export async function verify(call: Call): Promise<number> {
  const reruns = has(call, "rerun"), twice = has(call, "check-determinism");
  if (reruns && twice) {
    throw new UsageError("--rerun and --check-determinism do not go together", "give one of them");
  }
  if (!reruns && !twice) {
    if (value(call, "keep") !== undefined) throw new UsageError("--keep is for a rerun alone");
    return await (await import("./rehash.ts")).rehash(call);
  }
  if (has(call, "repair")) throw new UsageError("--repair is for what is stored: it runs nothing");
  const { rerun } = await import("./rerun.ts");
  return await rerun(call, twice);
}
