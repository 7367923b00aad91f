/** Inside the stage process: answers the engine, runs the stage, ends when its standard input does. */
import { guardWorld } from "./guard.ts";
import { primordials } from "./primordials.ts";
import type { Json, JsonObject, Progress, Stage, StepProfile } from "../stage.ts";
import type { Description, Digest } from "../plan/plan.ts";
import { createContext } from "./context.ts";
import { end, input, reply } from "./channel.ts";
import { failureOf } from "./failure.ts";
import { paramIssues } from "./issues.ts";
import type { Job, Reply, Request } from "./protocol.ts";

const { addSignalListener, now, os } = primordials;

/** Signals of a terminal: a stage ends by the engine's word, so that it can save where it stands. */
const TERMINAL: readonly Deno.Signal[] = os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGHUP"];

/** A bundle's last line calls this. */
export async function serve(stage: Stage): Promise<void> {
  if (!isStage(stage)) {
    throw new Error("its default export is no stage: wanted `export default defineStage({ ... })`");
  }
  guardWorld();
  // A terminal sends these to all its processes; the engine says what is to be done.
  for (const name of TERMINAL) addSignalListener(name, () => {});
  const abort = new AbortController();
  if (os !== "windows") {
    // A cluster sends it to all processes of a job that is to end: where a run stands can be saved yet.
    addSignalListener("SIGTERM", () => {
      abort.abort(new Error("The stage process was asked to end by SIGTERM"));
    });
  }
  let threads = 1;
  for await (const request of requests()) {
    switch (request.type) {
      case "describe":
        reply({ type: "described", description: await describe(stage) });
        break;
      case "check":
        reply(check(stage, request));
        break;
      case "run":
        // Not awaited: the engine may cancel, and the end of the input must be seen.
        threads = request.job.threads;
        failOnUncaught(stage.name);
        run(stage, request.job, abort.signal, () => threads).then(reply);
        break;
      case "threads":
        threads = request.threads;
        break;
      case "cancel":
        abort.abort();
        break;
      default:
        request satisfies never;
    }
  }
  end(0);
}

/** What fails where nobody waits for it would end the process with Deno's words alone. */
function failOnUncaught(stage: string): void {
  const fail = (event: Event, error: unknown) => {
    event.preventDefault();
    reply({ type: "failed", failure: failureOf(stage, error) });
    end(1);
  };
  globalThis.addEventListener("error", (event) => fail(event, event.error));
  globalThis.addEventListener("unhandledrejection", (event) => fail(event, event.reason));
}

/** A module's default export is what its author made it. */
function isStage(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return ["params", "inputs", "outputs"].every((name) =>
    typeof Reflect.get(value, name) === "object"
  ) &&
    typeof Reflect.get(value, "run") === "function";
}

async function* requests(): AsyncGenerator<Request> {
  let rest = "";
  for await (const text of input.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as Request; // the engine writes nothing else
  }
}

async function describe(stage: Stage): Promise<Description> {
  const { z } = await import("zod");
  const { name, summary, inputs, outputs, random, datasets, hosts, cells, horizon } = stage;
  const schema = z.toJSONSchema(stage.params, { io: "input", unrepresentable: "any" });
  if (horizon !== undefined && !Object.hasOwn(schema.properties ?? {}, horizon)) {
    throw new Error(`its \`horizon\` is "${horizon}": it has no such param`);
  }
  return {
    name,
    summary,
    params: schema as JsonObject, // a JSON Schema is JSON
    inputs,
    outputs,
    random: random ?? false,
    datasets: datasets ?? false,
    hosts: hosts ?? [],
    cells: cells ?? null,
    horizon: horizon ?? null,
    profiles: stage.profiles ?? false,
  };
}

function check(
  stage: Stage,
  { params: given, inputs, names }: Request & { readonly type: "check" },
): Reply {
  const parsed = stage.params.safeParse(given);
  if (!parsed.success) {
    const issues = paramIssues(parsed.error.issues, given);
    return { type: "checked", params: null, issues, checked: {} };
  }
  const params = parsed.data as Json; // a params schema describes JSON
  const checked = stage.check?.(params, inputs, names) ?? {};
  return { type: "checked", params, issues: checked.issues ?? [], checked };
}

async function run(
  stage: Stage,
  job: Job,
  signal: AbortSignal,
  threads: () => number,
): Promise<Reply> {
  try {
    const voice = createVoice();
    signal.throwIfAborted();
    let profiled: StepProfile | null = null;
    const profile = job.profile === null ? null : {
      steps: job.profile.steps,
      clock: now,
      told: (profile: StepProfile) => void (profiled = profile),
    };
    const { context, writers } = await createContext(stage, job, voice, signal, threads, profile);
    await stage.run(context);
    signal.throwIfAborted();
    if (profile !== null) {
      if (profiled === null) throw new Error("The stage says that it profiles, and told nothing");
      return { type: "profiled", profile: profiled };
    }
    const outputs: Record<string, Digest> = {};
    for (const [name, writer] of writers) {
      outputs[name] = await writer.finish();
      for (const { name: tensor, count } of writer.odd) {
        reply({
          type: "log",
          message:
            `Tensor "${tensor}" of output "${name}" holds values that are not finite: ${count}`,
        });
      }
    }
    return { type: "done", outputs };
  } catch (error) {
    return { type: "failed", failure: failureOf(stage.name, error) };
  }
}

/** At most this often is progress told; the last count always is. */
const EVERY = 100;

function createVoice() {
  let last = -Infinity;
  return {
    progress({ done, total, unit, facts }: Progress) {
      if (!Number.isFinite(done) || !Number.isFinite(total)) {
        throw new TypeError(`Progress is counted in numbers: found ${done} of ${total}`);
      }
      const progress = { done, total, unit, ...facts === undefined ? {} : { facts } };
      const time = now();
      if (time - last < EVERY && progress.done < progress.total) return;
      last = time;
      reply({ type: "progress", progress });
    },
    log(message: string) {
      console.error(message);
      reply({ type: "log", message });
    },
  };
}
