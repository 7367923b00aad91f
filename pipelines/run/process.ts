/** One stage run: a process from its start to outputs in the store, or to the reason why there are none. */
import { formatDuration } from "../config/units.ts";
import { ownJob } from "../executors/slurm/self.ts";
import { ensurePackages, PackagesError } from "../executors/packages.ts";
import { spawn, type StageProcess } from "../executors/process.ts";
import type { Job } from "../host/protocol.ts";
import type { Digest, Key, Node } from "../plan/plan.ts";
import type { Progress } from "../stage.ts";
import { isWholeBundle } from "../store/bundles.ts";
import { removeQuietly, StoreError } from "../store/files.ts";
import { type Holder, holderName } from "../store/holder.ts";
import { ObjectError } from "../store/info.ts";
import type { Store } from "../store/local.ts";
import type { Fingerprint, StageRecord } from "../store/store.ts";
import { runsElsewhere, waitFor } from "./elsewhere.ts";
import type { Failure } from "./event.ts";
import type { Share } from "./share.ts";

export interface Work {
  readonly node: Node;
  /** Id of the run. */
  readonly run: string;
  readonly key: Key;
  /** What names its checkpoints. */
  readonly trajectory: Digest;
  /** Starts from nothing, whatever checkpoints there are. */
  readonly anew: boolean;
  readonly inputs: Job["inputs"];
  /** Its threads, which may change while it runs. */
  readonly share: Share;
  readonly datasets: readonly string[];
  readonly logPath: string;
  readonly signal: AbortSignal;
  /** Milliseconds that it may take once its lock is held; Infinity: any. */
  readonly timeout: number;
  /** A result that another run has made meanwhile, looked for once the lock is held. */
  readonly lookAgain: () => StageRecord | null;
  readonly onProgress: (progress: Progress) => void;
  readonly onLog: (message: string) => void;
}

export type Ending =
  | {
    readonly type: "done";
    readonly outputs: Readonly<Record<string, Digest>>;
  }
  /** Somebody else made it. */
  | { readonly type: "found"; readonly record: StageRecord }
  | { readonly type: "failed"; readonly failure: Failure }
  | { readonly type: "cancelled" };

/** Where a process finds its inputs. */
export function jobInputs(inputs: Fingerprint["inputs"], store: Store): Job["inputs"] {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, all]) => [
      name,
      all.map((one) => ({
        name: one.name ?? "",
        digest: one.digest,
        folder: store.objectFolder(one.digest),
      })),
    ]),
  );
}

/**
 * A process that was asked to stop is ended after so many milliseconds: time to save where it stands. Of half a minute
 * that Slurm gives a job the rest is for the engine.
 */
const GRACE = 2000, SLURM_GRACE = 20_000;
/** What a timer can count, in milliseconds: 24 days. */
const LONGEST = 2 ** 31;

/** Writes the record, while the lock is still held. */
export type Keep = (
  outputs: Readonly<Record<string, Digest>>,
  peakMemory: number | null,
) => Promise<void>;

export async function runStage(store: Store, work: Work, keep: Keep): Promise<Ending> {
  const scratch = store.scratch();
  try {
    for (;;) {
      const ending = await attempt(store, work, scratch, keep);
      if (ending.type !== "held") return ending;
      work.onLog(`Waits for ${holderName(ending.by)}, which is making the same`);
      await waitFor(ending.by, work.signal);
    }
  } catch (error) {
    if (work.signal.aborted) return { type: "cancelled" };
    return { type: "failed", failure: ourFailure(error) };
  } finally {
    removeQuietly(scratch);
  }
}

/** A job on another host makes the same, and this host's lock does not keep it out. */
interface Held {
  readonly type: "held";
  readonly by: Holder;
}

async function attempt(
  store: Store,
  work: Work,
  scratch: string,
  keep: Keep,
): Promise<Ending | Held> {
  const { node, key, signal } = work;
  const bundle = store.bundleFolder(node.code.bundle);
  // A record must not name code that is not what ran.
  if (!await isWholeBundle(bundle, node.code.bundle)) {
    return {
      type: "failed",
      failure: {
        type: "damaged",
        message: `The code of "${node.id}" in "${bundle}" is not what was put there`,
        help: "run again: it is put there anew",
        folder: bundle,
      },
    };
  }
  await ensurePackages(bundle, store.root);
  const lock = store.lockPath(key);
  const progress = store.progress(work.trajectory);
  const process = spawn({
    bundle,
    read: [
      scratch,
      lock,
      progress.folder,
      progress.lock,
      ...new Set(Object.values(work.inputs).flat().map(({ folder }) => folder)),
      ...Object.values(node.kernels).map(({ path }) => path),
      ...node.description.datasets ? work.datasets : [],
    ],
    write: [scratch, lock, progress.folder, progress.lock],
    net: node.description.hosts,
    memory: node.memory,
    log: work.logPath,
  });
  let isLate = false;
  const timers: ReturnType<typeof setTimeout>[] = [];
  const stop = () => {
    process.send({ type: "cancel" }).catch(() => {});
    const grace = ownJob().slurm === null ? GRACE : SLURM_GRACE;
    timers.push(setTimeout(() => process.kill(), grace));
  };
  const late = () => {
    isLate = true;
    stop();
  };
  // Not before: until then it waits for another run, which may be long.
  const onLocked = () => {
    if (work.timeout < LONGEST) timers.push(setTimeout(late, work.timeout));
  };
  if (signal.aborted) process.kill();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const ending = await converse(process, store, work, scratch, lock, onLocked, keep);
    if (ending.type !== "failed") return ending;
    if (signal.aborted) return { type: "cancelled" };
    return isLate ? { type: "failed", failure: tookTooLong(work.timeout) } : ending;
  } finally {
    signal.removeEventListener("abort", stop);
    for (const timer of timers) clearTimeout(timer);
    await process.close();
    process.kill();
    await process.ended;
  }
}

