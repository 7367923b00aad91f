/** A run with what it leaves behind: the run record and the published pages. */
import { describeKept, keepLock } from "../certificate/keep.ts";
import { rememberLock } from "../certificate/seen.ts";
import type { Done } from "../plan/fingerprint.ts";
import type { Plan } from "../plan/plan.ts";
import { StoreError } from "../store/files.ts";
import type { Store } from "../store/local.ts";
import { removeOldProgress } from "../store/progress.ts";
import type { RunRecord } from "../store/store.ts";
import type { Listener } from "./event.ts";
import { figuresOf } from "./figures.ts";
import { Journal } from "./journal.ts";
import { memoryForStages } from "./memory.ts";
import { packages } from "./packages.ts";
import { type RunOptions, runPlan } from "./run.ts";

export interface Recorded extends Omit<RunOptions, "id" | "memory"> {
  /** The words that were typed. */
  readonly command: readonly string[];
  readonly overrides: readonly string[];
  /** The folder of `deno.json`. */
  readonly root: string;
  /** Where pages are published. */
  readonly reports: string;
  /** What becomes of the lock beside the config, if all of it is done: `update` accepts what differs. */
  readonly lock: "keep" | "update" | "leave";
  /** Name of the sweep that it belongs to. */
  readonly sweep?: string;
  /** Done when all nodes have ended, before the end is told. What it throws is a warning. */
  readonly conclude?: (listen: Listener) => Promise<void>;
}

export interface Ended {
  readonly failed: boolean;
  readonly interrupted: boolean;
  /** Outputs of the nodes that are done. */
  readonly done: Done;
}

/** `20261125-210222-ab12`: the second that it began, and what tells it from others of that second. */
export function runId(started: Date): string {
  return `${started.toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-")}-${
    crypto.randomUUID().slice(0, 4)
  }`;
}

export async function runAndRecord(
  asPlanned: Plan,
  store: Store,
  asked: Recorded,
  told: Listener,
): Promise<Ended> {
  const started = new Date();
  const id = runId(started);
  const git = gitState(asked.root);
  const nodes = new Map(asPlanned.nodes.map((node) => [node.id, node]));
  const journal = new Journal(store.root, {
    run: id,
    config: asPlanned.config.name,
    path: asPlanned.config.path,
    command: asked.command,
    sweep: asked.sweep ?? null,
    node: (id) => nodes.get(id),
  }, told);
  const listen = journal.on;
  const held = await hold(store, listen);
  store.removeLeftovers(started.getTime());
  removeOldProgress(store.root, started.getTime());
  let last: Parameters<Listener>[0] | null = null;
  const { more } = asked;
  const { plan, ...result } = await runPlan(asPlanned, store, {
    ...asked,
    id,
    ...more === undefined ? {} : {
      async more(ended) {
        const added = await more(ended);
        for (const node of added ?? []) nodes.set(node.id, node);
        return added;
      },
    },
    memory: memoryForStages,
  }, (event) => {
    // The end is told after the pages are there, so that it is the last line.
    if (event.type === "run-ended") last = event;
    else listen(event);
  });
  const record: RunRecord = {
    version: 1,
    id,
    config: plan.config.path,
    command: asked.command,
    started: started.toISOString(),
    milliseconds: Date.now() - started.getTime(),
    git: await git,
    deno: Deno.version.deno,
    overrides: asked.overrides,
    nodes: result.nodes,
  };
  const done = await keepRun(plan, store, record, asked, listen);
  try {
    await asked.conclude?.(listen);
  } catch (error) {
    listen({ type: "warning", message: error instanceof Error ? error.message : String(error) });
  }
  if (asked.sweep === undefined) await tellFigures(plan, done, store, listen);
  held?.close();
  if (last !== null) listen(last);
  journal.close();
  return {
    failed: result.nodes.some((node) => node.outcome === "failed"),
    interrupted: result.interrupted,
    done,
  };
}

/** Writes a run's record, publishes its pages, and holds it against the lock; what cannot be kept is told. */
export async function keepRun(
  plan: Plan,
  store: Store,
  record: RunRecord,
  asked: Pick<Recorded, "reports" | "lock">,
  listen: Listener,
): Promise<Done> {
  const warn = (what: string, error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    const help = error instanceof StoreError ? `; ${error.help}` : "";
    listen({ type: "warning", message: `${what}: ${why}${help}` });
  };
  try {
    store.writeRun(record);
  } catch (error) {
    warn("This run is not recorded", error);
  }
  const { publishPages } = await import("./publish.ts");
  try {
    const pages = await publishPages(plan, store, record, packages(plan, store), asked.reports);
    for (const { path, missing } of pages) {
      listen({ type: "report-published", path });
      if (missing.length === 0) continue;
      listen({
        type: "warning",
        message: `The page in "${path}" is not whole: it lacks ${missing.join(", ")}. ` +
          "The last whole page stays as it is, and the lock, too",
      });
    }
  } catch (error) {
    warn("The report is not published", error);
  }
  const done: Done = new Map(
    record.nodes.flatMap(({ node, outputs }) => outputs === undefined ? [] : [[node, outputs]]),
  );
  if (asked.lock !== "leave" && done.size === plan.nodes.length) {
    try {
      const kept = await keepLock(plan, done, store, asked.lock === "update");
      const message = describeKept(kept);
      listen({ type: kept.type === "differs" ? "warning" : "note", message });
    } catch (error) {
      warn("The lock file is not kept", error);
    }
  }
  try {
    await rememberLock(store, record.config);
  } catch (error) {
    warn("The store does not know of the lock file", error);
  }
  return done;
}

async function tellFigures(plan: Plan, done: Done, store: Store, listen: Listener): Promise<void> {
  try {
    const told = await figuresOf(plan, done, store);
    if (told.figures.length > 0) listen({ type: "figures", ...told });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    listen({ type: "warning", message: `Its figures cannot be told: ${why}` });
  }
}

/** Keeps `gc` away while the run goes on; waits while one removes. Null where the store cannot be written. */
export async function hold(store: Store, listen: Listener): Promise<Deno.FsFile | null> {
  try {
    const held = await store.hold(false);
    if (held !== null) return held;
    listen({ type: "note", message: "Waits for a gc of this store to end" });
    return await store.waitFor();
  } catch {
    return null; // such a store serves hits; what cannot be written is told where it is
  }
}

/** The commit of the project, and whether something has changed since; null without git. */
export async function gitState(root: string): Promise<RunRecord["git"]> {
  const git = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", root, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  };
  try {
    const [commit, changes] = await Promise.all([
      git("rev-parse", "HEAD"),
      git("status", "--porcelain", "--untracked-files=no"),
    ]);
    return commit === null ? null : { commit, dirty: changes !== "" };
  } catch {
    return null; // git is not installed
  }
}
