/**
 * The digests that every machine must come to. As a script (`deno task bless`) it writes golden.json anew
 * and says which networks have changed bits.
 */
import { join } from "node:path";
import { digests, ROOT, Workplace } from "./rig.ts";
import { called } from "./task.ts";

const FILE = join(ROOT, "tests", "golden.json");

/** Every kind of layer on drawn shapes; thirty steps of the course's networks on the real data. */
export const CONFIGS = {
  tiny: "tests/configs/tiny.yaml",
  steps: "tests/configs/steps.yaml",
} as const;

export type ConfigName = keyof typeof CONFIGS;

/** Config to `node.output` to digest. */
export type Golden = Record<ConfigName, Record<string, string>>;

/** Pages hold charts, which no result depends on: their bytes are not golden. */
function isGolden(name: string): boolean {
  return !name.startsWith("report.");
}

/** Runs a config in an empty store; `more` are words of the command line. */
export async function measure(
  name: ConfigName,
  more: readonly string[] = [],
): Promise<Record<string, string>> {
  await using place = await Workplace.here();
  await place.run([CONFIGS[name], ...more]);
  return Object.fromEntries(
    Object.entries(digests(place.store)).filter(([output]) => isGolden(output)).sort(),
  );
}

export async function readGolden(): Promise<Golden> {
  return JSON.parse(await Deno.readTextFile(FILE)) as Golden; // written below
}

/** Names whose digests differ, or that only one side has. */
export function differences(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => before[name] !== now[name]).sort();
}

if (import.meta.main) {
  await called({
    name: "bless",
    summary: "Take the bits of now as golden: tests/golden.json and the locks of its configs",
    details: "For a change that alters bits on purpose. It prints which outputs have changed.",
    arguments: [],
    flags: [],
    examples: [["bless", "writes them anew, and says what differs"]],
  });
  const before: Partial<Golden> = await readGolden().catch(() => ({}));
  // With their locks, which hold the same bits tensor by tensor.
  const accepted = (name: ConfigName) => measure(name, ["--update-lock"]);
  const now = { tiny: await accepted("tiny"), steps: await accepted("steps") } satisfies Golden;
  let changed = 0;
  for (const name of ["tiny", "steps"] as const) {
    const names = differences(before[name] ?? {}, now[name]);
    changed += names.length;
    for (const output of names) {
      const old = before[name]?.[output]?.slice(0, 12) ?? "new";
      console.log(`${name}  ${output}  ${old} > ${now[name][output]?.slice(0, 12) ?? "gone"}`);
    }
    const networks = names.flatMap((output) =>
      /^train(@[^.]+)?\.model$/.exec(output) ? [output] : []
    );
    console.log(
      networks.length === 0
        ? `${name}: no network changed bits`
        : `${name}: these networks changed bits: ${networks.join(", ")}`,
    );
  }
  if (changed > 0) await Deno.writeTextFile(FILE, `${JSON.stringify(now, null, 2)}\n`);
}
