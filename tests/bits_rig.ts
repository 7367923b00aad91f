/** Does a run's stage processes once more in another engine: another compiler, or another processor. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { environment, flags } from "../pipelines/executors/process.ts";
import { type Job, type Reply, type Request, TOKEN } from "../pipelines/host/protocol.ts";
import { buildKernels } from "../kernels/build.ts";
import type { Digest } from "../pipelines/plan/plan.ts";
import { Store } from "../pipelines/store/local.ts";
import type { StageRecord } from "../pipelines/store/store.ts";
import { CONFIGS } from "./golden.ts";
import { isThere, ROOT, Workplace } from "./rig.ts";

/** What runs the stage processes. */
export interface Engine {
  /** The command before Deno's own arguments; default: this Deno. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of V8 beside our own. */
  readonly v8?: readonly string[];
  /** Threads that a stage may use; default: 1. */
  readonly threads?: number;
}

/** A finished run of tiny.yaml, whose processes can be done again. */
export async function tinyRun(): Promise<Workplace> {
  const place = await Workplace.here();
  await place.run([CONFIGS.tiny]);
  return place;
}

/** The newest run's stage records by node, without the page, which no result depends on. */
function records(store: Store): [string, StageRecord][] {
  const [run] = store.readRuns();
  assert.ok(run, "there was a run");
  return run.nodes.flatMap(({ node, key }) => {
    if (node === "report") return [];
    assert.ok(key, `"${node}" has a key`);
    const record = store.readRecord(key);
    assert.ok(record, `"${node}" has a record`);
    return [[node, record]];
  });
}

/**
 * Runs the stored bundle of each node that `wanted` names, on the stored inputs, in a process of this
 * engine. Answers digests by `node.output`, as tests/golden.json has them; the store stays as it is.
 */
export async function again(
  place: Workplace,
  engine: Engine,
  wanted: (node: string) => boolean = () => true,
): Promise<Record<string, string>> {
  const store = new Store(place.store);
  const built = Object.entries(await buildKernels(`${store.root}/cache/kernels`));
  const found: Record<string, string> = {};
  for (const [node, record] of records(store)) {
    if (!wanted(node)) continue;
    const { fingerprint: { params, seed, inputs, kernels }, key } = record;
    const folders = Object.entries(inputs).map(([name, given]) =>
      [
        name,
        given.map(({ name = "", digest }) => ({
          name,
          digest,
          folder: store.objectFolder(digest),
        })),
      ] as const
    );
    const job: Job = {
      params,
      seed,
      inputs: Object.fromEntries(folders),
      scratch: await Deno.makeTempDir({ dir: place.folder }),
      kernels: Object.fromEntries(
        Object.entries(kernels).map(([family, digest]) => {
          const kernel = built.find(([name, one]) => name === family && one.digest === digest);
          assert.ok(kernel, `kernels "${family}" are built as they were`);
          return [family, { path: kernel[1].path, digest }];
        }),
      ),
      datasets: [],
      threads: engine.threads ?? 1,
      // Its own, so that nothing is gone on from.
      progress: {
        trajectory: key as string as Digest, // any digest names a folder
        folder: await Deno.makeTempDir({ dir: place.folder }),
        anew: true,
      },
      profile: null,
    };
    for (const [output, digest] of Object.entries(await outputs(store, record, job, engine))) {
      found[`${node}.${output}`] = digest;
    }
  }
  return found;
}

async function outputs(
  store: Store,
  record: StageRecord,
  job: Job,
  engine: Engine,
): Promise<Readonly<Record<string, string>>> {
  const [program = "", ...before] = engine.command ?? [Deno.execPath()];
  const given = flags({
    bundle: store.bundleFolder(record.made.bundle),
    read: [store.root, job.scratch, job.progress.folder],
    write: [job.scratch, job.progress.folder],
  }).map((flag) => flag.startsWith("--v8-flags=") ? [flag, ...engine.v8 ?? []].join(",") : flag);
  const process = new Deno.Command(program, {
    args: [...before, ...given],
    clearEnv: true,
    env: { ...environment(), ...engine.env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(process.stderr).text();
  const stdin = process.stdin.getWriter();
  const send = (request: Request) =>
    stdin.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
  const token = "0".repeat(TOKEN);
  await stdin.write(new TextEncoder().encode(`${token}\n`));
  await send({ type: "run", job });
  // A process ends at the end of its input, so that stays open until it has answered.
  let rest = "", done: (Reply & { type: "done" }) | undefined;
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith(token)) continue;
      const reply = JSON.parse(line.slice(TOKEN)) as Reply; // so it begins
      if (reply.type === "done") done = reply;
      if (reply.type === "done" || reply.type === "failed") await stdin.close();
      if (reply.type === "failed") assert.fail(`${record.made.node}: ${reply.failure.message}`);
    }
  }
  await process.status;
  assert.ok(done, `${record.made.node} gave no result: ${(await stderr).slice(-2000)}`);
  return done.outputs;
}

/** The newest Deno for 64-bit Arm that npm has, and what its program's SHA-256 must be. */
const ARM = {
  package: "@deno/linux-arm64-glibc@2.9.5",
  sha256: "e1a70c5eb03b0ebaf761077029ef86b9ba22d50e2b54ca45ce5437457f701b63",
} as const;
/** Debian's packages `qemu-user`, `libc6-arm64-cross` and `libgcc-s1-arm64-cross`. */
const QEMU = "qemu-aarch64", LIBRARIES = "/usr/aarch64-linux-gnu";

/** Deno's Arm build under an emulator; or what is missing for it. */
export async function arm(): Promise<Engine | string> {
  if (Deno.build.arch === "aarch64") return {};
  if (!await succeeds(QEMU, "--version") || !isThere(LIBRARIES)) {
    return "qemu-user with libc6-arm64-cross";
  }
  const folder = join(ROOT, "artifacts", "cache", "arm"), program = join(folder, "package", "deno");
  if (!isThere(program)) {
    await Deno.mkdir(folder, { recursive: true });
    const there = await succeeds(
      "npm",
      "pack",
      "--silent",
      "--pack-destination",
      folder,
      ARM.package,
    );
    const name = [...Deno.readDirSync(folder)].find((entry) => entry.name.endsWith(".tgz"))?.name;
    if (!there || name === undefined) return `npm's package ${ARM.package}`;
    assert.ok(await succeeds("tar", "-xzf", join(folder, name), "-C", folder), "it unpacks");
    await Deno.remove(join(folder, name));
  }
  // Packages of that processor, which a stage process would look for.
  const target = ["install", "--quiet", "--frozen", "--os", "linux", "--arch", "arm64"];
  assert.ok(await succeeds(Deno.execPath(), ...target), "its packages are there");
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(program));
  assert.equal(new Uint8Array(digest).toHex(), ARM.sha256, `${program} is what was pinned`);
  return { command: [QEMU, program], env: { QEMU_LD_PREFIX: LIBRARIES } };
}

async function succeeds(program: string, ...args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args: [...args],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}