async function converse(
  process: StageProcess,
  store: Store,
  work: Work,
  scratch: string,
  lock: string,
  onLocked: () => void,
  keep: Keep,
): Promise<Ending | Held> {
  const { node, key } = work;
  const job: Job = {
    holder: { run: work.run, ...ownJob() },
    key,
    params: node.params,
    seed: node.seed,
    inputs: work.inputs,
    scratch,
    lock,
    kernels: node.kernels,
    datasets: work.datasets,
    threads: work.share.threads,
    progress: {
      trajectory: work.trajectory,
      anew: work.anew,
      ...store.progress(work.trajectory),
    },
    profile: null,
  };
  // Where the process cannot take it, it has ended, and its end says why.
  const sent = process.send({ type: "run", job }).catch(() => {});
  work.share.follow((threads) => process.send({ type: "threads", threads }).catch(() => {}));
  await sent;
  for await (const reply of process.replies()) {
    switch (reply.type) {
      case "locked": {
        const { before } = reply;
        if (before !== null && await runsElsewhere(before)) return { type: "held", by: before };
        const record = work.lookAgain();
        if (record !== null) return { type: "found", record };
        onLocked();
        await process.send({ type: "go" }).catch(() => {});
        break;
      }
      case "progress":
        work.onProgress(reply.progress);
        break;
      case "log":
        work.onLog(reply.message);
        break;
      case "failed":
        return { type: "failed", failure: reply.failure };
      case "done": {
        const peakMemory = peakOf(process.pid);
        // The lock is still held: the process ends only after its outputs and its record are there.
        for (const [name, digest] of Object.entries(reply.outputs)) {
          await store.put(`${scratch}/${name}`, digest);
        }
        await keep(reply.outputs, await peakMemory);
        forgetHolder(lock);
        return { type: "done", outputs: reply.outputs };
      }
      case "profiled":
      case "described":
      case "checked":
        break;
      default:
        reply satisfies never;
    }
  }
  const status = await process.ended;
  if (status.signal !== null && TERMINAL.includes(status.signal)) await heard(work.signal);
  return { type: "failed", failure: endOf(status, process.tail()) };
}

/** What a terminal sends to all processes of its group: a stage that has only just begun it ends. */
const TERMINAL: readonly string[] = ["SIGINT", "SIGHUP"];

/** Waits a moment for the engine to hear of what has ended a stage already. */
async function heard(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 500);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}

/** The run has ended well, so that nobody has to ask for it. */
function forgetHolder(lock: string): void {
  try {
    Deno.truncateSync(lock);
  } catch {
    // Then somebody asks for it, and hears that it is over.
  }
}

function tookTooLong(milliseconds: number): Failure {
  return {
    type: "timeout",
    message: `The stage took longer than ${formatDuration(milliseconds)}, which is all that it may`,
    help: "give it more by `resources: { time }` (of a sweep, by `timeout`), or let it do less; " +
      "a training goes on from its last checkpoint when it is run again",
  };
}

/** Why a process ended without an answer. */
export function endOf(status: Deno.CommandStatus, tail: string): Failure {
  if (/^.*\bFatal\b.*out of memory|Reached heap limit/im.test(tail)) {
    return {
      type: "out-of-memory",
      message: "The stage ran out of memory",
      help: "its `check` says how much it needs: `resources: { memory }`, in bytes",
    };
  }
  if (status.signal !== null) {
    return {
      type: "killed",
      message: `The stage process was killed by ${status.signal}`,
      ...(status.signal === "SIGKILL"
        ? { help: "the system does so when memory runs out: try fewer --jobs" }
        : {}),
    };
  }
  const error = tail.split("\n").map((line) => line.trim())
    .find((line) => /^error:/i.test(line));
  return {
    type: "exited",
    message: `The stage process ended with code ${status.code} and gave no result` +
      (error === undefined ? "" : `: ${error.replace(/^error:\s*/, "")}`),
  };
}

/** What went wrong outside of the stage process. */
export function ourFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
  if (error instanceof StoreError) return { type: "store", message, help: error.help, ...stack };
  if (error instanceof ObjectError) return { type: "bad-output", message, ...stack };
  if (error instanceof PackagesError) {
    return {
      type: "start",
      message,
      help: "`deno install` fetches what deno.lock names",
      ...stack,
    };
  }
  return { type: "start", message, ...stack };
}

/** The most memory that a process has had, in bytes, where the system tells. */
async function peakOf(pid: number): Promise<number | null> {
  if (Deno.build.os !== "linux") return null;
  try {
    // Deno itself reads this file only with the right to everything.
    const command = new Deno.Command("cat", { args: [`/proc/${pid}/status`], stderr: "null" });
    const { stdout } = await command.output();
    const found = /VmHWM:\s+(\d+) kB/.exec(new TextDecoder().decode(stdout))?.[1];
    return found === undefined ? null : Number(found) * 1024;
  } catch {
    return null;
  }
}
