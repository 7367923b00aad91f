/** One stage run: a process from its start to outputs in the store, or to the reason why there are none. */
import { formatDuration } from "../config/units.ts";
import { ownJob } from "../executors/slurm/self.ts";
import { ensurePackages, PackagesError } from "../executors/packages.ts";
import { ReplyError, spawn, type StageProcess } from "../executors/process.ts";
import type { Job } from "../host/protocol.ts";
import type { Digest, Key, Node } from "../plan/plan.ts";
import type { Progress } from "../stage.ts";
import { isWholeBundle } from "../store/bundles.ts";
import { StoreError } from "../store/files.ts";
import { holderName } from "../store/holder.ts";
import { ObjectError } from "../store/info.ts";
import type { Store } from "../store/local.ts";
import { acquire } from "../store/locks.ts";
import type { Fingerprint, StageRecord } from "../store/store.ts";
import { checkManifest, OutputError } from "../tensor/declared.ts";
import { DamagedError } from "../tensor/files.ts";
import { verifyArtifact } from "../tensor/read.ts";
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
/** Characters of what a stage logs that are told as it happens; all of it stands in its log. */
const MOST_SAID = 1024 * 1024;
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
    return await locked(store, work, (sign) => attempt(store, work, scratch.path, keep, sign));
  } catch (error) {
    if (work.signal.aborted) return { type: "cancelled" };
    return { type: "failed", failure: ourFailure(error) };
  } finally {
    scratch.remove();
  }
}

/**
 * Does it while the locks of its key and of its trajectory are held, unless another run has made the result meanwhile.
 * This engine holds them, and so they are free when it is gone.
 */
async function locked(
  store: Store,
  work: Work,
  attempt: (sign: (pid: number) => void) => Promise<Ending>,
): Promise<Ending> {
  const job = ownJob();
  const own = { run: work.run, ...job, host: job.host ?? hostName(), engine: Deno.pid };
  const take = async (path: string, why: string) => {
    for (;;) {
      const lock = await acquire(path, work.signal, (holder) => {
        const name = holder === null ? "another run" : holderName(holder);
        work.onLog(`Waits for ${name}, which ${why}`);
      });
      const { before } = lock;
      if (before === null || !await runsElsewhere(before)) {
        lock.sign({ ...own, pid: null });
        return lock;
      }
      // A job on another host, which this host's lock does not keep out.
      lock.leave();
      work.onLog(`Waits for ${holderName(before)}, which ${why}`);
      await waitFor(before, work.signal);
    }
  };
  const lock = await take(store.lockPath(work.key), "is making the same");
  try {
    const way = await take(
      store.progress(work.trajectory).lock,
      "goes the same way, to go on from where that ends",
    );
    try {
      const record = work.lookAgain();
      if (record !== null) return { type: "found", record };
      return await attempt((pid) => {
        for (const one of [lock, way]) one.sign({ ...own, pid });
      });
    } finally {
      way.release();
    }
  } finally {
    lock.release();
  }
}

async function attempt(
  store: Store,
  work: Work,
  scratch: string,
  keep: Keep,
  sign: (pid: number) => void,
): Promise<Ending> {
  const { node, signal } = work;
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
  const { folder } = store.progress(work.trajectory);
  const process = spawn({
    bundle,
    read: [
      scratch,
      folder,
      ...new Set(Object.values(work.inputs).flat().map(({ folder }) => folder)),
      ...Object.values(node.kernels).map(({ path }) => path),
      ...node.description.datasets ? work.datasets : [],
    ],
    write: [scratch, folder],
    net: node.description.hosts,
    memory: node.memory,
    log: work.logPath,
  });
  sign(process.pid);
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
  if (work.timeout < LONGEST) timers.push(setTimeout(late, work.timeout));
  if (signal.aborted) process.kill();
  signal.addEventListener("abort", stop, { once: true });
  const end = async () => {
    await process.close();
    process.kill();
    await process.ended;
  };
  try {
    const answer = await converse(process, store, work, scratch);
    if (answer.type === "done") {
      const peakMemory = await peakOf(process.pid);
      // Nobody writes to the outputs any more when they are looked at.
      await end();
      await putOutputs(store, node, scratch, answer.outputs);
      await keep(answer.outputs, peakMemory);
      return answer;
    }
    if (signal.aborted) return { type: "cancelled" };
    return isLate ? { type: "failed", failure: tookTooLong(work.timeout) } : answer;
  } finally {
    signal.removeEventListener("abort", stop);
    for (const timer of timers) clearTimeout(timer);
    await end();
  }
}

/** Talks to the process until it has an answer. */
async function converse(
  process: StageProcess,
  store: Store,
  work: Work,
  scratch: string,
): Promise<Extract<Ending, { readonly type: "done" | "failed" }>> {
  const { node } = work;
  const job: Job = {
    params: node.params,
    seed: node.seed,
    inputs: work.inputs,
    scratch,
    kernels: node.kernels,
    datasets: work.datasets,
    threads: work.share.threads,
    progress: {
      trajectory: work.trajectory,
      folder: store.progress(work.trajectory).folder,
      anew: work.anew,
    },
    profile: null,
  };
  // Where the process cannot take it, it has ended, and its end says why.
  const sent = process.send({ type: "run", job }).catch(() => {});
  work.share.follow((threads) => process.send({ type: "threads", threads }).catch(() => {}));
  await sent;
  let said = 0;
  for await (const reply of process.replies()) {
    switch (reply.type) {
      case "progress":
        work.onProgress(reply.progress);
        break;
      case "log":
        if (said > MOST_SAID) break;
        said += reply.message.length + 1;
        work.onLog(said > MOST_SAID ? "Says more, which stands in its log alone" : reply.message);
        break;
      case "failed":
        return reply;
      case "done":
        return reply;
      case "profiled":
      case "described":
      case "checked":
        throw new ReplyError(`it answers "${reply.type}", which nobody asked for`);
      default:
        reply satisfies never;
    }
  }
  const status = await process.ended;
  return { type: "failed", failure: endOf(status, process.tail()) };
}

/** Puts what a stage says that it has made into the store: what was declared, all of it, and nothing else. */
async function putOutputs(
  store: Store,
  { description }: Node,
  scratch: string,
  outputs: Readonly<Record<string, Digest>>,
): Promise<void> {
  const stray = Object.keys(outputs).find((name) => !Object.hasOwn(description.outputs, name));
  if (stray !== undefined) {
    throw new OutputError(`The stage made an output "${stray}", which it does not declare`);
  }
  for (const [name, type] of Object.entries(description.outputs)) {
    const digest = outputs[name];
    if (digest === undefined) throw new OutputError(`The stage did not make its output "${name}"`);
    await store.put(`${scratch}/${name}`, digest, async (folder, digest) => {
      const info = await verifyArtifact(folder, digest);
      checkManifest(name, type, info.manifest);
      return info;
    });
  }
}

/** Null where it may not be asked for. */
function hostName(): string | null {
  try {
    return Deno.hostname();
  } catch {
    return null;
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
  if (error instanceof ReplyError) {
    return {
      type: "bad-output",
      message: `The stage process is not to be believed: ${message}`,
      ...stack,
    };
  }
  const isBadOutput = error instanceof ObjectError || error instanceof DamagedError ||
    error instanceof OutputError;
  if (isBadOutput) return { type: "bad-output", message, ...stack };
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
