/** `run --frozen`: a run that must come to the bits of the lock file beside its config. */
import {
  describeDifference,
  type Difference,
  settingDifferences,
  tensorDifferences,
} from "../certificate/differences.ts";
import { lockHeld } from "../certificate/keep.ts";
import { type Lock, lockOf, parseLock } from "../certificate/lock.ts";
import { lockPath } from "../certificate/path.ts";
import { findTensor, firstDifference, whyOther } from "../certificate/reference.ts";
import { type Done, fingerprintOf } from "../plan/fingerprint.ts";
import type { Plan } from "../plan/plan.ts";
import { readIfThere } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import { UsageError } from "./command.ts";
import { shortPath } from "./place.ts";
import { visibleLine } from "./text.ts";

/** Exit code of a run that comes to other bits. */
export const DIFFERS = 3;

/** The lock of a plan's config. @throws {UsageError} where there is none, {ConfigError} where it is no lock */
export function readLock(plan: Plan): Lock {
  const path = lockPath(plan.config), text = readIfThere(path);
  if (text === null) {
    throw new UsageError(
      `There is no lock file "${shortPath(path)}" to hold the run against`,
      `\`deno task run ${shortPath(plan.config.path)}\` makes it: commit it with the config`,
    );
  }
  return parseLock(path, text);
}

/** What is said of settings that are not the lock's; empty: they are. */
export function settingLines(lock: Lock, plan: Plan, whole: boolean): string[] {
  const all = settingDifferences(lock, plan, whole);
  return all.length === 0 ? [] : [
    `error: The config is not that of ${shortPath(lockPath(plan.config))}; nothing was run`,
    ...all.slice(0, 20).map((one) => `  ${visibleLine(describeDifference(one))}`),
    ...all.length > 20 ? [`  and ${all.length - 20} more`] : [],
    "  help: `--update-lock` instead of `--frozen` accepts it",
  ];
}

/** What is said where all tensors are the lock's. */
export function heldText(plan: Plan): string {
  return lockHeld(shortPath(lockPath(plan.config)));
}

/** What is said where tensors are not the lock's, of the first in the plan's order; empty: all are. */
export async function tensorLines(
  lock: Lock,
  plan: Plan,
  done: Done,
  store: Store,
  against: Store | null,
): Promise<string[]> {
  const all = tensorDifferences(lock, await lockOf(plan, done, store));
  const [first] = all;
  if (first === undefined) return [];
  return [
    `error: ${visibleLine(describeDifference(first))}`,
    ...await detailLines(first, plan, done, store, against),
    ...all.length > 1 ? [`  ${all.length - 1} more tensors differ`] : [],
  ];
}

/** The first element that differs and why, as far as a store still has what the lock names. */
async function detailLines(
  one: Difference,
  plan: Plan,
  done: Done,
  store: Store,
  against: Store | null,
): Promise<string[]> {
  if (one.type !== "tensor" || one.locked === null || one.found === null) return [];
  const { tensor: name, locked, found } = one;
  const stores = against === null ? [store] : [store, against];
  const node = plan.nodes.find(({ id }) => id === one.node);
  const now = await findTensor(store, name, found);
  for (const place of stores) {
    const before = await findTensor(place, name, locked);
    if (before === null || now === null || node === undefined) continue;
    const element = await firstDifference({ ...before, store: place }, { ...now, store }, name);
    const why = whyOther(place, before.artifact, fingerprintOf(node, done), node);
    return [
      typeof element === "string"
        ? `  ${element}`
        : `  first at [${
          element.index.join(", ")
        }]: ${element.found}, ${element.locked} in the lock`,
      why === null
        ? "  its fingerprint is the same: the stage is not deterministic, or a machine computes otherwise"
        : `  why: ${visibleLine(why)}`,
    ];
  }
  return [
    "  the values that the lock names are not in the store: `--against STORE` names one that has them",
  ];
}
