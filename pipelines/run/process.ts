/** One stage run: a process from its start to outputs in the store, or to the reason why there are none. */
import { ownJob } from "../executors/slurm/self.ts";
import { ensurePackages } from "../executors/packages.ts";
import { ReplyError } from "../executors/output.ts";
import { spawn, type StageProcess } from "../executors/process.ts";
import type { Job } from "../host/protocol.ts";
import type { Digest, Key, Node } from "../plan/plan.ts";
import type { Progress } from "../stage.ts";
import { isWholeBundle } from "../store/bundles.ts";
import type { Store } from "../store/local.ts";
import type { Fingerprint, StageRecord } from "../store/store.ts";
import { checkManifest, OutputError } from "../tensor/declared.ts";
import { verifyArtifact } from "../tensor/read.ts";
import type { Failure } from "./event.ts";
import { whileLocked } from "./exclusive.ts";
import { endOf, ourFailure, tookTooLong } from "./failure.ts";
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
  /** The most CPU threads that it may be given. */
  readonly mostThreads: number;
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
    return await whileLocked(store, work, (sign) => {
      // Another run may have made it meanwhile.
      const record = work.lookAgain();
      return record === null
        ? attempt(store, work, scratch.path, keep, sign)
        : Promise.resolve({ type: "found", record } as const);
    });
  } catch (error) {
    if (work.signal.aborted) return { type: "cancelled" };
    return { type: "failed", failure: ourFailure(error) };
  } finally {
    scratch.remove();
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
    scratch,
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
    threads: work.mostThreads - 1,
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
