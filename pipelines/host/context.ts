/** From a job to what a stage sees of the world. */
import { openArtifact } from "../tensor/read.ts";
import { GroupWriter } from "../tensor/write.ts";
import type { Context, Gathered, Json, Profiling, Progress, Stage } from "../stage.ts";
import { sha256 } from "../store/canonical.ts";
import { FolderCheckpoints } from "./checkpoints.ts";
import type { Job } from "./protocol.ts";

type AnyContext = Context<Json, Stage["inputs"], Stage["outputs"]>;

export interface Voice {
  progress(progress: Progress): void;
  log(message: string): void;
}

/** Opens the inputs and begins the outputs. */
export async function createContext(
  stage: Stage,
  job: Job,
  voice: Voice,
  signal: AbortSignal,
  threads: () => number,
  profile: Profiling | null,
): Promise<{ readonly context: AnyContext; readonly writers: ReadonlyMap<string, GroupWriter> }> {
  const inputs: Record<string, Gathered["artifact"] | readonly Gathered[]> = {};
  for (const [name, type] of Object.entries(stage.inputs)) {
    const gathered: Gathered[] = [];
    for (const { name: cell, digest, folder } of job.inputs[name] ?? []) {
      gathered.push({ name: cell, artifact: await openArtifact(folder, digest) });
    }
    if (type.arity === "many") inputs[name] = gathered;
    else if (gathered[0] !== undefined) inputs[name] = gathered[0].artifact;
  }
  const writers = new Map(
    Object.entries(stage.outputs).map(([name, type]) => [
      name,
      new GroupWriter(`${job.scratch}/${name}`, name, type),
    ]),
  );
  const checkpoints = new FolderCheckpoints(job.progress, voice.log, signal);
  const context = {
    params: job.params,
    inputs: inputs as AnyContext["inputs"], // the stage's declarations made it
    outputs: Object.fromEntries(writers),
    get seed(): number {
      if (job.seed === null) {
        throw new Error("This stage has no seed: declare `random: true` to get one");
      }
      return job.seed;
    },
    get datasets(): readonly string[] {
      if (stage.datasets !== true) {
        throw new Error("This stage reads no data sets: take what `download` gives as an input");
      }
      return job.datasets;
    },
    get threads(): number {
      return threads();
    },
    signal,
    profile,
    kernel: (family: string) => readKernel(job, family),
    checkpoints,
    checkpointDue: () => checkpoints.due(),
    progress: (progress: Progress) => voice.progress(progress),
    log: (message: string) => voice.log(message),
  };
  return { context, writers };
}

async function readKernel(job: Job, family: string): Promise<Uint8Array<ArrayBuffer>> {
  const kernel = job.kernels[family];
  if (kernel === undefined) {
    throw new Error(`The kernels "${family}" were not asked for: name them in \`check\``);
  }
  const bytes = await Deno.readFile(kernel.path);
  const found = await sha256(bytes);
  if (found !== kernel.digest) {
    throw new Error(
      `"${kernel.path}" is damaged: its SHA-256 is ${found}, wanted ${kernel.digest}; delete it`,
    );
  }
  return bytes;
}
