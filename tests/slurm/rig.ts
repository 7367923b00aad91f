/** A real Slurm on this machine, in a folder and on ports of its own: munge, a controller, three nodes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { SubmissionStanding } from "../../pipelines/submit/standing.ts";
import { allowed, command, needs, type Result, ROOT, type Settings } from "../rig.ts";

/** Milliseconds after which a test gives up to wait. */
const PATIENCE = 90_000;

/** Milliseconds in which what was told to begin soon is left alone. */
const HURRIED = 10_000;

const DAEMONS = ["munged", "slurmctld", "slurmd"];
/** Where Debian puts what only root calls. */
const SYSTEM = "/usr/sbin";

function isInstalled(): boolean {
  try {
    return DAEMONS.every((name) => Deno.statSync(`${SYSTEM}/${name}`).isFile);
  } catch {
    return false;
  }
}

/** For tests that need Slurm, whose daemons need root: skipped, with a line, where they cannot be started. */
export const SLURM = Deno.uid() === 0
  ? needs("Slurm: apt-get install slurm-wlm munge", isInstalled())
  : allowed("root, to start Slurm", false);

/** A condition that comes true in the end. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null> | T | null,
): Promise<T> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > end) assert.fail(`It never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100)); // between two looks
  }
}

/** Nodes n1 and n2 see the store; n3, alone in the partition "blind", sees nothing of it. */
export class Cluster implements AsyncDisposable {
  readonly #daemons: Deno.ChildProcess[] = [];
  /** When tasks were told to begin soon. */
  readonly #hurried = new Map<string, number>();

  private constructor(readonly folder: string, readonly shared: string) {}

