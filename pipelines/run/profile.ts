/** Times steps of a stage, in the process that a run would give it, and keeps nothing of what it makes. */
import { cpus } from "node:os";
import { ensurePackages } from "../executors/packages.ts";
import { spawn } from "../executors/process.ts";
import type { Job } from "../host/protocol.ts";
import { type Done, fingerprintOf } from "../plan/fingerprint.ts";
import type { Digest, Node } from "../plan/plan.ts";
import type { StepProfile } from "../stage.ts";
import { isWholeBundle } from "../store/bundles.ts";
import { StoreError } from "../store/files.ts";
import { keyOf, type Store } from "../store/local.ts";
import type { Profile } from "../store/profiles.ts";
import type { Failure } from "./event.ts";
import { endOf } from "./failure.ts";
import { jobInputs } from "./process.ts";
import { traced } from "./trace.ts";

/** `done`: what feeds the node. */
export async function profileNode(
  node: Node,
  store: Store,
  done: Done,
  steps: number,
): Promise<Profile | Failure> {
  const fingerprint = fingerprintOf(node, done);
  const key = await keyOf(fingerprint);
  const started = new Date().toISOString();
  const bundle = store.bundleFolder(node.code.bundle);
  if (!await isWholeBundle(bundle, node.code.bundle)) {
    throw new StoreError(
      `The code of "${node.id}" in "${bundle}" is not what was put there`,
      "delete this folder: the next command puts it there again",
    );
  }
  await ensurePackages(bundle, store.root);
  const scratch = store.scratch();
  try {
    const job: Job = {
      params: node.params,
      seed: node.seed,
      inputs: jobInputs(fingerprint.inputs, store),
      scratch: scratch.path,
      kernels: node.kernels,
      datasets: [],
      threads: 1,
      progress: {
        // Its own, in scratch: it touches no run's checkpoints, and none is written under this name.
        trajectory: key as string as Digest,
        folder: `${scratch.path}/progress`,
        anew: false,
      },
      profile: { steps },
    };
    const answer = await ask(node, job, bundle);
    if ("type" in answer) return traced(answer, bundle);
    return { version: 1, node: node.id, key, started, ...machine(), ...answer };
  } finally {
    scratch.remove();
  }
}

async function ask(node: Node, job: Job, bundle: string): Promise<StepProfile | Failure> {
  const process = spawn({
    bundle,
    scratch: job.scratch,
    read: [
      job.scratch,
      ...new Set(Object.values(job.inputs).flat().map(({ folder }) => folder)),
      ...Object.values(node.kernels).map(({ path }) => path),
    ],
    write: [job.scratch],
    net: node.description.hosts,
    memory: node.memory,
  });
  try {
    // Where the process cannot take it, it has ended, and its end says why.
    await process.send({ type: "run", job }).catch(() => {});
    for await (const reply of process.replies()) {
      if (reply.type === "failed") return reply.failure;
      if (reply.type === "profiled") return reply.profile;
    }
    return endOf(await process.ended, process.tail());
  } finally {
    await process.close();
    process.kill();
    await process.ended;
  }
}

function machine(): Pick<Profile, "machine" | "threads" | "deno"> {
  const all = cpus();
  const cores = `${all.length} ${all.length === 1 ? "core" : "cores"}`;
  const model = all[0]?.model.trim() ?? "";
  return {
    machine: [...model === "" ? [] : [model], cores, Deno.build.target].join(", "),
    threads: 1,
    deno: Deno.version.deno,
  };
}
