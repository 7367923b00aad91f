/**
 * The whole of configs/fashion.yaml in a store of its own, and whether it came to the committed bits:
 * `deno task reproduce [FOLDER]`. With `--write` the lock file is written anew.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { measure } from "./figures.ts";

const CONFIG = "configs/fashion.yaml";
const LOCK = fileURLToPath(new URL("../configs/fashion.lock.json", import.meta.url));

interface Lock {
  readonly date: string;
  readonly deno: string;
  readonly platform: string;
  readonly figures: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  readonly digests: Readonly<Record<string, string>>;
}

const folder = Deno.args.find((word) => !word.startsWith("-"));
const store = folder ?? await Deno.makeTempDir({ prefix: "crisol-reproduce-" });
try {
  const started = performance.now();
  const { figures, digests } = await measure(CONFIG, resolve(store));
  const minutes = (performance.now() - started) / 60_000;
  console.log(`\n${"variant".padEnd(12)}  test loss  accuracy  last val. acc.  training`);
  for (const [cell, one] of figures) {
    console.log(
      `${cell.padEnd(12)}  ${one.loss.toFixed(4).padStart(9)}  ${
        one.accuracy.toFixed(4).padStart(8)
      }  ` +
        `${(one.validationAccuracy ?? NaN).toFixed(4).padStart(14)}  ${one.minutes.toFixed(1)} min`,
    );
  }
  console.log(`all of it: ${minutes.toFixed(1)} min on ${navigator.hardwareConcurrency} cores`);
  if (Deno.args.includes("--write")) {
    const lock: Lock = {
      date: new Date().toISOString().slice(0, 10),
      deno: Deno.version.deno,
      platform: Deno.build.target,
      figures: Object.fromEntries(
        [...figures].map(([cell, { loss, accuracy, validationAccuracy }]) => [
          cell,
          { loss, accuracy, validationAccuracy },
        ]),
      ),
      digests: Object.fromEntries(Object.entries(digests).filter(isLocked).sort()),
    };
    await Deno.writeTextFile(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
    console.log("wrote configs/fashion.lock.json");
  } else {
    const lock = JSON.parse(await Deno.readTextFile(LOCK)) as Lock; // written above
    const changed = Object.keys(lock.digests).filter((name) =>
      lock.digests[name] !== digests[name]
    );
    console.log(
      changed.length === 0
        ? `the same bits as on ${lock.date}: ${Object.keys(lock.digests).length} artifacts`
        : `other bits than on ${lock.date}: ${changed.join(", ")}`,
    );
    if (changed.length > 0) Deno.exitCode = 1;
  }
} finally {
  if (folder === undefined) await Deno.remove(store, { recursive: true });
}

/** Pages hold charts, on which no result depends. */
function isLocked([name]: [string, string]): boolean {
  return !name.startsWith("report.");
}
