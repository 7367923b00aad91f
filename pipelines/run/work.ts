/** A node's stage run with all its tries, and the record that it leaves. */
import type { Job } from "../host/protocol.ts";
import { lookUp } from "../plan/fingerprint.ts";
import type { Digest, Key, MissReason, Node } from "../plan/plan.ts";
import type { Store } from "../store/local.ts";
import type { Divergence, Fingerprint, StageRecord } from "../store/store.ts";
import { divergenceOf } from "./diverged.ts";
import type { Failure, Listener } from "./event.ts";
import { ourFailure } from "./failure.ts";
import { type Ending, runStage } from "./process.ts";
import type { Share } from "./share.ts";
import { traced } from "./trace.ts";

/** A node that is to run, with what decides its result. */
export interface Task {
  readonly node: Node;
  readonly key: Key;
  /** What names its checkpoints. */
  readonly trajectory: Digest;
  readonly fingerprint: Fingerprint;
  readonly reason: MissReason;
  readonly inputs: Job["inputs"];
}

export interface Worked {
  readonly ending: Ending;
  /** Null where the store refused one. */
  readonly log: string | null;
  readonly diverged: Divergence | null;
}

/** What a run says of all its stage runs. */
interface Settings {
  readonly id: string;
  readonly jobs: number;
  readonly datasets: readonly string[];
  readonly signal: AbortSignal;
  readonly retries?: number;
  readonly goesOn?: boolean;
}

/** True where a result that is there already does not count. */
export function isForced(reason: MissReason): boolean {
  return reason.type === "forced" || reason.type === "not-cached";
}

/** `isEnding`: nothing is tried again any more. */
export async function work(
  task: Task,
  share: Share,
  store: Store,
  settings: Settings,
  listen: Listener,
  isEnding: () => boolean,
): Promise<Worked> {
  const { node } = task;
  const { retries = 0 } = settings;
  let log: string | null = null;
  let diverged: Divergence | null = null;
  const keepDivergence = (divergence: Divergence) => {
    diverged = divergence;
    store.writeDivergence(divergence);
    listen({ type: "diverged", node: node.id, divergence });
  };
  try {
    log = await store.logPath(settings.id, node.id);
    for (let attempt = 1;; attempt++) {
      const ended = await once(task, share, store, settings, listen, log, {
        // A further try goes on from where the last one came to.
        anew: isForced(task.reason) && attempt === 1 && settings.goesOn !== true,
        keepDivergence,
      });
      const ending: Ending = ended.type === "failed"
        ? { ...ended, failure: traced(ended.failure, store.bundleFolder(node.code.bundle)) }
        : ended;
      if (ending.type === "failed") keepWords(log, ending.failure);
      const isOver = ending.type !== "failed" || attempt > retries || !mayPass(ending.failure);
      if (isOver || isEnding()) return { ending, log, diverged };
      const { failure } = ending;
      listen({ type: "node-retried", node: node.id, attempt: attempt + 1, failure });
    }
  } catch (error) {
    // What the store refuses before a process is there.
    return { ending: { type: "failed", failure: ourFailure(error) }, log, diverged };
  }
}

/** The log of a stage run that failed ends with why: who reads it in the morning has no terminal to look at. */
function keepWords(log: string, { message, stack }: Failure): void {
  try {
    Deno.writeTextFileSync(log, `${stack ?? message}\n`, { append: true });
  } catch {
    // A full disk: the run itself tells it.
  }
}

/** True for failures that another try may not have: nothing that follows from what is stored, or declared. */
function mayPass({ type }: Failure): boolean {
  switch (type) {
    case "threw":
    case "exited":
    case "killed":
    case "out-of-memory":
    case "timeout":
      return true;
    case "permission":
    case "bad-output":
    case "store":
    case "damaged":
    case "start":
      return false;
    default:
      return type satisfies never;
  }
}

async function once(
  { node, key, trajectory, fingerprint, reason, inputs }: Task,
  share: Share,
  store: Store,
  settings: Settings,
  listen: Listener,
  log: string,
  { anew, keepDivergence }: {
    readonly anew: boolean;
    readonly keepDivergence: (divergence: Divergence) => void;
  },
): Promise<Ending> {
  const started = performance.now();
  const startedAt = new Date().toISOString();
  return await runStage(store, {
    run: settings.id,
    node,
    key,
    trajectory,
    anew,
    inputs,
    share,
    mostThreads: node.threads === "all" ? settings.jobs : Math.min(node.threads, settings.jobs),
    datasets: settings.datasets,
    logPath: log,
    signal: settings.signal,
    timeout: node.resources.time ?? Infinity,
    lookAgain: () => {
      store.askAnew(key);
      const { record, damage } = lookUp(store, key, node);
      return isForced(reason) || damage !== null ? null : record;
    },
    onProgress: (progress) => listen({ type: "node-progress", node: node.id, progress }),
    onLog: (message) => listen({ type: "node-log", node: node.id, message }),
  }, async (outputs, peakMemory) => {
    const record: StageRecord = {
      version: 1,
      key,
      fingerprint,
      outputs,
      made: {
        run: settings.id,
        node: node.id,
        bundle: node.code.bundle,
        started: startedAt,
        milliseconds: Math.round(performance.now() - started),
        peakMemory,
        threads: share.most,
        deno: Deno.version.deno,
        platform: Deno.build.target,
      },
    };
    const divergence = await divergenceOf(store, record);
    if (divergence !== null) keepDivergence(divergence);
    store.writeRecord(record);
  });
}
