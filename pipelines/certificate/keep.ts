/** What a run has to do with the lock file beside its config. */
import type { Json } from "../json.ts";
import type { Done } from "../plan/fingerprint.ts";
import type { Plan } from "../plan/plan.ts";
import { digestOf } from "../store/canonical.ts";
import { publishFile, readIfThere } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import { lockPath } from "./path.ts";

export type Kept =
  | { readonly type: "same"; readonly name: string }
  | { readonly type: "written"; readonly name: string; readonly anew: boolean }
  /** The lock stays; the first difference, and how many there are besides. */
  | {
    readonly type: "differs";
    readonly name: string;
    readonly first: string;
    readonly more: number;
  };

/**
 * After a whole run: writes the lock where there is none (or where it is asked to), else says where the run
 * parts from it. What was compared before is remembered, so that a run that has nothing to do reads no YAML.
 */
export async function keepLock(
  plan: Plan,
  done: Done,
  store: Store,
  update: boolean,
): Promise<Kept> {
  const path = lockPath(plan.config), name = path.slice(path.lastIndexOf("/") + 1);
  const text = readIfThere(path);
  const asked: Json = [
    text,
    plan.nodes.map(({ id, params, seed, numerics }) => [
      ...[id, params, seed, numerics],
      { ...done.get(id) },
    ]),
  ];
  const key = await digestOf(asked);
  if (text !== null && await store.readCache("locks", key) === "same") {
    return { type: "same", name };
  }
  const { lockOf, lockText, parseLock } = await import("./lock.ts");
  const found = await lockOf(plan, done, store);
  if (text === null || update) {
    const next = lockText(found, plan.config);
    if (next === text) return { type: "same", name };
    publishFile(path, next);
    return { type: "written", name, anew: text !== null };
  }
  const { describeDifference, settingDifferences, tensorDifferences } = await import(
    "./differences.ts"
  );
  const locked = parseLock(path, text);
  const all = [...settingDifferences(locked, plan, true), ...tensorDifferences(locked, found)];
  const [first] = all;
  if (first === undefined) {
    await store.writeCache("locks", key, "same");
    return { type: "same", name };
  }
  return { type: "differs", name, first: describeDifference(first), more: all.length - 1 };
}

/** Said where a run comes to the lock's bits. */
export function lockHeld(name: string): string {
  return `All tensors are those of ${name}`;
}

/** What the user reads of it. */
export function describeKept(kept: Kept): string {
  switch (kept.type) {
    case "same":
      return lockHeld(kept.name);
    case "written":
      return `${kept.anew ? "wrote" : "made"} ${kept.name}: the digests of all tensors, to be ` +
        "committed with the config";
    case "differs":
      return `This run is not that of ${kept.name}: ${kept.first}` +
        `${kept.more > 0 ? `, and ${kept.more} more` : ""}; --update-lock accepts it`;
    default:
      return kept satisfies never;
  }
}
