/** Crisol's side of the bench, in the words of bench/peers/protocol.py: `deno run -A bench/crisol.ts THREADS`. */
import { createWasmTrainer } from "../models/create.ts";
import { inMemory, scalingTable } from "../models/examples.ts";
import { evaluateAll } from "../models/loop.ts";
import type { Examples } from "../models/trainer.ts";
import { stream } from "../numerics/random.ts";
import { modulesOf, settingsOf } from "./networks.ts";
import type { Workload } from "./workloads.ts";

const WARM_UP = { train: 20, evaluate: 1 };
const threads = Number(Deno.args[0]);
if (!Number.isInteger(threads) || threads < 1) {
  throw new Error(`Cannot use ${Deno.args[0]} threads: a whole number from 1 is wanted`);
}

/** Does so many steps. */
type Steps = (count: number) => Promise<void>;

async function prepare(workload: Workload): Promise<Steps> {
  const settings = settingsOf(workload.network, workload.batch);
  const trainer = createWasmTrainer(settings, await modulesOf(settings), () => threads);
  const examples: Examples = {
    pixels: await Deno.readFile(workload.images),
    shape: workload.shape,
    table: scalingTable({ subtract: 0, divide: 255 }),
    labels: Int32Array.from(await Deno.readFile(workload.labels)),
  };
  if (workload.kind === "evaluate") {
    const source = inMemory(examples);
    return async (count) => {
      for (let i = 0; i < count; i++) await evaluateAll(trainer, source, workload.batch);
    };
  }
  const all = examples.labels.length, order = stream(1, "bench").permutation(all);
  let at = 0;
  return async (count) => {
    for (let i = 0; i < count; i++) {
      if (at + workload.batch > all) at = 0;
      trainer.step({ examples, indices: order.subarray(at, at + workload.batch) }, 0.001);
      at += workload.batch;
      // As the training loop does: threads start in such pauses.
      if (i % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };
}

interface Request {
  readonly do: "prepare" | "run";
  readonly variant: string;
  readonly workload: Workload | string;
  readonly steps?: number;
}

const prepared = new Map<string, Steps>();

async function reply(line: string): Promise<object> {
  const { do: what, workload, steps = 0 } = JSON.parse(line) as Request; // bench/peers.ts writes it
  if (what === "prepare" && typeof workload === "object") {
    const work = await prepare(workload);
    await work(WARM_UP[workload.kind]);
    prepared.set(workload.name, work);
    return { ok: true };
  }
  const work = typeof workload === "string" ? prepared.get(workload) : undefined;
  if (what !== "run" || work === undefined || steps < 1) {
    throw new Error(`Cannot do ${line}: prepare, or steps of what is prepared, are wanted`);
  }
  const start = performance.now();
  await work(steps);
  return { ms: (performance.now() - start) / steps };
}

const versions = `Deno ${Deno.version.deno}, ${threads} thread${threads === 1 ? "" : "s"}`;
console.log(JSON.stringify({ ready: { name: "Crisol", versions, variants: ["wasm"] } }));
let pending = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (pending + text).split("\n");
  pending = lines.pop() ?? "";
  for (const line of lines) {
    const answer = await reply(line).catch((error: Error) => ({ error: error.message })); // ours throw Errors
    console.log(JSON.stringify(answer));
  }
}
Deno.exit(0); // threads that wait for work would keep the process
