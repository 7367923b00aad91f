/** `gc`: removes from the store what no rule keeps. */
import { parseLock } from "../certificate/lock.ts";
import { seenLocks } from "../certificate/seen.ts";
import { parseDuration, parseSize } from "../config/units.ts";
import type { Digest } from "../plan/plan.ts";
import { namesIn } from "../store/files.ts";
import { isNone } from "../store/marker.ts";
import { garbageOf, type Goes, removeGarbage, type Scope } from "../store/gc.ts";
import type { Store } from "../store/local.ts";
import { usersOf } from "../store/using.ts";
import { type Call, CommandError, has, UsageError, value } from "./command.ts";
import { openStoreOf } from "./store.ts";
import { projectRoot, shortPath } from "./place.ts";
import { processTerminal } from "./terminal.ts";
import { bytes, pad } from "./text.ts";

export async function gc(call: Call): Promise<number> {
  const store = openStoreOf(call), isDry = has(call, "dry-run");
  const scope = scopeOf(call, store), terminal = processTerminal();
  // Where there is no store, nothing can go, and none is made.
  const removes = !isDry && !isNone(store.root);
  const held = removes ? await store.hold(true) : null;
  if (removes && held === null) {
    throw new CommandError(
      `A run is in progress on the store "${shortPath(store.root)}": gc would take what it uses`,
      `${await whoUses(store)}wait for its end; \`--dry-run\` says what would go`,
    );
  }
  try {
    if (removes) await refuseOpen(store.root);
    const goes = await garbageOf(store, scope, Date.now());
    if (removes) removeGarbage(store, goes);
    for (
      const line of has(call, "json") ? goes.map((one) => JSON.stringify(one)) : table(goes, isDry)
    ) {
      terminal.write(`${line}\n`);
    }
    return 0;
  } finally {
    held?.close();
  }
}

/** Those that can be named; one that ends in this moment cannot. */
async function whoUses(store: Store): Promise<string> {
  const users = (await usersOf(store.root)).map(({ command, pid, host, since }) =>
    `\`${command}\` (process ${pid}${host === null ? "" : ` on ${host}`}, since ${
      since.slice(0, 19)
    })`
  );
  return users.length === 0 ? "" : `it is ${users.slice(0, 4).join(", ")}: `;
}

/** The lock of a run on another host may not be seen here: Slurm knows of those that were submitted. */
async function refuseOpen(store: string): Promise<void> {
  if (namesIn(`${store}/submissions`).length === 0) return;
  const [{ openSubmission }, { slurmly }] = await Promise.all([
    import("../submit/open.ts"),
    import("./submit.ts"),
  ]);
  const id = await slurmly(openSubmission(store));
  if (id === null) return;
  throw new CommandError(
    `The submission ${id} is not over: gc would take what its tasks use`,
    "`deno task watch` waits for its end, `deno task cancel` ends it; `--dry-run` says what would go",
  );
}

/** @throws {UsageError} where no rule is given: a gc that keeps nothing is an `rm` */
function scopeOf(call: Call, store: Store): Scope {
  const read = (flag: string, parse: (text: string) => number | null, wanted: string) => {
    const text = value(call, flag);
    if (text === undefined) return null;
    const found = parse(text);
    if (found === null) throw new UsageError(`--${flag} "${text}" cannot be read`, wanted);
    return found;
  };
  const scope: Scope = {
    locked: has(call, "keep-locked") ? lockedTensors(store) : null,
    runs: read("keep-runs", wholeNumber, "give a whole number, e.g. 5"),
    age: read("older-than", parseDuration, "give days, hours or minutes, e.g. 30d, 12h, 90min"),
    size: read("max-size", parseSize, "give a size, e.g. 10GB, 500MB"),
  };
  if (Object.values(scope).every((rule) => rule === null)) {
    throw new UsageError(
      "gc wants to know what to keep",
      "--keep-locked, --keep-runs N, --older-than 30d or --max-size 10GB; what one of them keeps stays",
    );
  }
  return scope;
}

/** All tensors that the locks of configs name which the store has seen, or which lie where configs do. */
function lockedTensors(store: Store): Set<Digest> {
  const found = new Set<Digest>();
  for (const path of new Set([...locksIn(`${projectRoot()}/configs`), ...seenLocks(store)])) {
    for (const { outputs } of parseLock(path, Deno.readTextFileSync(path)).values()) {
      for (const tensors of Object.values(outputs)) {
        for (const digest of Object.values(tensors)) found.add(digest);
      }
    }
  }
  return found;
}

/** In a folder and those in it; a linked one is looked into once. */
function locksIn(folder: string, seen = new Set<string>()): string[] {
  const names = namesIn(folder);
  if (names.length === 0 || seen.has(Deno.realPathSync(folder))) return [];
  seen.add(Deno.realPathSync(folder));
  return names.flatMap((name) =>
    name.endsWith(".lock.yaml") ? [`${folder}/${name}`] : locksIn(`${folder}/${name}`, seen)
  );
}

function wholeNumber(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function table(goes: readonly Goes[], isDry: boolean): string[] {
  const kinds = new Map<string, { count: number; bytes: number }>();
  for (const { kind, bytes } of goes) {
    const sum = kinds.get(kind) ?? { count: 0, bytes: 0 };
    kinds.set(kind, { count: sum.count + 1, bytes: sum.bytes + bytes });
  }
  const total = goes.reduce((sum, one) => sum + one.bytes, 0);
  return [
    ...[...kinds].map(([kind, sum]) =>
      `${pad(kind, 11)}  ${`${sum.count}`.padStart(6)}  ${bytes(sum.bytes).padStart(8)}`
    ),
    goes.length === 0
      ? "nothing to remove"
      : `${isDry ? "would remove" : "removed"} ${bytes(total)}`,
  ];
}