  static async start(): Promise<Cluster> {
    const folder = await Deno.makeTempDir({ prefix: "crisol-slurm-" });
    const cluster = new Cluster(folder, join(folder, "shared"));
    for (const name of ["shared", "state", "spool", "run", "log"]) {
      await Deno.mkdir(join(folder, name));
    }
    // Slurm's daemons do not like folders that others may write to.
    await Deno.chmod(folder, 0o755);
    const [key, socket] = [join(folder, "munge.key"), join(folder, "run", "munge.sock")];
    await Deno.writeFile(key, crypto.getRandomValues(new Uint8Array(1024)), { mode: 0o400 });
    cluster.#spawn("munged", [
      "--foreground",
      `--key-file=${key}`,
      `--socket=${socket}`,
      `--pid-file=${join(folder, "run", "munged.pid")}`,
      `--log-file=${join(folder, "log", "munged.log")}`,
      `--seed-file=${join(folder, "run", "munged.seed")}`,
    ]);
    await until("munge answers", () => isThere(socket) || null);
    await Deno.writeTextFile(cluster.config, configuration(folder, socket));
    cluster.#spawn("slurmctld", ["-D"]);
    for (const node of ["n1", "n2"]) cluster.node(node);
    // A folder of its own lies over the store, as where a store is not shared.
    cluster.#spawn("unshare", [
      "--mount",
      "sh",
      "-c",
      `mount -t tmpfs none '${cluster.shared}' && exec ${SYSTEM}/slurmd -D -N n3`,
    ]);
    for (const node of ["n1", "n2", "n3"]) await cluster.isIdle(node);
    return cluster;
  }

  get config(): string {
    return join(this.folder, "slurm.conf");
  }
  get env(): Record<string, string> {
    return { SLURM_CONF: this.config };
  }

  /** Starts the daemon of a node. */
  node(name: string): Deno.ChildProcess {
    return this.#spawn("slurmd", ["-D", "-N", name]);
  }

  async isIdle(node: string): Promise<void> {
    await until(`${node} is idle`, async () => {
      const said = await this.slurm("sinfo", ["--noheader", `--nodes=${node}`, "--format=%T"]);
      return /^idle$/m.test(said) || null;
    });
  }

  #spawn(program: string, args: readonly string[]): Deno.ChildProcess {
    const child = new Deno.Command(DAEMONS.includes(program) ? `${SYSTEM}/${program}` : program, {
      args: [...args],
      env: this.env,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#daemons.push(child);
    return child;
  }

  /** One of Slurm's commands; its standard output, empty where it fails. */
  async slurm(program: string, args: readonly string[]): Promise<string> {
    const { success, stdout } = await new Deno.Command(program, {
      args: [...args],
      env: this.env,
      stdout: "piped",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout) : "";
  }

  /** Requeues a task, and lets it begin again soon: Slurm itself waits two minutes. */
  async again(task: string): Promise<void> {
    await this.slurm("scontrol", ["requeue", task]);
    await until(`${task} begins again soon`, async () => {
      await this.hurry(task);
      return this.#hurried.has(task) || null;
    });
  }
  /** Lets it begin soon, once: in the second of its end a node would take it for what it has just ended. */
  async hurry(task: string): Promise<void> {
    const now = performance.now();
    if (now - (this.#hurried.get(task) ?? -Infinity) < HURRIED) return;
    const waits = await this.slurm("squeue", ["--noheader", `--jobs=${task}`, "--format=%r"]);
    if (waits.trim() !== "BeginTime") return;
    this.#hurried.set(task, now);
    await this.slurm("scontrol", ["update", `job=${task}`, "StartTime=now+3"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.slurm("scancel", ["--user=root"]);
    await until(
      "no job runs",
      async () => (await this.slurm("squeue", ["--noheader"])).trim() === "" || null,
    );
    for (const child of this.#daemons.reverse()) {
      try {
        child.kill("SIGTERM");
      } catch {
        // A test has ended it.
      }
    }
    await Promise.all(this.#daemons.map(({ status }) => status));
    await Deno.remove(this.folder, { recursive: true });
  }
}

function configuration(folder: string, socket: string): string {
  const host = Deno.hostname().split(".")[0];
  const [controller, ...nodes] = freePorts(4);
  return `
ClusterName=crisol
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controller}
AuthType=auth/munge
AuthInfo=socket=${socket}
SlurmUser=root
SlurmdUser=root
# A node has the processors that are written here, whatever this machine has.
SlurmdParameters=config_overrides
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/run/slurmctld.pid
SlurmdPidFile=${folder}/run/slurmd.%n.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
JobCompType=jobcomp/none
ReturnToService=0
KillWait=5
MinJobAge=300
SlurmdTimeout=30
${
    nodes.map((port, index) =>
      `NodeName=n${
        index + 1
      } NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port} CPUs=4 RealMemory=8000 State=UNKNOWN`
    ).join("\n")
  }
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
PartitionName=blind Nodes=n3 State=UP
PartitionName=short Nodes=n1,n2 MaxTime=1 State=UP
`;
}

/** Ports that nobody listens on now. */
function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ port: 0, hostname: "127.0.0.1" }),
  );
  const ports = listeners.map(({ addr }) => addr.transport === "tcp" ? addr.port : 0);
  for (const listener of listeners) listener.close();
  return ports;
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A store on the cluster, and the commands that use it. */
export class Site {
  constructor(readonly cluster: Cluster, readonly name: string, readonly root: string = ROOT) {
    Deno.mkdirSync(join(cluster.shared, name));
  }

  get store(): string {
    return join(this.cluster.shared, this.name, "store");
  }
  get reports(): string {
    return join(this.cluster.shared, this.name, "reports");
  }

  /** Writes a file beside the store. */
  write(path: string, text: string): string {
    const file = join(this.cluster.shared, this.name, path);
    Deno.writeTextFileSync(file, text);
    return file;
  }

  async do(words: readonly string[], settings: Settings = {}): Promise<Result> {
    const publishes = ["run", "submit", "sweep"].includes(words[0] ?? "");
    return await command(this.root, [
      ...words,
      "--store",
      this.store,
      ...publishes ? ["--reports", this.reports] : [],
    ], { ...settings, env: { ...this.cluster.env, ...settings.env } });
  }

  /** Submits, and answers the id; fails the test where it is refused. */
  async submit(words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.do(["submit", ...words]);
    assert.equal(code, 0, stderr);
    const id = /^submitted (\S+):/.exec(stdout)?.[1];
    assert.ok(id, stdout);
    return id;
  }

  async status(id: string): Promise<SubmissionStanding> {
    const { code, stdout, stderr } = await this.do(["status", id, "--json"]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as SubmissionStanding; // the command prints this alone
  }

  /** Waits until nothing of it runs any more. */
  async over(id: string): Promise<SubmissionStanding> {
    let last = "";
    return await until(`${id} is over`, async () => {
      const standing = await this.status(id);
      last = JSON.stringify(standing.arrays);
      return standing.isOver ? standing : null;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${last}`);
    });
  }
}
