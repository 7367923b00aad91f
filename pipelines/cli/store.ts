/** The store that a command works on: what may be one, and what keeps `gc` away from it. */
import { forward } from "../config/paths.ts";
import { removeQuietly } from "../store/files.ts";
import { Store } from "../store/local.ts";
import { HELP, isNone, lookAt, whyNot } from "../store/marker.ts";
import { sayInUse } from "../store/using.ts";
import { type Call, UsageError, value } from "./command.ts";
import { projectRoot, shortPath, userPath, variable } from "./place.ts";
import { processTerminal } from "./terminal.ts";

/** The store that the command line names, or the project's own. */
export function openStoreOf(call: Call): Store {
  return openStoreAt(value(call, "store") ?? `${projectRoot()}/artifacts`);
}

/** The store in a folder that the user has named. @throws {UsageError} where something else is there */
export function openStoreAt(named: string): Store {
  if (named.trim() === "") throw new UsageError("The store has no name", HELP);
  const path = userPath(named);
  const place = lookAt(path);
  if (place.type !== "store") {
    throw new UsageError(`The store "${shortPath(path)}" ${whyNot(place)}`, HELP);
  }
  return new Store(path);
}

/**
 * As `openStoreOf`, held. Without `makes` one that is not there is not made: an empty one stands for it, which ends
 * with the process, since a plan has to build somewhere.
 */
export async function holdStoreOf(call: Call, makes: boolean): Promise<Store> {
  const named = openStoreOf(call);
  const store = makes || !isNone(named.root) ? named : standIn();
  await holdStore(store, call.words);
  return store;
}

function standIn(): Store {
  const root = forward(Deno.makeTempDirSync({ prefix: "crisol-" }));
  globalThis.addEventListener("unload", () => removeQuietly(root));
  return new Store(root);
}

/**
 * Keeps `gc` away until this process ends, and waits while one removes: what a plan goes by must still be there when
 * it is run. A store that cannot be written is not held: it serves what it has.
 */
export async function holdStore(store: Store, words: readonly string[]): Promise<void> {
  try {
    const held = await store.hold(false);
    if (held === null) {
      processTerminal().complain("Waits for a gc of this store to end\n");
      await store.waitFor();
    }
  } catch {
    return;
  }
  sayInUse(store.root, {
    command: ["deno", "task", ...words].join(" "),
    pid: Deno.pid,
    host: variable("SLURMD_NODENAME"),
    since: new Date().toISOString(),
  });
}
