/**
 * What a run costs that has nothing to do: `deno task run configs/quickstart.yaml`, all hits, beside an
 * empty Deno program. `deno run -A bench/noop.ts`; the median of some runs each, one after the other.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TIMES = 15;

async function once(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`deno ${args.join(" ")} failed`);
  return performance.now() - started;
}

const folder = await Deno.makeTempDir({ prefix: "crisol-noop-" });
try {
  const empty = join(folder, "empty.ts");
  await Deno.writeTextFile(empty, "");
  const noop = ["task", "run", "configs/quickstart.yaml", "--store", join(folder, "store")];
  const reports = ["--reports", join(folder, "reports")];
  await once([...noop, ...reports]);
  const own: number[] = [], peer: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    own.push(await once([...noop, ...reports]));
    peer.push(await once(["run", empty]));
  }
  const median = (values: readonly number[]) =>
    [...values].sort((a, b) => a - b)[TIMES >> 1] ?? NaN;
  const [ours, theirs] = [median(own), median(peer)];
  console.log(`all hits by deno task run: ${ours.toFixed(0)} ms (at most 300 are wanted)`);
  console.log(
    `an empty deno program:     ${theirs.toFixed(0)} ms; ratio ${(ours / theirs).toFixed(1)}`,
  );
} finally {
  await Deno.remove(folder, { recursive: true });
}
