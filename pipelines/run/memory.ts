/** How much memory the stage runs of this machine may take together. */

/** Where Linux says what a container may take, by the version of its control groups; "max" is no limit. */
const LIMITS = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/** Part of it that stages may have: the engine and the system need some. */
const PART = 0.8;

/** In bytes. */
export async function memoryForStages(): Promise<number> {
  const { total } = Deno.systemMemoryInfo();
  return Math.max(1, Math.floor(PART * leastLimit(total, await readLimits())));
}

/** `text`: a limit a line. */
export function leastLimit(total: number, text: string): number {
  const limits = text.split("\n").filter((line) => /^\d+$/.test(line)).map(Number);
  return Math.min(total, ...limits.filter((limit) => limit > 0));
}

async function readLimits(): Promise<string> {
  if (Deno.build.os !== "linux") return "";
  try {
    // Deno itself reads these files only with the right to everything. One that is not there is left out.
    const command = new Deno.Command("cat", { args: LIMITS, stderr: "null" });
    return new TextDecoder().decode((await command.output()).stdout);
  } catch {
    return "";
  }
}
